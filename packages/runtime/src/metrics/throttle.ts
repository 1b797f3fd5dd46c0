/** What a throttle can say of each root of scopes, from its record: tokens in use, and who waits. */
import { readRoots } from '@troupe/jetstream/internal';
import { entityRecordOf } from '@troupe/actor/internal';
import { createRecordStore } from '@troupe/jetstream/internal';
import { throttleStatus, type ThrottleStatus } from '@troupe/throttle';
import type { Runtime } from '../connect.ts';
import { highest, type Readings } from './readings.ts';

/** Roots that are read; those that have changed last. */
const MOST_ROOTS = 500;

type Roots = readonly { readonly root: string; readonly status: ThrottleStatus }[];

export function throttleMetrics(readings: Readings, runtime: Runtime): void {
  const { nc, publisher, subjects } = runtime;
  const records = createRecordStore({ nc, publisher, subjects, serverNow: () => runtime.serverNow() });
  const perRoot = (value: (status: ThrottleStatus) => number) => (all: Roots) =>
    highest(all.map(({ root, status }) => ({ labels: { root }, value: value(status) })));
  const ofRoots = (value: 'used' | 'limit') => (all: Roots) =>
    highest(
      all.flatMap(({ root, status }) =>
        status.limits.flatMap(({ path, kind, [value]: n }) => (path === root ? [{ labels: { root, kind }, value: n }] : [])),
      ),
      500,
    );
  readings.add<Roots>({
    what: 'throttles',
    forMs: 10_000,
    async read() {
      const keys: string[] = [];
      for await (const { key } of readRoots(nc, subjects, 'throttle')) keys.push(key);
      const all: { root: string; status: ThrottleStatus }[] = [];
      for (const root of keys.slice(-MOST_ROOTS)) {
        const loaded = await records.load({ kind: 'throttle', key: root });
        const record = loaded === undefined ? undefined : entityRecordOf(loaded);
        if (record !== undefined) all.push({ root, status: throttleStatus(root, record, runtime.serverNow(), { waiters: 0 }) });
      }
      return all;
    },
    gauges: [
      {
        name: 'troupe_throttle_leases',
        help: 'Leases that hold tokens below a root; the hundred roots with the most',
        labels: ['root'],
        values: perRoot(({ held }) => held),
      },
      {
        name: 'troupe_throttle_waiting',
        help: 'Who waits for tokens below a root; the hundred roots with the most',
        labels: ['root'],
        values: perRoot(({ waiting }) => waiting),
      },
      {
        name: 'troupe_throttle_tokens_used',
        help: 'Tokens that are granted at a root, by kind',
        labels: ['root', 'kind'],
        values: ofRoots('used'),
      },
      { name: 'troupe_throttle_tokens_limit', help: 'The limit at a root, by kind', labels: ['root', 'kind'], values: ofRoots('limit') },
    ],
  });
}
