import { expect } from 'chai';
import { Fatal, handle, Retry, withPatch, type Reconciled } from '@troupe/task';
import { createStage, type StageOptions, task } from './support/stage.ts';

const charge = task({ name: 'charge', idempotent: 'no' });

async function setup(
  hooks: { run?: () => unknown; reconcile?: (() => Promise<Reconciled<unknown>>) | undefined } = {},
  options: Partial<StageOptions> = {},
) {
  const calls: string[] = [];
  const { run = () => 'receipt' } = hooks;
  const reconcile = 'reconcile' in hooks ? hooks.reconcile : async () => ({ found: false }) as const;
  const handler = {
    run: () => (calls.push('run'), run()),
    ...(reconcile === undefined ? {} : { reconcile: () => (calls.push('reconcile'), reconcile()) }),
  };
  const stage = await createStage({ handlers: [handle(charge, handler)], broker: { taskAckWaitMs: 2_000 }, ...options });
  return { stage, calls, [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose]() };
}

/** A worker that dies in the middle of the handler. */
async function killedWhileRunning(s: Awaited<ReturnType<typeof setup>>): Promise<void> {
  const { process, types } = await s.stage.worker('dies', {
    handlers: [handle(charge, () => new Promise<never>(() => undefined))],
  });
  s.stage.send('charge');
  await s.stage.clock.runUntil(() => types().includes('taskStarted'));
  process.kill();
}

describe('a task that must not run twice', () => {
  it('is marked before it starts, and runs', async () => {
    await using s = await setup({
      run: async () => {
        expect((await s.stage.broker.process('reader').taskSource('p').readMark('t1'))?.starts).to.equal(1);
        return 'receipt';
      },
    });
    await s.stage.worker('w');
    s.stage.send('charge');
    await s.stage.untilEnded();
    expect(s.calls).to.deep.equal(['run']);
    expect(s.stage.outcome()).to.deep.equal({ kind: 'succeeded', output: 'receipt' });
  });

  it('is looked for, never run again, once it was started: what is found settles it', async () => {
    await using s = await setup({ reconcile: async () => ({ found: withPatch('old receipt', { runtimeState: 'paid' }) }) });
    await killedWhileRunning(s);
    const { of } = await s.stage.worker('w');
    await s.stage.untilEnded();
    expect(s.calls).to.deep.equal(['reconcile']);
    expect(of('taskStarted')[0]).to.include({ reconcile: true });
    expect(s.stage.outcome()).to.deep.equal({ kind: 'succeeded', output: 'old receipt', patch: { runtimeState: 'paid' } });
  });

  it('runs again when the look says that nothing has happened', async () => {
    await using s = await setup();
    await killedWhileRunning(s);
    await s.stage.worker('w');
    await s.stage.untilEnded();
    expect(s.calls).to.deep.equal(['reconcile', 'run']);
    expect(s.stage.outcome()).to.deep.equal({ kind: 'succeeded', output: 'receipt' });
  });

  it('is unknown for good when the look does not tell', async () => {
    await using s = await setup({ reconcile: async () => ({ found: 'unknown' }) });
    await killedWhileRunning(s);
    await s.stage.worker('w');
    await s.stage.untilEnded();
    expect(s.calls).to.deep.equal(['reconcile']);
    expect(s.stage.outcome()).to.have.nested.include({ kind: 'unknown', 'error.code': 'outcome_unknown', 'error.retryable': false });
  });

  it('is unknown for good when nobody can look', async () => {
    await using s = await setup({ reconcile: undefined });
    await killedWhileRunning(s);
    await s.stage.worker('w');
    await s.stage.untilEnded();
    expect(s.calls).to.deep.equal([]);
    expect(s.stage.outcome()).to.have.nested.include({ kind: 'unknown', 'error.code': 'outcome_unknown' });
  });

  it('is looked for when whoever waits asks for that, though nothing was started here', async () => {
    await using s = await setup({ reconcile: async () => ({ found: 'there' }) });
    await s.stage.worker('w');
    s.stage.send('charge', { reconcile: true, attempt: 2 });
    await s.stage.untilEnded();
    expect(s.calls).to.deep.equal(['reconcile']);
  });

  it('is marked also where the first write of the mark was done and not answered: then it is looked for', async () => {
    let lost = 0;
    await using s = await setup(
      {},
      { broker: { faults: ({ name }) => (name === 'tasks.writeMark' && lost++ === 0 ? 'loseAck' : 'none') } },
    );
    await s.stage.worker('w');
    s.stage.send('charge');
    await s.stage.untilEnded();
    expect(s.calls).to.deep.equal(['reconcile', 'run']);
  });

  it('starts once of two workers that were given it, and the other one looks', async () => {
    await using s = await setup({ run: () => s.stage.clock.settle().then(() => 'receipt') });
    const holders = await Promise.all(['a', 'b'].map((name) => s.stage.worker(name)));
    s.stage.send('charge');
    await s.stage.clock.tick(0);
    // frozen for longer than the hold: the message goes to the other one, while the first is still at it
    s.stage.clock.freeze(2_500);
    await s.stage.untilEnded();
    await s.stage.clock.tick(10_000);
    expect(s.calls.filter((call) => call === 'run').length, s.calls.join(' ')).to.equal(1);
    expect(holders.flatMap(({ of }) => of('taskBuried'))).to.deep.equal([]);
  });
});

describe('an attempt of such a task that fails', () => {
  const outcomeOf = async (run: () => unknown, before?: () => void) => {
    await using stage = await createStage({ handlers: [handle(charge, { run, ...(before === undefined ? {} : { before }) } as never)] });
    await stage.worker('w');
    stage.send('charge');
    await stage.untilEnded();
    return stage.outcome();
  };
  const throwing = (error: unknown) => (): never => {
    throw error;
  };

  it('in its run is unknown: the effect may have happened', async () => {
    expect(await outcomeOf(throwing(new Error('reset by peer')))).to.have.nested.include({
      kind: 'unknown',
      'error.message': 'reset by peer',
    });
  });

  it('before its run has failed: nothing has happened', async () => {
    expect(await outcomeOf(() => null, throwing(new Error('no session')))).to.include({ kind: 'failed' });
  });

  it('by Retry or Fatal has failed: its handler says that nothing has happened', async () => {
    expect(await outcomeOf(throwing(new Retry('busy')))).to.have.nested.include({ kind: 'failed', 'error.retryable': true });
    expect(await outcomeOf(throwing(new Fatal('refused')))).to.have.nested.include({ kind: 'failed', 'error.retryable': false });
  });

  it('at its output has failed for good: it has happened and cannot be told', async () => {
    const outcome = await outcomeOf(() => 'x'.repeat(1_000_000));
    expect(outcome).to.have.nested.include({ kind: 'failed', 'error.code': 'output_too_large', 'error.retryable': false });
  });
});
