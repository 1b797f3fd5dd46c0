/** The ways in which messages may come, and what must hold after each of them. */
import { expect } from 'chai';
import type { Bench, BenchOptions } from './bench.ts';

export type Faulty = Pick<BenchOptions, 'twice' | 'shuffle' | 'rebuild' | 'lateCancels' | 'seed'>;

/** One plain way, then every message twice, in any order, rebuilt in between, with timers that fire after their cancel. */
export function hostile(seeds = 6): { readonly name: string; readonly faults: Faulty }[] {
  return [
    { name: 'in order', faults: {} },
    { name: 'rebuilt from the record before every message', faults: { rebuild: true } },
    { name: 'every message twice', faults: { twice: true, rebuild: true } },
    { name: 'with cancels that come too late', faults: { lateCancels: true, rebuild: true } },
    ...Array.from({ length: seeds }, (_, i) => ({
      name: `every message twice and in any order, seed ${i + 1}`,
      faults: { twice: true, shuffle: true, rebuild: i % 2 === 0, lateCancels: i % 3 === 0, seed: 1_000 + i },
    })),
  ];
}

/** After the end: no lease held or waited for, no timer that anybody waits for, nothing owned, no item left. */
export function settled(bench: Bench): void {
  expect(bench.scopes.held, 'leases held').to.deep.equal([]);
  expect(bench.scopes.waiting, 'leases waited for').to.deep.equal([]);
  for (const [lease, times] of bench.scopes.releases)
    if (bench.scopes.acquired.filter((one) => one.lease === lease).length === 1) expect(times, `releases of ${lease}`).to.equal(1);
  for (const one of bench.entities.values()) {
    if (one.root === undefined) continue;
    const root = bench.root(one.key);
    expect(root.phase, `phase of ${one.key}`).to.equal('ended');
    expect(root.active, `active nodes of ${one.key}`).to.equal(undefined);
    expect(root.progress.watchdog, `watchdog of ${one.key}`).to.equal(undefined);
    expect(one.ended, `${one.key} was ended`).to.equal(true);
    const left = [...one.items.keys()].filter((item) => !item.startsWith('kept/'));
    expect(left, `items of ${one.key}`).to.deep.equal([]);
  }
  expect(
    bench.timers.filter((timer) => timer.cancelled !== true).map((timer) => timer.message.type),
    'timers',
  ).to.deep.equal([]);
  for (const record of bench.store.all()) {
    const owner = record.currentOperation;
    if (owner !== null && bench.entities.get(owner)?.root !== undefined)
      expect.fail(`${record.kind} ${record.id} is still owned by ${owner}`);
  }
}
