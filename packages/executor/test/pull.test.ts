import { expect } from 'chai';
import { child, createExecutor, createPull, group, isPullable, step, transition } from '@troupe/executor';
import type { ResourceRecord } from '@troupe/actor';
import { failure, type Bench, createBench, fatal, hostile, settled, success, task, tasks, Volume, work } from './bench/index.ts';

const v1 = { kind: 'volume', id: 'v1' };
const glance = task('glance', { class: 'background' });
const broken = { code: 'cloud_error', message: 'it failed with cloud_error' };

function setup(row: Partial<ResourceRecord> = {}, faults: object = {}): Bench {
  const pull = createPull({
    name: 'volume.pull',
    resource: Volume,
    broken: ['cloud_error'],
    look: ({ resource }) => step('look', glance, { backendId: resource.backendId }, { retry: { attempts: 1 } }),
    and: () => step('more', work, {}, { retry: { attempts: 1 } }),
  });
  const update = createExecutor({ name: 'update', family: 'update', resource: Volume, plan: () => step('update', task('update'), {}) });
  const bench = createBench({ executors: [pull, update], tasks: [...tasks, glance, task('update')], ...faults });
  bench.store.put('volume', 'v1', { state: 'OK', backendId: 'b-1', runtimeState: 'in-use', data: { size: 1 }, ...row });
  return bench;
}

async function pulled(bench: Bench): Promise<string> {
  const id = await bench.command('volume.pull', { resource: v1 });
  bench.run();
  settled(bench);
  return id;
}

const erred = (code: string): Partial<ResourceRecord> => ({ state: 'ERRED', error: { code, message: 'before', stack: 'trace' } });

describe('a pull', () => {
  for (const { name, faults } of hostile(4)) {
    it(`S86 never takes its resource: what its steps have found is one write at the end, ${name}`, async () => {
      const bench = setup({}, faults);
      bench.on('glance', () => success(null, { runtimeState: 'available', data: { size: 2 } }));
      bench.on('work', () => {
        expect(bench.record('volume', 'v1')).to.deep.include({ currentOperation: null, state: 'OK', runtimeState: 'in-use' });
        return success(null, { data: { device: 'vda' } });
      });
      const id = await pulled(bench);
      expect(bench.view(id)).to.deep.include({ outcome: 'succeeded', output: { found: 'fine' } });
      expect(bench.record('volume', 'v1')).to.deep.include({ state: 'OK', runtimeState: 'available', epoch: 1 });
      expect(bench.record('volume', 'v1')?.data).to.deep.equal({ size: 2, device: 'vda' });
      expect(bench.store.history('volume', 'v1')).to.deep.equal(['OK']);
    });
  }

  it('runs in the background class unless it says otherwise', async () => {
    const bench = setup();
    await pulled(bench);
    expect(bench.trace.filter((line) => line.startsWith('task '))).to.deep.equal(['task background look#1', 'task background more#1']);
  });

  it('writes nothing where it finds what is there already', async () => {
    const bench = setup();
    const { revision } = bench.record('volume', 'v1')!;
    bench.on('glance', () => success(null, { runtimeState: 'in-use', data: { size: 1 } }));
    await pulled(bench);
    expect(bench.record('volume', 'v1')?.revision).to.equal(revision);
  });

  it('S86 makes a healthy resource ERRED by an error that the backend has said of it', async () => {
    const bench = setup();
    bench.on('glance', () => failure('cloud_error'));
    const id = await pulled(bench);
    expect(bench.view(id)).to.deep.include({ outcome: 'succeeded', output: { found: 'broken', became: 'ERRED', error: broken } });
    expect(bench.view(id).error).to.equal(undefined);
    expect(bench.record('volume', 'v1')).to.deep.include({ state: 'ERRED', runtimeState: 'in-use' });
    expect(bench.record('volume', 'v1')?.error?.code).to.equal('cloud_error');
  });

  it('S86 is quiet about an error of a resource that is ERRED already: the first one stays', async () => {
    const bench = setup(erred('step_failed'));
    const { revision } = bench.record('volume', 'v1')!;
    bench.on('glance', () => failure('cloud_error'));
    const id = await pulled(bench);
    expect(bench.view(id)).to.deep.include({ outcome: 'succeeded', output: { found: 'broken', error: broken } });
    expect(bench.record('volume', 'v1')).to.deep.include({ revision });
    expect(bench.record('volume', 'v1')?.error?.code).to.equal('step_failed');
  });

  it('S86 leaves the row as it is after any other failure, and the run has failed', async () => {
    const bench = setup();
    const { revision } = bench.record('volume', 'v1')!;
    bench.on('glance', () => failure('worker_lost'));
    const id = await pulled(bench);
    expect(bench.view(id).outcome).to.equal('failed');
    expect(bench.view(id).error?.code).to.equal('worker_lost');
    expect(bench.record('volume', 'v1')).to.deep.include({ revision, state: 'OK' });
  });

  it('S68 only the look may say that it is gone or broken: a part that is missing fails the run', async () => {
    for (const code of ['missing_on_backend', 'cloud_error']) {
      const bench = setup();
      const { revision } = bench.record('volume', 'v1')!;
      bench.on('glance', () => success(null, { runtimeState: 'available' }));
      bench.on('work', () => failure(code));
      const id = await pulled(bench);
      expect(bench.view(id).outcome).to.equal('failed');
      expect(bench.record('volume', 'v1')).to.deep.include({ revision, state: 'OK', runtimeState: 'in-use' });
    }
  });

  for (const [code, told] of [
    ['handler_error', 'step_failed'],
    ['step_timeout', 'step_timeout'],
    ['worker_lost', 'worker_lost'],
    ['not_found', 'not_found'],
    ['resource_gone', 'resource_gone'],
  ] as const) {
    it(`S68 D7 takes any failure of its look for broken where its definition says so, and never for gone: ${code}`, async () => {
      const pull = createPull({
        ...{ name: 'strict', resource: Volume, broken: 'any' },
        look: () => step('look', glance, {}, { retry: { attempts: 1 } }),
      });
      const bench = createBench({ executors: [pull], tasks: [glance] });
      bench.store.put('volume', 'v1', { state: 'OK', backendId: 'b-1' });
      bench.on('glance', () => failure(code));
      const id = await bench.command('strict', { resource: v1 });
      bench.run();
      expect(bench.view(id).output).to.deep.include({ found: 'broken', became: 'ERRED' });
      expect(bench.record('volume', 'v1')?.error?.code).to.equal(told);
    });
  }

  it('makes a resource ERRED with missing_on_backend when its object is known to be missing, also one that was ERRED for another reason', async () => {
    for (const row of [{}, erred('cloud_error')]) {
      const bench = setup(row);
      bench.on('glance', () => fatal('missing_on_backend'));
      const id = await pulled(bench);
      expect(bench.view(id).output).to.deep.include({ found: 'gone', became: 'ERRED' });
      expect(bench.record('volume', 'v1')?.state).to.equal('ERRED');
      expect(bench.record('volume', 'v1')?.error?.code).to.equal('missing_on_backend');
      const { revision } = bench.record('volume', 'v1')!;
      await bench.command('volume.pull', { id: 'again', resource: v1 });
      bench.run();
      expect(bench.view('again').output).to.not.have.property('became');
      expect(bench.record('volume', 'v1')?.revision, 'a second pull says nothing new').to.equal(revision);
    }
  });

  it('S69 recovers an ERRED resource: message and trace are cleared', async () => {
    const bench = setup(erred('missing_on_backend'));
    bench.on('glance', () => success(null, { runtimeState: 'available' }));
    const id = await pulled(bench);
    expect(bench.view(id).output).to.deep.equal({ found: 'fine', became: 'OK' });
    expect(bench.record('volume', 'v1')).to.deep.include({ state: 'OK', error: null, runtimeState: 'available' });
  });
});

describe('a pull and the operations of its resource', () => {
  for (const [name, found] of [
    ['fine', success(null, { runtimeState: 'error' })],
    ['gone', fatal('missing_on_backend')],
    ['broken', failure('cloud_error')],
  ] as const) {
    it(`C14 a pull that ends while an operation has begun changes nothing, and says so, when it finds ${name}`, async () => {
      const bench = setup();
      bench.on('glance', () => 'lost');
      bench.on('update', () => 'lost');
      const pull = await bench.command('volume.pull', { resource: v1 });
      bench.run(() => bench.workers.lost.length === 1);
      const update = await bench.command('update', { resource: v1 });
      bench.run(() => bench.record('volume', 'v1')?.state === 'UPDATING');
      const before = bench.record('volume', 'v1');
      bench.workers.answer(bench.workers.lost[0]!, found);
      bench.on('work', () => success());
      bench.run(() => bench.view(pull).status === 'ended');
      expect(bench.record('volume', 'v1')).to.deep.equal(before);
      expect(bench.view(pull).outcome).to.equal('superseded');
      expect(bench.view(pull).error).to.deep.include({ code: 'superseded' });
      expect(bench.view(pull).error?.message).to.contain(update);
      expect(bench.view(pull).output).to.deep.include({ found: name });
    });
  }

  it('changes nothing either when an operation has begun and ended meanwhile', async () => {
    const bench = setup();
    bench.on('work', () => {
      if (bench.entities.size === 1) {
        bench.store.write({ op: 'take', ref: v1, operation: 'x', from: ['OK'], set: {} }, { turn: 1, effect: 'take' });
        bench.store.write(
          { op: 'change', ref: v1, operation: 'x', epoch: 2, set: { runtimeState: 'deleting' }, finish: true },
          { turn: 1, effect: 'end' },
        );
      }
      return success(null, { runtimeState: 'available' });
    });
    const id = await pulled(bench);
    expect(bench.view(id).outcome).to.equal('superseded');
    expect(bench.record('volume', 'v1')).to.deep.include({ runtimeState: 'deleting', state: 'OK' });
  });

  it('ends aborted when the resource was removed meanwhile', async () => {
    const bench = setup();
    bench.on('work', () => {
      bench.store.vanish('volume', 'v1');
      return success(null, { runtimeState: 'available' });
    });
    expect(bench.view(await pulled(bench))).to.deep.include({ outcome: 'aborted' });
  });

  it('is refused for a resource that an operation has, that does not rest, or was never made; also where it asked to queue', async () => {
    for (const [row, code] of [
      [{ currentOperation: 'somebody', state: 'UPDATING' }, 'conflict'],
      [{ state: 'CREATION_SCHEDULED' }, 'conflict'],
      [{ backendId: '' }, 'forbidden_state'],
    ] as const) {
      const bench = setup(row);
      expect(isPullable(bench.record('volume', 'v1')!)).to.equal(false);
      const id = await bench.command('volume.pull', { resource: v1, options: { onConflict: 'queue' } });
      bench.run();
      expect(bench.view(id).outcome).to.equal('rejected');
      expect(bench.view(id).error?.code).to.equal(code);
    }
    expect(isPullable(setup().record('volume', 'v1')!)).to.equal(true);
  });

  it('changes nothing when it is cancelled, and lets nobody wait', async () => {
    const bench = setup(erred('step_failed'));
    const { revision } = bench.record('volume', 'v1')!;
    bench.on('work', () => 'lost');
    const id = await bench.command('volume.pull', { resource: v1 });
    bench.run(() => bench.workers.lost.length === 1);
    bench.cancel(id);
    bench.run();
    expect(bench.view(id)).to.deep.include({ outcome: 'cancelled' });
    expect(bench.record('volume', 'v1')).to.deep.include({ revision, state: 'ERRED' });
  });

  it('recovers nothing when its look was passed over', async () => {
    const gated = createPull({ name: 'gated', resource: Volume, broken: [], look: () => step('look', 'glance') });
    const shut = createBench({ executors: [gated], tasks: [task('glance', { gate: 'cloud' })], isOpen: () => false });
    shut.store.put('volume', 'v1', { ...erred('step_failed'), backendId: 'b' });
    const id = await shut.command('gated', { resource: v1 });
    shut.run();
    expect(shut.view(id)).to.deep.include({ outcome: 'succeeded', output: { found: 'nothing' } });
    expect(shut.record('volume', 'v1')?.state).to.equal('ERRED');
    settled(shut);
  });

  it('does not lend what it does not have: an operation that it starts takes the resource like anybody else', async () => {
    const update = createExecutor({ name: 'update', family: 'update', resource: Volume, plan: () => step('u', work, {}) });
    const pull = createPull({
      name: 'pull',
      resource: Volume,
      broken: [],
      look: () => step('look', work, {}),
      and: () => group({ policy: 'collect', id: 'rest' }, child('update', 'update', { resource: v1 })),
    });
    const bench = createBench({ executors: [pull, update], tasks });
    bench.store.put('volume', 'v1', { state: 'OK', backendId: 'b' });
    const id = await bench.command('pull', { resource: v1 });
    bench.run();
    expect(bench.store.history('volume', 'v1')).to.deep.equal(['OK', 'UPDATE_SCHEDULED', 'UPDATING', 'OK']);
    expect(bench.view(id).outcome).to.equal('succeeded');
  });
});

describe('a pull is refused', () => {
  const options = { name: 'p', resource: Volume, broken: [], look: () => step('look', work, {}) };
  const refused = (more: object, field: string): void => {
    expect(() => createPull({ ...options, ...more } as never))
      .to.throw()
      .that.includes({ code: 'invalid_options', field });
  };

  it('when it is defined with options that nobody reads, or without saying what breaks its resource', () => {
    refused({ broken: undefined }, 'broken');
    refused({ broken: ['missing_on_backend'] }, 'broken');
    refused({ look: undefined }, 'look');
    refused({ and: 1 }, 'and');
    refused({ then: 1 }, 'then');
  });

  for (const [name, and] of [
    ['a transition', () => transition(undefined, { from: ['OK'], to: 'ERRED' })],
    ['a step that moves its resource', () => step('more', work, {}, { runtimeState: { during: 'odd' } })],
  ] as const) {
    it(`by its plan with ${name}`, async () => {
      const bench = createBench({ executors: [createPull({ ...options, and })], tasks });
      bench.store.put('volume', 'v1', { state: 'OK', backendId: 'b' });
      const id = await bench.command('p', { resource: v1 });
      bench.run();
      expect(bench.view(id).error).to.deep.include({ code: 'invalid_plan' });
      expect(bench.record('volume', 'v1')).to.deep.include({ state: 'OK', currentOperation: null });
    });
  }
});
