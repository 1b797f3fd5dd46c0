// needs TEST_NATS_URL
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { applyTopology, connectNats, createDoor, createPublisher } from '@troupe/jetstream';
import { createDeadLetters } from '@troupe/jetstream/internal';
import { createSubjects, encodeJson } from '@troupe/protocol';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';

const ACK_WAIT_MS = 3_000;

describe('a command in the hands of a door', () => {
  it('stays there while its judge takes longer than a hold, and comes again where nobody renews', async () => {
    const nc = await connectNats({ servers: process.env['TEST_NATS_URL']! });
    const subjects = createSubjects(`door-${process.pid}`);
    await applyTopology(nc, { subjects, partitions: 1, storage: 'memory', maxLogBytes: 100_000, mailAckWaitMs: ACK_WAIT_MS });
    await using publisher = createPublisher(nc);
    await publisher.start();
    const serverNow = (): number => Date.now();
    const judged: string[] = [];
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => void (release = resolve));
    await using door = createDoor({
      nc,
      publisher,
      subjects,
      serverNow,
      ackWaitMs: ACK_WAIT_MS,
      maxInHand: 1,
      deadLetters: createDeadLetters({ publisher, subjects, serverNow }),
      async judge({ id }) {
        judged.push(id);
        await released;
        return { to: { kind: 'operation', key: id }, mail: { type: 'command', body: null } };
      },
    });
    using _released = { [Symbol.dispose]: () => release() };
    await door.start();
    const send = (id: string) =>
      publisher.publish(
        subjects.command('x'),
        encodeJson({ v: 1, id, executor: 'x', input: null, createdAt: new Date(serverNow()).toISOString() }),
      );
    await send('judged');
    await until('the door has it', () => judged.length === 1);
    await send('other');
    const durable = await jetstream(nc).consumers.get(subjects.streams.commands, 'door');
    const once = await durable.next();
    const again = await durable.next({ expires: 5 * ACK_WAIT_MS });
    const seen = [once, again].map((message) => [message?.json<{ id: string }>().id, message?.info.deliveryCount]);
    expect(seen).to.deep.equal([
      ['other', 1],
      ['other', 2],
    ]);
    again?.ack();
    expect(judged).to.deep.equal(['judged']);
    release();
    await until(
      'it is forwarded',
      async () => (await (await jetstreamManager(nc)).streams.info(subjects.streams.mail)).state.messages === 1,
    );
    await door.stop();
    await nc.close();
  }).timeout(40_000);
});
