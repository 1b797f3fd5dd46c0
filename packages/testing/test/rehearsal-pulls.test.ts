import { createPull, step } from '@troupe/executor';
import { Fatal } from '@troupe/task';
import { createSeededRandom, seededFaults } from '@troupe/testing';
import { expect } from 'chai';
import { tasks } from './backend.ts';
import { executors, setup, v1, Volume } from './stage.ts';

const pull = createPull({
  name: 'volume.pull',
  resource: Volume,
  broken: ['tired'],
  look: ({ resource }) => step('look', tasks.look, { id: resource.backendId }, { retry: { attempts: 1 } }),
});

/** Pulls and operations of one volume, all mixed up, on hosts that die. */
async function mixture(seed: number): Promise<{ deaths: number; outcomes: string[] }> {
  const random = createSeededRandom(seed);
  const { rehearsal, backend } = setup({
    seed,
    executors: [...executors, pull],
    faults: seededFaults(random.fork('faults'), { fail: 0.03, loseAck: 0.03, crash: 0.03 }),
    repeats: random.int(3),
    repeatWithinMs: random.int(60_000),
    shuffleMs: random.int(300),
    supervisors: 1 + random.int(2),
    taskAckWaitMs: 5_000,
  });
  rehearsal.put(v1, { state: 'OK', backendId: 'b-1' });
  backend.on('look', () => {
    if (random.chance(0.3)) throw new Fatal('no such volume', { code: 'missing_on_backend' });
    if (random.chance(0.3)) throw new Fatal('not now', { code: 'tired' });
  });
  const pulls: string[] = [];
  for (let i = 0; i < 6; i++) {
    pulls.push(await rehearsal.submit('volume.pull', { resource: v1 }));
    await rehearsal.tick(random.int(900));
    await rehearsal.submit('volume.resize', { resource: v1 });
    await rehearsal.tick(random.int(4_000));
  }
  // the last word: it is there, and well
  await rehearsal.runToEnd();
  backend.on('look', undefined);
  backend.things.set('b-1', { readyAt: 0 });
  const last = await rehearsal.submit('volume.pull', { resource: v1 });
  await rehearsal.runToEnd();
  // runToEnd and the watchman hold the rest: legal transitions only, nothing owned, nothing waiting
  expect(rehearsal.outcome(last), `seed ${seed}`).to.equal('succeeded');
  expect(rehearsal.record(v1), `seed ${seed}`).to.include({ state: 'OK', error: null, runtimeState: 'available', currentOperation: null });
  return { deaths: rehearsal.deaths, outcomes: pulls.map((id) => String(rehearsal.outcome(id))) };
}

describe('pulls beside operations of the same resource, under any faults', function () {
  this.timeout(120_000);

  it('C14 never move it out of their hands, and the last pull that looked in peace says how it is', async () => {
    let deaths = 0;
    const seen = new Set<string>();
    for (let seed = 1; seed <= 8; seed++) {
      const { deaths: more, outcomes } = await mixture(seed);
      deaths += more;
      for (const outcome of outcomes) seen.add(outcome);
    }
    expect(deaths).to.be.at.least(1);
    expect([...seen]).to.include.members(['succeeded', 'superseded', 'rejected']);
  });
});
