import { expect } from 'chai';
import { createCleanup, createExecutor, step } from '@troupe/executor';
import { isTroupeError } from '@troupe/protocol';
import { defineKind } from '@troupe/resource';
import { createBench, fatal, hostile, settled, success, task, work } from './bench/index.ts';

const Project = defineKind({ kind: 'project' });
const kindsOf = ['instance', 'volume', 'network'] as const;
const Kinds = kindsOf.map((kind) => defineKind({ kind }));
const list = task('list');
const kinds = {
  volume: { remove: 'volume.delete', after: ['instance'] },
  network: { remove: 'network.delete', after: ['volume', 'instance'] },
  instance: { remove: 'instance.delete' },
};
const removers = Kinds.map((kind) =>
  createExecutor({
    name: `${kind.kind}.delete`,
    family: 'delete',
    resource: kind,
    neverCreated: 'plan',
    plan: ({ resource }) => step('remove', work, { id: resource.id }),
  }),
);
const project = { kind: 'project', id: 'p' };
const all = ['network n1', 'volume v1', 'volume v2', 'instance i1', 'instance i2', 'instance i3'];
const refs = all.map((one) => ({ kind: one.split(' ')[0]!, id: one.split(' ')[1]! }));

function setup(faults: object = {}, options: object = {}) {
  const { executor, planners } = createCleanup({ name: 'project.cleanup', resource: Project, list, kinds, ...options });
  const bench = createBench({ executors: [executor, ...removers], tasks: [work, list], planners, ...faults });
  bench.store.put('project', 'p', { state: 'OK', backendId: 'x' });
  for (const { kind, id } of refs) bench.store.put(kind, id, { state: 'OK', backendId: `b-${id}` });
  bench.on('list', () => success(refs));
  return bench;
}

describe('a cleanup', () => {
  for (const { name, faults } of hostile(3)) {
    it(`removes children first, each kind after those it names, then the whole, ${name}`, async () => {
      const bench = setup(faults);
      const order: string[] = [];
      bench.on('work', ({ resource }) => (order.push(resource!.kind), { outcome: success(), afterMs: 1_000 }));
      const id = await bench.command('project.cleanup', { resource: project });
      bench.run();
      expect(bench.view(id).outcome).to.equal('succeeded');
      expect(order.filter((kind, i) => kind !== order[i - 1])).to.deep.equal(['instance', 'volume', 'network']);
      expect(bench.store.all()).to.deep.equal([]);
      settled(bench);
    });

    it(`goes on after a failure, and reports it with what is left on the backend, ${name}`, async () => {
      const bench = setup(faults);
      bench.on('work', ({ resource }) => (resource?.id === 'v1' ? fatal('stuck') : success()));
      const id = await bench.command('project.cleanup', { resource: project });
      bench.run();
      const view = bench.view(id);
      expect(view.outcome).to.equal('failed');
      expect(view.error?.code).to.equal('cleanup_incomplete');
      expect(view.error?.message).to.match(/^1 of 6 could not be removed, first volume v1: \S+/);
      // forced: the row of v1 is gone, the object is listed
      expect(view.orphans?.map((one) => `${one.kind} ${one.backendId}`)).to.deep.equal(['volume b-v1']);
      expect(bench.store.all().map(({ kind, id: of, state }) => `${kind} ${of} ${state}`)).to.deep.equal(['project p ERRED']);
      settled(bench);
    });
  }

  it('takes what is gone already for removed', async () => {
    const bench = setup();
    bench.store.vanish('volume', 'v1');
    const id = await bench.command('project.cleanup', { resource: project });
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
  });

  it('of nothing removes the whole', async () => {
    const bench = setup();
    bench.on('list', () => success([]));
    const id = await bench.command('project.cleanup', { resource: project });
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(bench.record('project', 'p')).to.equal(undefined);
  });

  it('fails before it touches anything if the listing names a kind that nobody removes', async () => {
    const bench = setup();
    bench.on('list', () => success([...refs, { kind: 'secret', id: 's' }]));
    const id = await bench.command('project.cleanup', { resource: project });
    bench.run();
    expect(bench.view(id).error?.code).to.equal('plan_failed');
    expect(bench.view(id).error?.message).to.contain('nobody says how a secret is removed');
    expect(bench.store.all()).to.have.length(7);
  });

  it('refuses to be defined in a circle, or with a kind that is not there', () => {
    const refusal = (wrong: object): string => {
      try {
        createCleanup({ name: 'c', list, kinds: wrong as never });
      } catch (thrown) {
        return isTroupeError(thrown) ? `${thrown.code} ${thrown.field}` : String(thrown);
      }
      return 'taken';
    };
    expect(refusal({ a: { remove: 'x', after: ['b'] }, b: { remove: 'x', after: ['a'] } })).to.equal('invalid_options kinds.a.after');
    expect(refusal({ a: { remove: 'x', after: ['b'] } })).to.equal('invalid_options kinds.a.after');
    expect(refusal({})).to.equal('invalid_options kinds');
  });
});
