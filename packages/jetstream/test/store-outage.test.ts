// needs TEST_NATS_URL
import { jetstreamManager } from '@nats-io/jetstream';
import type { Behaviour, Effect, ResourceStore } from '@troupe/actor';
import { applyTopology, connectNats, createEntityService, createPublisher, createServerClock } from '@troupe/jetstream';
import { encodeMail } from '@troupe/jetstream/internal';
import { createSubjects, TroupeError } from '@troupe/protocol';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';

const MAX_ACK_PENDING = 4;
const ACK_WAIT_MS = 600;

interface Box {
  ordered: string[];
  written: number;
  notes: number;
}

/** Orders a write per message `write`, counts its outcomes; counts messages `note` without any store. */
const box: Behaviour<Box> = {
  kind: 'box',
  activate: (_key, record) => ({ ordered: [], written: 0, notes: 0, ...(record?.root as object | undefined) }),
  receive(state, message): Effect[] {
    if (message.type === 'note') state.notes++;
    if (message.type === 'write.ended') state.written++;
    if (message.type !== 'write' || state.ordered.includes(message.id)) return [];
    state.ordered.push(message.id);
    return [{ type: 'write', write: { op: 'remove', ref: { kind: 'thing', id: '1' }, operation: 'o', epoch: 1 } }];
  },
  root: (state) => ({ ...state }),
};

let count = 0;

async function setup(how: 'fails' | 'hangs') {
  const subjects = createSubjects(`so-${process.pid}-${count++}`);
  const nc = await connectNats({ servers: process.env['TEST_NATS_URL']! });
  const jsm = await jetstreamManager(nc);
  const shape = { partitions: 1, maxAckPending: MAX_ACK_PENDING, mailAckWaitMs: ACK_WAIT_MS, dedupWindowMs: 1_000 };
  await applyTopology(nc, { subjects, roles: { boxes: ['box'] }, maxLogBytes: 1_048_576, storage: 'memory', ...shape });
  const publisher = createPublisher(nc);
  await publisher.start();
  const clock = createServerClock({ nc, stream: subjects.streams.state });
  await clock.start();
  const down = { is: true };
  const writes: string[] = [];
  const store = {
    async write(_write: unknown, stamp: { effect: string }) {
      if (down.is && how === 'hangs') await new Promise(() => undefined);
      if (down.is) throw new TroupeError('unavailable', 'the store is down', { retryable: true });
      writes.push(stamp.effect);
      return { ok: true, already: false };
    },
  } as unknown as ResourceStore;
  const events: { type: string }[] = [];
  const host = (hostId: string) =>
    createEntityService({
      ...{ nc, publisher, subjects, store, hostId },
      role: 'boxes',
      behaviours: [box],
      serverNow: () => clock.now(),
      partitions: shape.partitions,
      maxAckPending: shape.maxAckPending,
      ackWaitMs: shape.mailAckWaitMs,
      dedupWindowMs: shape.dedupWindowMs,
      onEvent: (event) => events.push(event),
    });
  const service = host('first');
  await service.start();
  const stops: (() => Promise<unknown>)[] = [() => service.stop()];
  const root = async (key: string): Promise<Box | undefined> =>
    (await service.records.load({ kind: 'box', key }))?.root.s as unknown as Box | undefined;
  return {
    events,
    writes,
    down,
    service,
    root,
    async another() {
      const next = host('second');
      stops.push(() => next.stop());
      await next.start();
    },
    async send(key: string, type: string, times = 1) {
      for (let i = 0; i < times; i++) {
        const id = `m-${count++}`;
        await publisher.publish(subjects.mail({ kind: 'box', key }, 'entity'), encodeMail({ id, type, body: null }), { id });
      }
    },
    inMail: async () => (await jsm.streams.info(subjects.streams.mail)).state.messages,
    inTimers: async () => (await jsm.streams.info(subjects.streams.timers)).state.messages,
    async [Symbol.asyncDispose]() {
      for (const stop of stops.toReversed()) await stop();
      await clock.stop();
      await publisher.stop();
      const names = [...Object.values(subjects.streams), ...Object.values(subjects.buckets).map((b) => `KV_${b}`)];
      for (const name of names) await jsm.streams.delete(name).catch(() => undefined);
      await nc.close();
    },
  };
}

describe('a key whose store is down', () => {
  for (const how of ['fails', 'hangs'] as const) {
    it(`holds up no other key of its partition when it fills it (the store ${how})`, async () => {
      await using s = await setup(how);
      // as many as the server hands out before it is told of an end
      await s.send('stuck', 'write', MAX_ACK_PENDING);
      await until('the first turn has committed', async () => ((await s.root('stuck'))?.ordered.length ?? 0) > 0);
      await s.send('free', 'note', 3);
      await until('the other key goes on', async () => (await s.root('free'))?.notes === 3, 8_000);
      expect(s.down.is).to.equal(true);
      expect(s.writes).to.deep.equal([]);
      await until('nothing is left in MAIL', async () => (await s.inMail()) === 0);
      expect(await s.inTimers()).to.be.greaterThan(0);
      expect(s.events.some(({ type }) => type === 'putOff')).to.equal(true);

      s.down.is = false;
      await until('all of it is applied', async () => (await s.root('stuck'))?.written === MAX_ACK_PENDING, 15_000);
      await until('nothing waits', async () => (await s.inTimers()) === 0, 15_000);
      expect(s.events.filter(({ type }) => type === 'quarantined')).to.deep.equal([]);
      expect(new Set(s.writes).size).to.equal(MAX_ACK_PENDING);
    }).timeout(40_000);
  }

  it('is taken over by another host, which emits what the first one could not', async () => {
    await using s = await setup('hangs');
    await s.send('stuck', 'write');
    await until('it is put off', async () => s.events.some(({ type }) => type === 'putOff'));
    const { writes } = s;
    await s.service.stop();
    s.down.is = false;
    await s.another();
    await until('it is applied', async () => (await s.root('stuck'))?.written === 1, 15_000);
    expect(new Set(writes).size).to.equal(1);
  }).timeout(30_000);
});
