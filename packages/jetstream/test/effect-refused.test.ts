// needs TEST_NATS_URL
import type { SinkEffect } from '@troupe/actor';
import { applyTopology, connectNats, createPublisher } from '@troupe/jetstream';
import { createEffectSink, createRecordStore } from '@troupe/jetstream/internal';
import { createSubjects } from '@troupe/protocol';
import { needsNats, startNatsServer } from '@troupe/test-infra';
import { expect } from 'chai';

const config = `
accounts { APP { jetstream: enabled, users: [
  { user: admin, password: a }
  { user: host, password: h, permissions: { publish: { deny: ["t.task.*.gpu.>", "t.event.secret"] } } } ] } }`;

async function setup() {
  const server = await startNatsServer({ config });
  const subjects = createSubjects('t');
  const admin = await connectNats({ servers: server.url, user: 'admin', pass: 'a' });
  await applyTopology(admin, { subjects, partitions: 1, storage: 'memory', maxLogBytes: 1_048_576, pools: ['default', 'gpu'] });
  const nc = await connectNats({ servers: server.url, user: 'host', pass: 'h' });
  const publisher = createPublisher(nc);
  await publisher.start();
  const records = createRecordStore({ nc, publisher, subjects, serverNow: () => 0 });
  const sink = createEffectSink({ nc, publisher, subjects, records });
  return {
    emit: (...effects: SinkEffect[]) => sink.emit(effects, { from: { kind: 'operation', key: 'o' }, revision: 1 }),
    async [Symbol.asyncDispose]() {
      await publisher.stop();
      await Promise.all([nc.close(), admin.close()]);
      await server.stop();
    },
  };
}

const order = (id: string, pool: string): SinkEffect => ({
  ...{ type: 'task', id, class: 'regular', pool },
  message: {
    v: 1,
    id,
    task: 'work',
    input: null,
    attempt: 1,
    attempts: 1,
    token: 'k',
    idempotencyToken: 'i',
    timeLimitMs: 1,
    orderedAt: 1,
  },
});

describe('effects of a host with few rights', () => {
  before(needsNats);

  it('that it may not emit are told as refused, each by its name, and the others of the turn leave', async () => {
    await using at = await setup();
    const ended = await at.emit(
      order('n.1', 'gpu'),
      order('n.2', 'default'),
      { type: 'publish', id: 'n.3', topic: ['secret'], body: null },
      { type: 'publish', id: 'n.4', topic: ['open'], body: 'x'.repeat(1_048_576) },
    );
    expect(ended.map((one) => [one.effect, 'refused' in one ? one.refused.code : ''])).to.deep.equal([
      ['n.1', 'not_permitted'],
      ['n.3', 'not_permitted'],
      ['n.4', 'too_large'],
    ]);
    for (const one of ended)
      expect('refused' in one && one.refused)
        .to.include({ retryable: false })
        .and.not.to.have.property('stack');
  });
});
