import { sleep } from '@troupe/actor';
import { handle, withPatch } from '@troupe/task';
import { createRehearsal, createSeededRandom, type Fault, faultEverywhere, type RehearsalOptions, seededFaults } from '@troupe/testing';
import { expect } from 'chai';
import { look, Machine, make, type PlanName, plans } from './app.ts';

/** More by `TROUPE_SEEDS=200`, for a night. */
const SEEDS = Number(process.env['TROUPE_SEEDS'] ?? 5);

/** One operation of the plan from its command to its end, and everything that an end must leave behind. Returns how many processes died. */
async function rehearse(plan: PlanName, seed: number, options: Partial<RehearsalOptions> = {}): Promise<number> {
  const made: string[] = [];
  let looks = 0;
  const calls = createSeededRandom(seed).fork('calls');
  const rehearsal = createRehearsal({
    seed,
    executors: Object.values(plans).map(({ executor }) => executor),
    handlers: ({ clock }) => [
      handle(make, async (_input, { idempotencyToken }) => {
        await sleep(clock, 1 + calls.int(500));
        if (!made.includes(idempotencyToken)) made.push(idempotencyToken);
        await sleep(clock, 1 + calls.int(500));
        return { made: idempotencyToken };
      }),
      handle(look, () => withPatch(null, { runtimeState: ++looks > 4 ? 'available' : 'building' })),
    ],
    limits: { default: 1 },
    dedupWindowMs: 1_000,
    taskAckWaitMs: 5_000,
    // every message comes twice, in a drawn order, up to an hour apart
    repeats: 1,
    repeatWithinMs: 3_600_000,
    shuffleMs: 100,
    latencyMs: 5,
    ...options,
  });
  const machine = Machine.ref('m1');
  rehearsal.put(machine, { state: 'CREATION_SCHEDULED' });
  const id = await rehearsal.submit(plans[plan].executor.name, { resource: machine });
  // throws with the seed what is left: an operation without end, a held resource, a lease, a dead letter
  await rehearsal.runToEnd();
  const found = {
    outcome: rehearsal.outcome(id),
    state: rehearsal.record(machine)?.state,
    leases: rehearsal.leases('backend'),
    made: made.toSorted(),
  };
  const wanted = {
    outcome: 'succeeded',
    state: 'OK',
    leases: { held: [], waiting: [] },
    made: plans[plan].makes.map((step) => `${id}:${step}`).toSorted(),
  };
  expect(found, `seed ${seed}`).to.deep.equal(wanted);
  return rehearsal.deaths;
}

describe('G5 in the rehearsal: every message twice, in any order, and nothing is lost', function () {
  this.timeout(SEEDS * 60_000);

  for (const plan of Object.keys(plans) as PlanName[]) {
    for (const fault of ['crash', 'crashBefore', 'loseAck'] satisfies Fault[]) {
      it(`of a plan with a ${plan}, with the fault ${fault} at any one write`, async () => {
        const runs = await faultEverywhere(fault, async (faults) => void (await rehearse(plan, 1, { faults })));
        expect(runs).to.be.greaterThan(20);
      });
    }

    it(`of a plan with a ${plan}, with faults of every kind at once, from many seeds`, async () => {
      let deaths = 0;
      for (let seed = 1; seed <= SEEDS; seed++) {
        const faults = seededFaults(createSeededRandom(seed), { fail: 0.03, loseAck: 0.03, crash: 0.05 });
        deaths += await rehearse(plan, seed, { faults, stray: 0.2, timerLatenessMs: 250, throttles: 2 });
      }
      expect(deaths).to.be.greaterThan(SEEDS);
    });
  }
});
