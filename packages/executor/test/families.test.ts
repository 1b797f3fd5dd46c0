import { expect } from 'chai';
import { chain, createExecutor, type EndRules, type ExecutorOptions, nothing, type PlanNode, step, transition } from '@troupe/executor';
import type { JsonObject } from '@troupe/protocol';
import { type Bench, createBench, create, failure, fatal, hostile, settled, success, tasks, Volume, work } from './bench/index.ts';

const v1 = { kind: 'volume', id: 'v1' };
type Options = Partial<Omit<ExecutorOptions<JsonObject, undefined>, 'plan' | 'resource'>>;

function setup(
  family: Options['family'],
  plan: PlanNode,
  state: string,
  options: Options & { faults?: object; fields?: object } = {},
): Bench {
  const { faults, fields, ...rest } = options;
  const executor = createExecutor({ name: 'test', family: family!, resource: Volume, plan: () => plan, ...rest });
  const bench = createBench({ executors: [executor], tasks, ...faults });
  bench.store.put('volume', 'v1', { state, backendId: 'b1', ...fields });
  return bench;
}

const one = step('go', create, {});

describe('an operation of the family', () => {
  for (const { name, faults } of hostile(3)) {
    it(`create takes without a change, begins with its first step and ends OK, ${name}`, async () => {
      const bench = setup('create', one, 'CREATION_SCHEDULED', { faults, fields: { backendId: '' } });
      bench.on('create', () => success({ id: 'x' }, { backendId: 'b9', runtimeState: 'available', data: { size: 3 } }));
      const id = await bench.command('test', { resource: v1 });
      bench.run();
      expect(bench.store.history('volume', 'v1')).to.deep.equal(['CREATION_SCHEDULED', 'CREATING', 'OK']);
      expect(bench.record('volume', 'v1')).to.deep.include({
        backendId: 'b9',
        runtimeState: 'available',
        data: { size: 3 },
        error: null,
        currentOperation: null,
      });
      expect(bench.view(id).outcome).to.equal('succeeded');
      settled(bench);
    });

    it(`update is scheduled, begins and ends OK, ${name}`, async () => {
      const bench = setup('update', one, 'OK', { faults });
      await bench.command('test', { resource: v1 });
      bench.run();
      expect(bench.store.history('volume', 'v1')).to.deep.equal(['OK', 'UPDATE_SCHEDULED', 'UPDATING', 'OK']);
      settled(bench);
    });

    it(`action shows its name and details while it runs and keeps them itself, ${name}`, async () => {
      const details = ({ resource }: { resource: { runtimeState: string } | undefined }): JsonObject => ({
        old: resource?.runtimeState ?? null,
        new: 'large',
      });
      const bench = setup('action', one, 'OK', {
        faults,
        action: 'resize',
        actionDetails: details as never,
        fields: { runtimeState: 'available' },
      });
      const seen: unknown[] = [];
      bench.on('create', () => {
        const { action, actionDetails, state } = bench.record('volume', 'v1')!;
        seen.push({ action, actionDetails, state });
        return success();
      });
      const id = await bench.command('test', { resource: v1 });
      bench.run();
      expect(seen).to.deep.equal([{ action: 'resize', actionDetails: { old: 'available', new: 'large' }, state: 'UPDATING' }]);
      expect(bench.record('volume', 'v1')).to.include({ action: '', actionDetails: null, state: 'OK' });
      expect(bench.view(id)).to.deep.include({ action: 'resize', actionDetails: { old: 'available', new: 'large' } });
      settled(bench);
    });

    it(`delete is scheduled, begins and removes, ${name}`, async () => {
      const bench = setup('delete', one, 'OK', { faults });
      await bench.command('test', { resource: v1 });
      bench.run();
      expect(bench.store.history('volume', 'v1')).to.deep.equal(['OK', 'DELETION_SCHEDULED', 'DELETING', 'removed']);
      expect(bench.record('volume', 'v1')).to.equal(undefined);
      settled(bench);
    });

    for (const [family, state] of [
      ['create', 'CREATION_SCHEDULED'],
      ['update', 'OK'],
      ['action', 'ERRED'],
      ['delete', 'OK'],
    ] as const) {
      it(`${family} that fails leaves ERRED with the error, ${name}`, async () => {
        const bench = setup(family, chain(one, step('next', work, {})), state, {
          faults,
          ...(family === 'action' ? { action: 'go' } : {}),
        });
        bench.on('work', () => fatal('broken'));
        const id = await bench.command('test', { resource: v1, options: { force: false } });
        bench.run();
        expect(bench.record('volume', 'v1')).to.include({ state: 'ERRED', currentOperation: null, action: '' });
        expect(bench.record('volume', 'v1')?.error).to.include({ code: 'broken' });
        expect(bench.view(id)).to.include({ outcome: 'failed', failedStep: 'next' });
        settled(bench);
      });
    }

    it(`delete that was forced removes also when it fails, and lists the orphan, ${name}`, async () => {
      const bench = setup('delete', one, 'OK', { faults });
      bench.on('create', () => fatal('backend down'));
      const id = await bench.command('test', { resource: v1, options: { force: true } });
      bench.run();
      expect(bench.record('volume', 'v1')).to.equal(undefined);
      const error = { code: 'backend down', message: bench.view(id).error!.message };
      expect(bench.view(id)).to.deep.include({ outcome: 'failed', orphans: [{ kind: 'volume', id: 'v1', backendId: 'b1', error }] });
      expect(bench.view(id).error).to.include({ code: 'backend down' });
      settled(bench);
    });
  }

  it('delete is forced by default exactly when the resource is ERRED', async () => {
    for (const [state, force, isThere] of [
      ['ERRED', undefined, false],
      ['OK', undefined, true],
      ['ERRED', false, true],
    ] as const) {
      const bench = setup('delete', one, state);
      bench.on('create', () => fatal());
      await bench.command('test', { resource: v1, ...(force === undefined ? {} : { options: { force } }) });
      bench.run();
      expect(bench.record('volume', 'v1') !== undefined, `${state} ${String(force)}`).to.equal(isThere);
    }
  });

  it('delete of what was never created makes no backend call', async () => {
    const bench = setup('delete', one, 'OK', { fields: { backendId: '' } });
    const id = await bench.command('test', { resource: v1 });
    bench.run();
    expect(bench.workers.sent).to.deep.equal([]);
    expect(bench.store.history('volume', 'v1')).to.deep.equal(['OK', 'DELETION_SCHEDULED', 'DELETING', 'removed']);
    expect(bench.view(id).outcome).to.equal('succeeded');
    settled(bench);
  });

  it('delete of what was never created asks the planner if it is told to', async () => {
    const bench = setup('delete', one, 'OK', { neverCreated: 'plan', fields: { backendId: '' } });
    await bench.command('test', { resource: v1 });
    bench.run();
    expect(bench.workers.sent).to.have.length(1);
  });

  it('of any kind with an empty plan ends well', async () => {
    for (const [family, state, end] of [
      ['create', 'CREATION_SCHEDULED', 'OK'],
      ['update', 'ERRED', 'OK'],
      ['delete', 'OK', undefined],
      ['free', 'ERRED', 'ERRED'],
    ] as const) {
      const bench = setup(family, nothing(), state);
      const id = await bench.command('test', { resource: v1 });
      bench.run();
      expect(bench.view(id).outcome, family).to.equal('succeeded');
      expect(bench.record('volume', 'v1')?.state, family).to.equal(end);
      settled(bench);
    }
  });

  it('free form leaves the state to its plan, but never half-way', async () => {
    const fails = setup('free', one, 'OK');
    fails.on('create', () => fatal('broken'));
    const id = await fails.command('test', { resource: v1 });
    fails.run();
    expect(fails.view(id).outcome).to.equal('failed');
    expect(fails.record('volume', 'v1')).to.include({ state: 'OK', error: null, currentOperation: null });
    const halfWay = setup('free', chain(transition(undefined, { from: ['OK'], to: 'UPDATING' }), one), 'OK');
    halfWay.on('create', () => fatal('broken'));
    await halfWay.command('test', { resource: v1 });
    halfWay.run();
    expect(halfWay.record('volume', 'v1')).to.include({ state: 'ERRED', currentOperation: null });
  });
});

describe('the transition of a step', () => {
  it('is written before its task is sent, with the during value in the same write', async () => {
    const bench = setup(
      'create',
      step('go', create, {}, { transition: 'beginCreating', runtimeState: { during: 'creating', success: 'available' } }),
      'CREATION_SCHEDULED',
    );
    await bench.command('test', { resource: v1 });
    bench.run();
    expect(bench.trace.filter((line) => /^(write|task)/.test(line))).to.deep.equal([
      'write take volume/v1',
      'write change volume/v1 CREATING (creating)',
      'task regular go#1',
      'write change volume/v1 OK (available) finish',
    ]);
  });

  it('named by a second step changes nothing', async () => {
    const twice = chain(step('a', create, {}, { transition: 'beginCreating' }), step('b', create, {}, { transition: 'beginCreating' }));
    const bench = setup('create', twice, 'CREATION_SCHEDULED');
    await bench.command('test', { resource: v1 });
    bench.run();
    expect(bench.trace.filter((line) => line.includes('CREATING'))).to.have.length(1);
  });

  it('is given to the first step unless the plan names another', async () => {
    const plan = chain(step('a', create, {}), step('b', create, {}, { transition: 'beginDeleting' }));
    const bench = setup('delete', plan, 'OK');
    const seen: string[] = [];
    bench.on('create', () => {
      seen.push(bench.record('volume', 'v1')!.state);
      return success();
    });
    await bench.command('test', { resource: v1 });
    bench.run();
    expect(seen).to.deep.equal(['DELETION_SCHEDULED', 'DELETING']);
  });

  it('that does not lead from the state fails the step, not the resource of somebody else', async () => {
    const bench = setup('update', step('go', create, {}, { transition: 'beginDeleting' }), 'OK');
    const id = await bench.command('test', { resource: v1 });
    bench.run();
    expect(bench.view(id).error).to.include({ code: 'forbidden_state' });
    expect(bench.workers.sent).to.deep.equal([]);
    expect(bench.record('volume', 'v1')).to.include({ state: 'ERRED' });
  });

  it('keeps the during value after a failure, or writes the one for it', async () => {
    for (const [failureState, expected] of [
      [undefined, 'creating'],
      ['error', 'error'],
    ] as const) {
      const runtimeState = { during: 'creating', success: 'available', ...(failureState === undefined ? {} : { failure: failureState }) };
      const bench = setup('create', step('go', create, {}, { runtimeState }), 'CREATION_SCHEDULED');
      bench.on('create', () => fatal());
      await bench.command('test', { resource: v1 });
      bench.run();
      expect(bench.record('volume', 'v1')).to.include({ state: 'ERRED', runtimeState: expected });
    }
  });
});

describe('what a handler found out', () => {
  it('is on the resource before the next task is sent', async () => {
    const bench = setup('update', chain(step('a', create, {}), step('b', work, {})), 'OK');
    bench.on('create', () => success(null, { backendId: 'b7', data: { size: 9 } }));
    bench.on('work', () => {
      expect(bench.record('volume', 'v1')).to.deep.include({ backendId: 'b7', data: { size: 9 } });
      return success();
    });
    await bench.command('test', { resource: v1 });
    bench.run();
    expect(bench.workers.sent).to.have.length(2);
  });

  it('travels with the end where the end comes next', async () => {
    const bench = setup('create', one, 'CREATION_SCHEDULED');
    bench.on('create', () => success(null, { backendId: 'b7' }));
    await bench.command('test', { resource: v1 });
    bench.run();
    expect(bench.trace.filter((line) => line.startsWith('write'))).to.have.length(3);
  });

  it('is refused when it is no text or too long, and the step fails', async () => {
    const bench = setup('create', one, 'CREATION_SCHEDULED');
    bench.on('create', () => success(null, { runtimeState: 'x'.repeat(200) }));
    const id = await bench.command('test', { resource: v1 });
    bench.run();
    expect(bench.view(id).error).to.include({ code: 'invalid_output' });
  });

  it('may be large: then it waits in an item, not in the root', async () => {
    const plan = chain(step('a', create, {}), step('b', work, {}));
    const bench = setup('update', plan, 'OK', { faults: { rebuild: true } });
    const data = { text: 'x'.repeat(30_000) };
    bench.on('create', () => success(null, { data }));
    await bench.command('test', { resource: v1 });
    bench.run();
    expect(bench.record('volume', 'v1')?.data).to.deep.equal(data);
    expect(bench.written.largest).to.be.lessThan(10_000);
    settled(bench);
  });
});

describe('the error of an operation', () => {
  it('is cleared once, when the next one starts', async () => {
    const bench = setup('update', one, 'ERRED', { fields: { error: { code: 'old', message: 'old' } } });
    bench.on('create', () => {
      expect(bench.record('volume', 'v1')?.error).to.equal(null);
      return success();
    });
    await bench.command('test', { resource: v1 });
    bench.run();
    expect(bench.workers.sent).to.have.length(1);
  });

  it('is bounded on the resource and in the log, whatever was thrown', async () => {
    const bench = setup('update', one, 'OK');
    const cause = { code: 'deep', message: 'c'.repeat(10_000) };
    bench.on('create', () =>
      failure('huge', {
        message: 'm'.repeat(100_000),
        stack: 's'.repeat(100_000),
        data: { x: 'd'.repeat(100_000) },
        cause,
        retryable: false,
      }),
    );
    const id = await bench.command('test', { resource: v1 });
    bench.run();
    expect(JSON.stringify(bench.record('volume', 'v1')?.error).length).to.be.lessThan(4_000);
    expect(JSON.stringify(bench.root(id)).length).to.be.lessThan(10_000);
  });

  it('keeps the first and the last of many attempts in the log', async () => {
    const bench = setup('update', step('go', create, {}, { retry: { attempts: 40, delays: ['1s'] } }), 'OK', { faults: { rebuild: true } });
    bench.on('create', (message) => failure('flaky', { message: `n${message.attempt}` }));
    const id = await bench.command('test', { resource: v1 });
    bench.run();
    const kept = bench.view(id).log.map((entry) => entry.attempt);
    expect(kept).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 33, 34, 35, 36, 37, 38, 39, 40]);
  });
});

describe('rules for the end of the first resource', () => {
  const ended = async (ends: EndRules, outcome: 'ok' | 'failed'): Promise<string | undefined> => {
    const bench = setup('update', one, 'OK', { ends });
    if (outcome === 'failed') bench.on('create', () => fatal());
    await bench.command('test', { resource: v1 });
    bench.run();
    settled(bench);
    return bench.record('volume', 'v1')?.state;
  };

  it('say what a success leaves', async () => {
    expect(await ended({ succeeded: 'remove' }, 'ok')).to.equal(undefined);
    expect(await ended({ succeeded: 'ok' }, 'ok')).to.equal('OK');
    expect(await ended({ succeeded: 'keep' }, 'ok')).to.equal('OK');
  });

  it('never spare it the error of a failure', async () => {
    expect(await ended({ failed: 'ok', neverStarted: 'remove' }, 'failed')).to.equal('ERRED');
  });
});
