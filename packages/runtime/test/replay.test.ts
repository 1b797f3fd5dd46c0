// needs TEST_NATS_URL
import type { Behaviour } from '@troupe/actor';
import { createClient } from '@troupe/client';
import { createEntityService } from '@troupe/jetstream';
import { encodeMail } from '@troupe/jetstream/internal';
import { connectRuntime } from '@troupe/runtime';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';

let count = 0;

/** A host of boxes, which keep what they are sent; while they are ill, whatever says `boom` throws. */
async function setup() {
  const ns = `replay-${process.pid}-${count++}`;
  const connection = { servers: process.env['TEST_NATS_URL']! };
  const runtime = await connectRuntime({
    ...{ connection, ns, applyTopology: true, maxLogBytes: 4_194_304, partitions: 1 },
    roles: { boxes: ['box'] },
  });
  const health = { isIll: true };
  const box: Behaviour<{ kept: unknown[] }> = {
    kind: 'box',
    activate: (_key, record) => ({ kept: [...((record?.root as { kept?: unknown[] } | undefined)?.kept ?? [])] }),
    receive(state, { type, sender, id, body, context }) {
      if (type === 'boom' && health.isIll) throw new Error('boom');
      if (type !== 'verb.release') state.kept.push({ type, sender, id, body, user: context['user'] });
      return [];
    },
    root: (state) => state as never,
  };
  const events: string[] = [];
  const { nc, publisher, subjects, topology, hostId } = runtime;
  const host = createEntityService({
    ...{ nc, publisher, subjects, hostId, role: 'boxes', behaviours: [box], serverNow: () => runtime.serverNow() },
    ...{ partitions: 1, maxAckPending: topology.maxAckPending, ackWaitMs: topology.mailAckWaitMs, dedupWindowMs: topology.dedupWindowMs },
    onEvent: (event) => void events.push(event.type),
  });
  await host.start();
  const client = createClient(connection, { ns });
  const to = { kind: 'box', key: 'b 1' };
  return {
    to,
    client,
    events,
    health,
    kept: async () => ((await host.records.load(to))?.root.s as { kept?: object[] } | undefined)?.kept ?? [],
    quarantine: async () => (await host.records.load(to))?.root.q,
    async send(id: string, type: string, body: string, from: 'entity' | 'task-gpu' = 'entity') {
      const headers = [['Troupe-Context-user', 'ann']] as const;
      await publisher.publish(subjects.mail(to, from), encodeMail({ id, type, body }), { id, headers });
    },
    async [Symbol.asyncDispose]() {
      await client.stop();
      await host.stop();
      await runtime.stop();
    },
  };
}

describe('an entity that was quarantined', () => {
  it('is released, goes on, and is given its dead letter again as it was sent, once', async () => {
    await using s = await setup();
    await s.send('m-1', 'note', 'before');
    await s.send('m-2', 'boom', 'the body', 'task-gpu');
    await until('it is quarantined', () => s.events.includes('quarantined'), 20_000);
    expect((await s.quarantine())?.reason).to.match(/boom/);
    const [letter, ...others] = await s.client.deadLetters({ origin: ['mail', 'box', 'b 1'] });
    expect(others).to.deep.equal([]);
    expect(letter).to.include({ attempts: 5 });

    s.health.isIll = false;
    await s.client.release(s.to, { by: 'ann' });
    await until('it is released', async () => (await s.quarantine()) === undefined);
    await s.send('m-3', 'note', 'after');
    await until('it goes on', async () => (await s.kept()).length === 2);
    expect(await s.client.replayDeadLetter(letter!.sequence)).to.include({ already: false });
    expect(await s.client.replayDeadLetter(letter!.sequence)).to.include({ already: true });
    await until('the message has come', async () => (await s.kept()).length === 3);
    await s.send('m-4', 'note', 'last');
    await until('the last has come', async () => (await s.kept()).length === 4);
    const note = { type: 'note', sender: 'entity', user: 'ann' };
    expect(await s.kept()).to.deep.equal([
      { ...note, id: 'm-1', body: 'before' },
      { ...note, id: 'm-3', body: 'after' },
      { type: 'boom', sender: 'task-gpu', user: 'ann', id: 'm-2', body: 'the body' },
      { ...note, id: 'm-4', body: 'last' },
    ]);
  }).timeout(40_000);

  it('leaves a letter also when its message was almost as large as the server takes', async () => {
    await using s = await setup();
    // quotes become two characters in a letter
    await s.send('m-1', 'boom', '"'.repeat(450_000));
    await until('it is quarantined', () => s.events.includes('quarantined'), 20_000);
    const [letter] = await s.client.deadLetters();
    expect(letter).to.include({ body: '' });
    expect(letter!.omittedBytes).to.be.above(900_000);
    expect(letter!.error.message).to.equal('boom');
  }).timeout(40_000);
});
