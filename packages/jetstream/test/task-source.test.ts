import { contextFromHeaders, type DeadLetter, type Mail } from '@troupe/protocol';
import { describeTaskSource, type TaskSourceFixture } from '@troupe/testing';
import { createTaskQueue, elapse, POOL } from './support/task-queue.ts';

async function setup(): Promise<TaskSourceFixture> {
  // renewed three times, with room for a pause of the machine
  const queue = await createTaskQueue({}, 2_500);
  const { nc, publisher, subjects } = queue;
  return {
    source: queue.source(),
    other: queue.source(),
    send: (cls, message, context) => queue.send(cls, message, context),
    async signal(body) {
      nc.publish(subjects.signal(POOL), JSON.stringify(body));
      await nc.flush();
    },
    async commit(of, root, ended) {
      const text = JSON.stringify({ v: 1, w: 'w.1', s: root, fx: [], in: [], nx: {}, ...(ended ? { ttl: 60 } : {}) });
      await publisher.publish(subjects.state(of), text, ended ? { ttlMs: 60_000 } : {});
    },
    async mail() {
      return (await queue.stored(subjects.streams.mail)).map((message) => {
        const { to, from } = subjects.parseMail(message.subject)!;
        const { type, body } = message.json<Mail>();
        return { to, sender: from, type, body, context: contextFromHeaders(Object.entries(message.headers)) };
      });
    },
    dead: async () => (await queue.stored(subjects.streams.dead)).map((message) => message.json<DeadLetter>()),
    async elapse(ms) {
      await elapse(ms);
      // after a pause of the machine this timer would be earlier than what the server has sent meanwhile
      await nc.flush();
      await elapse(20);
    },
    async close() {
      await queue[Symbol.asyncDispose]();
    },
  };
}

describeTaskSource(setup, { name: 'on a stream' });
