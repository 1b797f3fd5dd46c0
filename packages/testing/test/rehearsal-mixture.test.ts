import { expect } from 'chai';
import { createSeededRandom, seededFaults } from '@troupe/testing';
import { setup, v1, Volume } from './stage.ts';

/** More by `TROUPE_SEEDS=200`, for a night. */
const SEEDS = Number(process.env['TROUPE_SEEDS'] ?? 8);

/** Everything at once, all of it drawn: how hard the faults are, who takes part, what is asked for, cancelled and killed when. */
async function mixture(seed: number): Promise<number> {
  const random = createSeededRandom(seed);
  const rate = (): number => random.next() * 0.08;
  const { rehearsal, backend } = setup({
    seed,
    faults: seededFaults(random.fork('faults'), { fail: rate(), loseAck: rate(), crash: rate() }),
    repeats: random.int(3),
    repeatWithinMs: random.int(600_000),
    shuffleMs: random.int(400),
    latencyMs: random.int(30),
    stray: random.next() * 0.6,
    timerLatenessMs: 250,
    taskAckWaitMs: 5_000,
    throttles: 1 + random.int(2),
    supervisors: 1 + random.int(3),
    limits: { default: 1 + random.int(3) },
  });
  const names = ['a', 'b', 'c', 'd', 'e'];
  for (const name of names) rehearsal.put(Volume.ref(name), { state: 'CREATION_SCHEDULED' });
  rehearsal.put(v1, { state: 'OK', backendId: 'b-1' });
  let failures = random.int(6);
  backend.on('create', () => {
    if (failures-- > 0) throw new Error('the backend is tired');
  });
  const ids = [
    await rehearsal.submit('volumes.create', { input: { names: names.slice(0, 3) } }),
    // one of them is wanted by both
    await rehearsal.submit('volumes.together', { input: { names: names.slice(2) } }),
  ];
  for (let i = 0; i < 4; i++) {
    ids.push(await rehearsal.submit(random.pick(['volume.resize', 'volume.delete']), { resource: v1 }));
    await rehearsal.tick(random.int(3_000));
    if (random.chance(0.3)) rehearsal.cancel(random.pick(ids));
    if (random.chance(0.2)) rehearsal.killAll();
  }
  ids.push(await rehearsal.submit('charge'));
  await rehearsal.runToEnd();
  for (const id of ids) expect(rehearsal.outcome(id), `seed ${seed} ${id}`).to.be.oneOf(['succeeded', 'failed', 'cancelled', 'rejected']);
  expect(rehearsal.outcome(ids.at(-1)!), `seed ${seed}`).to.equal('succeeded');
  expect(new Set(backend.calls).size, `seed ${seed}: ${backend.calls.join()}`).to.equal(backend.calls.length);
  return rehearsal.deaths;
}

describe('any mixture of operations, under any faults', function () {
  this.timeout(SEEDS * 20_000);

  it('comes to its end: nothing lost, nothing done twice, nothing left half-way', async () => {
    let deaths = 0;
    for (let seed = 1; seed <= SEEDS; seed++) deaths += await mixture(seed);
    expect(deaths).to.be.at.least(SEEDS);
  });
});
