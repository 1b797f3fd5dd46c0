import type { Context, QueueClass, TaskMessage } from '@troupe/protocol';
import { createMemoryBroker, describeTaskSource, type SentMail, type TaskSourceFixture } from '@troupe/testing';

async function setup(): Promise<TaskSourceFixture> {
  const broker = createMemoryBroker({ taskAckWaitMs: 1_000 });
  const { clock } = broker;
  const post = broker.process('post');
  const letters: SentMail[] = [];
  post.serve(['operation', 'task'], ({ to, message, ack }) => {
    letters.push({ to, sender: message.sender, type: message.type, body: message.body, context: message.context });
    ack();
  });
  const outbox = post.effects;
  let sent = 0;
  return {
    source: broker.process('worker-1').taskSource('p'),
    other: broker.process('worker-2').taskSource('p'),
    async send(cls: QueueClass, message: TaskMessage, context: Context = {}) {
      broker.tasks.push(`sent.${sent++}`, cls, 'p', message, context);
    },
    async signal(body) {
      outbox.tell([{ type: 'signal', pool: 'p', body }]);
    },
    async commit(of, root, ended) {
      const text = JSON.stringify({ v: 1, w: 'w.1', s: root, fx: [], in: [], nx: {}, ...(ended ? { ttl: 60 } : {}) });
      await post.records.commit(of, 0, text, ended ? 60_000 : undefined);
    },
    async mail() {
      await clock.tick(1);
      return letters;
    },
    dead: async () => broker.dead,
    elapse: (ms: number) => clock.tick(ms),
  };
}

describeTaskSource(setup, { name: 'in memory' });
