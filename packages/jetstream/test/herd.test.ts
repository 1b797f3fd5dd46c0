// needs TEST_NATS_URL
import type { Behaviour, Effect, ResourceStore } from '@troupe/actor';
import { createEntityService, type EntityServiceEvent } from '@troupe/jetstream';
import { encodeMail } from '@troupe/jetstream/internal';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { createInstallation } from './support/installation.ts';

const ACK_WAIT_MS = 2_000;
const HERD = 2_000;
/** The store takes so many writes at once, each for so long: 500 a second, so that the last of the herd would wait for two holds. */
const AT_ONCE = 20;
const WRITE_MS = 40;
const PARTITIONS = 4;
/** In hand, over all partitions, are three quarters of the herd. */
const MAX_ACK_PENDING = 384;

/** Orders a write for its timer, counts its outcome, and counts mail without any store. */
const sheep: Behaviour<{ isOrdered: boolean; written: number; notes: number }> = {
  kind: 'sheep',
  activate: (_key, record) => ({ isOrdered: false, written: 0, notes: 0, ...(record?.root as object | undefined) }),
  receive(state, { type }): Effect[] {
    if (type === 'note') state.notes++;
    if (type === 'write.ended') state.written++;
    if (type !== 'due' || state.isOrdered) return [];
    state.isOrdered = true;
    return [{ type: 'write', write: { op: 'remove', ref: { kind: 'thing', id: '1' }, operation: 'o', epoch: 1 } }];
  },
  root: (state) => ({ ...state }),
};

function slowStore(): ResourceStore & { readonly writes: string[] } {
  const writes: string[] = [];
  const waiting: (() => void)[] = [];
  let busy = 0;
  return {
    writes,
    async write(_write: unknown, stamp: { effect: string }) {
      if (busy === AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
      else busy++;
      await new Promise((resolve) => void setTimeout(resolve, WRITE_MS));
      writes.push(stamp.effect);
      const next = waiting.shift();
      if (next === undefined) busy--;
      else next();
      return { ok: true, already: true };
    },
  } as unknown as ResourceStore & { readonly writes: string[] };
}

describe('a herd of timers on a server, each for another entity', () => {
  it('is worked off without one that is put off or comes a second time, and mail goes between', async () => {
    await using at = await createInstallation({
      roles: { shepherd: ['sheep'] },
      partitions: PARTITIONS,
      maxAckPending: MAX_ACK_PENDING,
      mailAckWaitMs: ACK_WAIT_MS,
    });
    const { nc, publisher, subjects } = at;
    const store = slowStore();
    const events: EntityServiceEvent[] = [];
    let writtenBeforeNote = HERD;
    const service = createEntityService({
      ...{ nc, publisher, subjects, store },
      role: 'shepherd',
      behaviours: [sheep],
      serverNow: () => Date.now(),
      hostId: 'one',
      partitions: PARTITIONS,
      maxAckPending: MAX_ACK_PENDING,
      ackWaitMs: ACK_WAIT_MS,
      dedupWindowMs: 120_000,
      maxTurns: 64,
      onEvent(event) {
        events.push(event);
        if (event.type === 'turnCommitted' && event.address.key === 'other') writtenBeforeNote = store.writes.length;
      },
    });
    const keys = Array.from({ length: HERD }, (_, n) => `k${n}`);
    await Promise.all(
      keys.map((key) => publisher.publish(subjects.due({ kind: 'sheep', key }), encodeMail({ id: `d-${key}`, type: 'due', body: null }))),
    );
    await service.start();
    await until('the herd is under way', () => store.writes.length > 200);
    await publisher.publish(subjects.mail({ kind: 'sheep', key: 'other' }, 'verb'), encodeMail({ id: 'note', type: 'note', body: null }));
    const { streams } = subjects;
    await until('no timer is left', async () => (await at.jsm.streams.info(streams.timers)).state.messages === 0, 60_000, 100);
    // what is put off is a schedule, and then another timer
    const added = (await at.jsm.streams.info(streams.timers)).state.last_seq - HERD;
    const consumers = await Promise.all(
      Array.from({ length: PARTITIONS }, (_, n) => at.jsm.consumers.info(streams.timers, `shepherd_${n}`)),
    );
    const delivered = consumers.reduce((sum, { delivered: { consumer_seq: n } }) => sum + n, 0);
    const written = await Promise.all(
      keys.map(async (key) => (await service.records.load({ kind: 'sheep', key }))?.root.s as { written: number }),
    );
    await service.stop();
    expect(written.filter((state) => state.written !== 1)).to.deep.equal([]);
    expect(new Set(store.writes).size).to.equal(HERD);
    expect(writtenBeforeNote).to.be.below(HERD / 2);
    // a machine that pauses again and again may make a few turns late
    expect(added).to.be.below(HERD / 10);
    // where it stood still for longer, what the host had received comes again, as it must
    if (!events.some(({ type }) => type === 'thawed')) expect(delivered).to.equal(HERD);
  }).timeout(90_000);
});
