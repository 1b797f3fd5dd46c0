import { expect } from 'chai';
import { isTroupeError, TroupeError } from '@troupe/protocol';
import { createSeededRandom, faultEverywhere, type Rehearsal, type RehearsalOptions, seededFaults } from '@troupe/testing';
import { type Backend, tasks } from './backend.ts';
import { setup, v1, Volume } from './stage.ts';

/** A create, then an action, then a delete of one volume, each asked for when the one before has ended. */
async function lifeOfOne(options: Partial<RehearsalOptions> = {}): Promise<{ rehearsal: Rehearsal; backend: Backend }> {
  const s = setup(options);
  const { rehearsal, backend } = s;
  rehearsal.put(v1, { state: 'CREATION_SCHEDULED' });
  const ended = async (executor: string, input?: { size: number }): Promise<void> => {
    const id = await rehearsal.submit(executor, { resource: v1, ...(input === undefined ? {} : { input }) });
    await rehearsal.runUntil(() => rehearsal.outcome(id) !== undefined);
    expect(rehearsal.outcome(id), id).to.equal('succeeded');
  };
  await ended('volume.create', { size: 4 });
  expect(rehearsal.record(v1)).to.include({ state: 'OK', runtimeState: 'available', backendId: 'b-op-1:create' });
  await ended('volume.resize');
  await ended('volume.delete');
  await rehearsal.runToEnd();
  expect(rehearsal.record(v1)).to.equal(undefined);
  expect(rehearsal.history(v1)).to.deep.equal([
    'CREATION_SCHEDULED',
    'CREATING',
    'OK',
    'UPDATE_SCHEDULED',
    'UPDATING',
    'OK',
    'DELETION_SCHEDULED',
    'DELETING',
    'gone',
  ]);
  expect(backend.calls).to.deep.equal(['create b-op-1:create', 'remove b-op-1:create']);
  expect(transitionEvents(rehearsal)).to.deep.equal(EVENTS);
  return s;
}

const EVENTS = [
  'creationStarted',
  'creationSucceeded',
  'updateScheduled',
  'updateStarted',
  'actionSucceeded',
  'deletionScheduled',
  'deletionStarted',
  'deleted',
];

/** In the order in which they were first told; the same event may be told twice, under one id. */
function transitionEvents(rehearsal: Rehearsal): string[] {
  const told = new Map<string, string>();
  for (const { message } of rehearsal.broker.events)
    if (message.topic[0] === 'resource' && !told.has(message.id)) told.set(message.id, message.topic[3]!);
  return [...told.values()];
}

async function refusal(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it was not refused');
}

describe('a rehearsal', () => {
  it('takes a resource through its whole life', async () => {
    const { rehearsal } = await lifeOfOne();
    expect(rehearsal.deaths).to.equal(0);
    expect(rehearsal.view('op-1')?.output).to.deep.equal({ backendId: 'b-op-1:create' });
  });

  it('refuses at the front door what the front door refuses', async () => {
    const { rehearsal } = setup();
    const code = async (promise: Promise<unknown>): Promise<unknown> => {
      const error = await refusal(promise);
      return isTroupeError(error) ? [error.code, error.field] : error;
    };
    expect(await code(rehearsal.submit('nobody'))).to.deep.equal(['unknown_executor', 'executor']);
    expect(await code(rehearsal.submit('volume.create', { resource: v1, input: { size: -1 } }))).to.deep.equal([
      'invalid_input',
      'input.size',
    ]);
  });

  it('lets one of two operations have a resource, and rejects the other with its owner', async () => {
    const { rehearsal } = setup();
    rehearsal.put(v1, { backendId: 'b-1', state: 'OK' });
    const ids = [await rehearsal.submit('volume.resize', { resource: v1 }), await rehearsal.submit('volume.delete', { resource: v1 })];
    await rehearsal.runToEnd();
    const outcomes = ids.map((id) => rehearsal.outcome(id));
    expect([...outcomes].sort()).to.deep.equal(['rejected', 'succeeded']);
    const loser = rehearsal.view(ids[outcomes.indexOf('rejected')]!);
    expect(loser?.error).to.include({ code: 'conflict' });
    expect(loser?.error?.data).to.include({ operation: ids[outcomes.indexOf('succeeded')] });
  });

  it('answers a command that comes twice from its one operation', async () => {
    const { rehearsal, backend } = setup();
    rehearsal.put(v1, { state: 'CREATION_SCHEDULED' });
    for (let i = 0; i < 3; i++) await rehearsal.submit('volume.create', { id: 'same', resource: v1, input: { size: 1 } });
    await rehearsal.runToEnd();
    const answers = rehearsal.broker.answers.filter(({ answer }) => answer.operation === 'same').map(({ answer }) => answer.answer);
    expect(answers).to.include.members(['accepted', 'duplicate', 'ended']);
    expect(backend.calls).to.have.length(1);
  });

  it('leaves what failed in ERRED, with the error of the backend', async () => {
    const { rehearsal, backend } = setup();
    backend.on('create', () => {
      throw new TroupeError('need_exceeds_limit', 'no quota', { retryable: false });
    });
    rehearsal.put(v1, { state: 'CREATION_SCHEDULED' });
    const id = await rehearsal.submit('volume.create', { resource: v1, input: { size: 1 } });
    await rehearsal.runToEnd();
    expect(rehearsal.outcome(id)).to.equal('failed');
    expect(rehearsal.record(v1)).to.include({ state: 'ERRED', backendId: '' });
    expect(rehearsal.record(v1)?.error).to.include({ code: 'need_exceeds_limit' });
  });

  it('ends a cancelled operation, and what its worker says later changes nothing', async () => {
    const { rehearsal } = setup();
    rehearsal.put(v1, { state: 'OK', backendId: 'b-1' });
    const id = await rehearsal.submit('volume.resize', { resource: v1 });
    await rehearsal.runUntil(() => rehearsal.record(v1)?.state === 'UPDATING');
    rehearsal.cancel(id, 'not needed');
    await rehearsal.runToEnd();
    expect(rehearsal.outcome(id)).to.equal('cancelled');
    expect(rehearsal.record(v1)).to.include({ state: 'ERRED', currentOperation: null });
    expect(rehearsal.record(v1)?.error).to.include({ code: 'cancelled' });
  });

  it('joins children of a group once, whatever their number', async () => {
    const { rehearsal, backend } = setup();
    const names = Array.from({ length: 20 }, (_, i) => `v-${i}`);
    for (const name of names) rehearsal.put(Volume.ref(name), { state: 'CREATION_SCHEDULED' });
    const id = await rehearsal.submit('volumes.create', { input: { names } });
    await rehearsal.runToEnd();
    expect(rehearsal.outcome(id)).to.equal('succeeded');
    expect(backend.calls).to.have.length(20);
    expect(names.map((name) => rehearsal.record(Volume.ref(name))?.state)).to.deep.equal(names.map(() => 'OK'));
    expect(backend.mostBuilding).to.equal(2);
  });

  it('never builds more at once than the limit, also while that changes', async () => {
    const { rehearsal, backend } = setup({ limits: { default: 4 } });
    const names = Array.from({ length: 30 }, (_, i) => `v-${i}`);
    for (const name of names) {
      rehearsal.put(Volume.ref(name), { state: 'CREATION_SCHEDULED' });
      await rehearsal.submit('volume.create', { resource: Volume.ref(name), input: { size: 1 } });
    }
    await rehearsal.runUntil(() => backend.calls.length === 4);
    expect(rehearsal.leases('cloud').held).to.have.length(4);
    expect(rehearsal.leases('cloud').waiting).to.have.length(26);
    rehearsal.setLimit('cloud', 'volume', 0);
    await rehearsal.tick(600_000);
    expect(backend.calls).to.have.length(4);
    expect(rehearsal.leases('cloud').held).to.deep.equal([]);
    rehearsal.setLimit('cloud', 'volume', 8);
    await rehearsal.runToEnd();
    expect(backend.mostBuilding).to.equal(8);
    expect(backend.calls).to.have.length(30);
  });

  it('keeps the result of a task that was sent alone, after a failure as well', async () => {
    const { rehearsal, backend } = setup();
    let failures = 2;
    backend.on('work', () => {
      if (failures-- > 0) throw new Error('not yet');
    });
    const id = await rehearsal.send(tasks.work, null);
    await rehearsal.runToEnd();
    expect(rehearsal.result(id)).to.deep.include({
      id,
      task: 'work',
      attempt: 3,
      outcome: { kind: 'succeeded', output: { worked: true } },
    });
  });
});

describe('whatever happens during a rehearsal', function () {
  this.timeout(180_000);

  for (const fault of ['crash', 'crashBefore', 'loseAck', 'fail'] as const) {
    it(`a resource lives the same life with the fault ${fault} at any one write`, async () => {
      const runs = await faultEverywhere(fault, async (faults) => void (await lifeOfOne({ faults })));
      expect(runs).to.be.greaterThan(40);
    });
  }

  it('a resource lives the same life when every message comes twice, up to an hour apart', async () => {
    for (let seed = 1; seed <= 5; seed++) await lifeOfOne({ seed, repeats: 1, repeatWithinMs: 3_600_000, shuffleMs: 100 });
  });

  it('what may not happen twice happens once, with a crash at any one write', async () => {
    const runs = await faultEverywhere('crash', async (faults) => {
      const { rehearsal, backend } = setup({ faults, taskAckWaitMs: 5_000 });
      const id = await rehearsal.submit('charge');
      await rehearsal.runToEnd();
      expect(rehearsal.outcome(id)).to.equal('succeeded');
      expect(backend.calls).to.deep.equal(['charge op-1:charge']);
    });
    expect(runs).to.be.greaterThan(5);
  });

  it('a group of children ends, every volume made once, under all faults at once, from many seeds', async () => {
    let deaths = 0;
    for (let seed = 1; seed <= 10; seed++) {
      const faults = seededFaults(createSeededRandom(seed), { fail: 0.03, loseAck: 0.03, crash: 0.03 });
      const { rehearsal, backend } = setup({
        seed,
        faults,
        repeats: 1,
        shuffleMs: 100,
        latencyMs: 5,
        stray: 0.2,
        timerLatenessMs: 250,
        taskAckWaitMs: 5_000,
      });
      const names = ['a', 'b', 'c', 'd'];
      for (const name of names) rehearsal.put(Volume.ref(name), { state: 'CREATION_SCHEDULED' });
      const id = await rehearsal.submit('volumes.create', { input: { names } });
      await rehearsal.runToEnd();
      expect(rehearsal.outcome(id), `seed ${seed}`).to.equal('succeeded');
      expect(backend.calls, `seed ${seed}`).to.have.length(4);
      expect(backend.mostBuilding, `seed ${seed}`).to.be.at.most(2);
      deaths += rehearsal.deaths;
    }
    expect(deaths).to.be.greaterThan(10);
  });

  it('of many operations that fight for one resource each ends, and none writes what it does not own', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const faults = seededFaults(createSeededRandom(seed), { loseAck: 0.05, crash: 0.05 });
      const { rehearsal } = setup({ seed, faults, shuffleMs: 300, stray: 0.3, taskAckWaitMs: 5_000 });
      rehearsal.put(v1, { state: 'OK', backendId: 'b-1' });
      const ids: string[] = [];
      for (let i = 0; i < 6; i++) {
        ids.push(await rehearsal.submit('volume.resize', { resource: v1 }));
        await rehearsal.tick(400);
        if (i % 2 === 1) rehearsal.cancel(ids.at(-1)!);
      }
      await rehearsal.runToEnd();
      for (const id of ids) expect(rehearsal.outcome(id), `seed ${seed} ${id}`).to.be.oneOf(['succeeded', 'rejected', 'cancelled']);
    }
  });

  it('takes the same course for the same seed', async () => {
    const course = async (): Promise<readonly string[]> => {
      const faults = seededFaults(createSeededRandom(7), { loseAck: 0.02, crash: 0.02 });
      return (await lifeOfOne({ seed: 7, faults, trace: true, shuffleMs: 50, latencyMs: 3, taskAckWaitMs: 5_000 })).rehearsal.trace;
    };
    expect(await course()).to.deep.equal(await course());
  });
});

describe('a rehearsal that goes wrong', () => {
  it('is told with its seed and with what is wrong', async () => {
    const { rehearsal } = setup({ seed: 9 });
    rehearsal.put(v1, { state: 'UPDATING' });
    rehearsal.put(Volume.ref('v-2'), { state: 'OK', currentOperation: 'lost' });
    const error = (await refusal(rehearsal.runToEnd())) as Error;
    expect(error.message.split('\n  ')).to.deep.equal([
      'seed 9: nothing is left to do, but',
      'volume/v-1 stands in UPDATING, and nobody holds it',
      'volume/v-2 is still held by lost, in OK',
    ]);
  });

  it('stops at a transition that no table names', async () => {
    const { rehearsal } = setup();
    rehearsal.put(v1, { state: 'ERRED' });
    expect(() => rehearsal.put(v1, { state: 'CREATING' })).to.throw('no transition leads from ERRED to CREATING');
  });
});
