import { expect } from 'chai';
import { createSeededRandom, faultEverywhere, type PortCall, seededFaults } from '@troupe/testing';
import { tasks } from './backend.ts';
import { setup, v1, Volume } from './stage.ts';

/** So many volumes, each asked for by an operation of its own. */
async function crowd(size: number, options: Parameters<typeof setup>[0] = {}) {
  const s = setup(options);
  const ids: string[] = [];
  for (let i = 0; i < size; i++) {
    s.rehearsal.put(Volume.ref(`v-${i}`), { state: 'CREATION_SCHEDULED' });
    ids.push(await s.rehearsal.submit('volume.create', { resource: Volume.ref(`v-${i}`), input: { size: 1 } }));
  }
  const outcomes = (): (string | undefined)[] => ids.map((id) => s.rehearsal.outcome(id));
  return { ...s, ids, outcomes };
}

const writesOf = (role: string) => (call: PortCall) => call.writes && call.client.startsWith(role);

describe('the limit of a throttle', function () {
  this.timeout(120_000);

  for (const fault of ['crash', 'crashBefore', 'loseAck'] as const) {
    it(`holds, and everybody gets a turn, with the fault ${fault} at any one write of the throttle`, async () => {
      const runs = await faultEverywhere(
        fault,
        async (faults) => {
          const { rehearsal, backend, outcomes } = await crowd(3, { faults, limits: { default: 1 } });
          await rehearsal.runToEnd();
          expect(outcomes()).to.deep.equal(['succeeded', 'succeeded', 'succeeded']);
          expect(backend.mostBuilding).to.equal(1);
        },
        { counts: writesOf('throttle') },
      );
      expect(runs).to.be.greaterThan(10);
    });
  }

  it('holds with three throttle processes that all believe to own the scope', async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const { rehearsal, backend, outcomes } = await crowd(8, { seed, throttles: 3, stray: 0.7, shuffleMs: 50, latencyMs: 5, repeats: 1 });
      await rehearsal.runToEnd();
      expect(new Set(outcomes()), `seed ${seed}`).to.deep.equal(new Set(['succeeded']));
      expect(backend.mostBuilding, `seed ${seed}`).to.equal(2);
    }
  });

  it('holds while any role is killed again and again', async () => {
    for (const role of ['supervisor', 'throttle', 'worker']) {
      const { rehearsal, backend, outcomes } = await crowd(6, { latencyMs: 20, taskAckWaitMs: 5_000 });
      for (let i = 0; i < 30; i++) {
        await rehearsal.tick(997);
        rehearsal.kill(role);
      }
      await rehearsal.runToEnd();
      expect(new Set(outcomes()), role).to.deep.equal(new Set(['succeeded']));
      expect(backend.mostBuilding, role).to.be.at.most(2);
      expect(backend.calls, role).to.have.length(6);
      expect(rehearsal.deaths, role).to.be.at.least(10);
    }
  });

  it('is not leaked by operations that fail or are cancelled while they wait, hold or build', async () => {
    for (let seed = 1; seed <= 8; seed++) {
      const random = createSeededRandom(seed);
      const faults = seededFaults(random.fork('faults'), { crash: 0.02, loseAck: 0.02 });
      const { rehearsal, backend, ids, outcomes } = await crowd(8, { seed, faults, taskAckWaitMs: 5_000 });
      let failures = 3;
      backend.on('create', () => {
        if (failures-- > 0) throw new Error('no');
      });
      for (const id of random.shuffle(ids).slice(0, 4)) {
        await rehearsal.tick(random.int(20_000));
        rehearsal.cancel(id);
      }
      await rehearsal.runToEnd();
      expect(rehearsal.leases('cloud'), `seed ${seed}`).to.deep.equal({ held: [], waiting: [] });
      // a build that was cancelled goes on at the backend, without its lease: there may be one for each of the four
      expect(backend.mostBuilding, `seed ${seed}`).to.be.at.most(2 + 4);
      for (const outcome of outcomes()) expect(outcome, `seed ${seed}`).to.be.oneOf(['succeeded', 'cancelled']);
    }
  });
});

describe('an operation', function () {
  this.timeout(120_000);

  it('that is cancelled at any moment ends, its resource at rest and its lease back', async () => {
    const outcomes = new Set<string>();
    for (let ms = 0; ms <= 40_000; ms += 700) {
      const { rehearsal, ids } = await crowd(1, { shuffleMs: 20, latencyMs: 5 });
      await rehearsal.tick(ms);
      rehearsal.cancel(ids[0]!);
      await rehearsal.runToEnd();
      const outcome = rehearsal.outcome(ids[0]!)!;
      outcomes.add(outcome);
      expect(rehearsal.record(Volume.ref('v-0'))?.state, `${ms} ms`).to.be.oneOf(
        outcome === 'succeeded' ? ['OK'] : ['ERRED', 'CREATION_SCHEDULED', undefined],
      );
    }
    expect(outcomes).to.deep.equal(new Set(['cancelled', 'succeeded']));
  });

  it('that is told to cancel twice, from two sides, ends once', async () => {
    const { rehearsal, ids } = await crowd(1, { repeats: 2, shuffleMs: 500 });
    await rehearsal.tick(3_000);
    for (let i = 0; i < 3; i++) rehearsal.cancel(ids[0]!, `reason ${i}`);
    await rehearsal.runToEnd();
    const ends = rehearsal.broker.events.filter(({ message }) => message.topic[0] === 'operation' && message.topic.at(-1) === 'ended');
    expect(new Set(ends.map(({ message }) => message.id)).size).to.equal(1);
    expect(rehearsal.outcome(ids[0]!)).to.equal('cancelled');
  });

  it('tries a failing step again, with pauses, also when its workers die', async () => {
    const faults = seededFaults(createSeededRandom(3), { crash: 0.05 });
    const { rehearsal, backend, ids } = await crowd(1, { faults, taskAckWaitMs: 5_000 });
    let failures = 3;
    backend.on('create', () => {
      if (failures-- > 0) throw new Error('the backend is tired');
    });
    await rehearsal.runToEnd();
    expect(rehearsal.outcome(ids[0]!)).to.equal('succeeded');
    expect(rehearsal.view(ids[0]!)?.log.map((entry) => entry.error.message)).to.deep.equal(Array(3).fill('the backend is tired'));
    expect(backend.calls).to.have.length(1);
  });

  it('that joins others stops them when one fails, and ends after all of them', async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const { rehearsal, backend } = setup({ seed, shuffleMs: 50, repeats: 1, limits: { default: 10 } });
      const names = ['a', 'b', 'c', 'd'];
      for (const name of names) rehearsal.put(Volume.ref(name), { state: 'CREATION_SCHEDULED' });
      let first = true;
      backend.on('create', () => {
        if (first) {
          first = false;
          throw Object.assign(new Error('quota'), { code: 'fatal', retryable: false });
        }
      });
      const id = await rehearsal.submit('volumes.together', { input: { names } });
      await rehearsal.runToEnd();
      expect(rehearsal.outcome(id), `seed ${seed}`).to.equal('failed');
      const states = names.map((name) => rehearsal.record(Volume.ref(name))?.state);
      expect(states.filter((state) => state === 'ERRED').length, `seed ${seed} ${states.join()}`).to.be.at.least(1);
    }
  });

  it('hands its context to every task, and its class to every message', async () => {
    const { rehearsal } = setup({ repeats: 1 });
    const id = await rehearsal.submit('heavy', { context: { user: 'ada', correlation: 'c-1' } });
    await rehearsal.runToEnd();
    expect(rehearsal.outcome(id)).to.equal('succeeded');
    const { sent } = rehearsal.broker.tasks;
    expect(sent.map((task) => [task.message.step, task.class, task.context])).to.deep.equal(
      ['first', 'second'].map((step) => [step, 'heavy', { user: 'ada', correlation: 'c-1' }]),
    );
  });
});

describe('a task that was sent alone', function () {
  this.timeout(120_000);

  for (const fault of ['crash', 'crashBefore', 'loseAck', 'fail'] as const) {
    it(`has one result in the end, with the fault ${fault} at any one write, though its first attempt fails`, async () => {
      const runs = await faultEverywhere(fault, async (faults) => {
        const { rehearsal, backend } = setup({ faults, taskAckWaitMs: 5_000 });
        let calls = 0;
        backend.on('work', () => {
          if (++calls === 1) throw new Error('not yet');
        });
        const id = await rehearsal.send(tasks.work, null);
        await rehearsal.runToEnd();
        expect(rehearsal.result(id)?.outcome).to.deep.equal({ kind: 'succeeded', output: { worked: true } });
      });
      expect(runs).to.be.greaterThan(3);
    });
  }
});

describe('whoever wants a resource that is taken', function () {
  this.timeout(120_000);

  it('waits for it as a child, and gets it when the other has ended', async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const { rehearsal } = setup({ seed, shuffleMs: 50, stray: 0.3, repeats: 1 });
      rehearsal.put(v1, { state: 'CREATION_SCHEDULED' });
      rehearsal.put(Volume.ref('other'), { state: 'CREATION_SCHEDULED' });
      const first = await rehearsal.submit('volume.create', { resource: v1, input: { size: 1 } });
      await rehearsal.runUntil(() => rehearsal.record(v1)?.currentOperation === first);
      const second = await rehearsal.submit('volumes.create', { input: { names: ['v-1', 'other'] } });
      await rehearsal.runToEnd();
      expect(rehearsal.outcome(first), `seed ${seed}`).to.equal('succeeded');
      // the volume is there already, and a Create is not accepted in OK: the child must hear so, not hang
      expect(rehearsal.outcome(second), `seed ${seed}`).to.equal('failed');
      expect(rehearsal.record(Volume.ref('other'))?.state, `seed ${seed}`).to.equal('OK');
    }
  });
});
