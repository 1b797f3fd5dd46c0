import { expect } from 'chai';
import { chain, createExecutor, step, transition } from '@troupe/executor';
import { createBench, fatal, hostile, Server, settled, success, tasks, Volume, work } from './bench/index.ts';

const volume = (id: string) => ({ kind: 'volume', id });

/** Removes a server with those of its volumes that are there, one after the other. */
function setup(faults: object, missing?: 'skip') {
  const seen: string[][] = [];
  const executor = createExecutor({
    name: 'remove',
    family: 'delete',
    resource: Server,
    resources: () => ['v1', 'v2', 'v3'].map((id) => ({ ref: volume(id), ...(missing === undefined ? {} : { missing }) })),
    plan({ resources }) {
      const volumes = resources.filter(({ kind }) => kind === Volume.kind).map(({ id }) => id);
      seen.push(volumes);
      return chain(
        transition(undefined, 'beginDeleting'),
        ...volumes.map((id) =>
          chain(step(`delete ${id}`, work, { id }, { on: volume(id), transition: 'beginDeleting' }), transition(volume(id), 'remove')),
        ),
      );
    },
  });
  const bench = createBench({ executors: [executor], tasks, ...faults });
  bench.store.put('server', 's1', { state: 'OK', backendId: 'b' });
  for (const id of ['v1', 'v3']) bench.store.put('volume', id, { state: 'OK' });
  return { bench, seen };
}

describe('a further resource that is not there', () => {
  for (const { name, faults } of hostile()) {
    it(`is passed over where the executor says so, and the plan does not see it, ${name}`, async () => {
      const { bench, seen } = setup(faults, 'skip');
      const id = await bench.command('remove', { resource: { kind: 'server', id: 's1' } });
      bench.run();
      expect(bench.view(id).outcome).to.equal('succeeded');
      expect(seen[0]).to.deep.equal(['v1', 'v3']);
      expect(bench.store.all()).to.deep.equal([]);
      settled(bench);
    });

    it(`and was removed by the plan is no hindrance to a retry, ${name}`, async () => {
      const { bench } = setup(faults, 'skip');
      let isBroken = true;
      bench.on('work', ({ input }) => (isBroken && (input as { id: string }).id === 'v3' ? fatal('broken') : success(null)));
      const id = await bench.command('remove', { resource: { kind: 'server', id: 's1' } });
      bench.run();
      expect(bench.view(id).outcome).to.equal('failed');
      expect(bench.record('volume', 'v1')).to.equal(undefined);
      expect(bench.record('volume', 'v3')).to.include({ state: 'ERRED', currentOperation: null });
      isBroken = false;
      bench.mail(id, 'verb.retry', { by: 'ann' }, 'verb');
      bench.run();
      expect(bench.view(id).outcome).to.equal('succeeded');
      expect(bench.store.all()).to.deep.equal([]);
      settled(bench);
    });

    it(`is a reason to reject by default, and what was taken is given back, ${name}`, async () => {
      const { bench } = setup(faults);
      const id = await bench.command('remove', { resource: { kind: 'server', id: 's1' } });
      bench.run();
      expect(bench.view(id)).to.deep.include({ outcome: 'rejected' });
      for (const record of bench.store.all()) expect(record).to.include({ state: 'OK', currentOperation: null });
      settled(bench);
    });
  }
});
