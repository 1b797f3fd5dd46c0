/** Any order of events, mail that is late and overtaken, every message twice, hosts that crash: what must hold all the same. */
import type { TaskMessage } from '@troupe/protocol';
import { expect } from 'chai';
import fc from 'fast-check';
import type { FanoutEnded } from '@troupe/schedule';
import { createWorld, hourlyEach, list, objectOf, pull } from '../world.ts';

type Step =
  | { readonly do: 'advance'; readonly seconds: number }
  | { readonly do: 'answer' | 'answerAgain'; readonly how: 'succeeded' | 'failed' | 'cancelled' | 'unknown'; readonly at: number }
  | { readonly do: 'mail'; readonly back: number }
  | { readonly do: 'fireAgain'; readonly back: number }
  | { readonly do: 'rebuild' | 'runNow' };

const at = fc.integer({ min: 0, max: 20 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('advance' as const), seconds: fc.constantFrom(1, 5, 60, 3_600) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('answer' as const, 'answer' as const, 'answer' as const, 'answerAgain' as const),
      how: fc.constantFrom('succeeded', 'succeeded', 'succeeded', 'failed', 'cancelled', 'unknown'),
      at,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('mail' as const),
      back: fc.oneof({ weight: 4, arbitrary: fc.constant(99) }, fc.integer({ min: 1, max: 3 })),
    }),
  },
  fc.record({ do: fc.constant('fireAgain' as const), back: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ do: fc.constantFrom('rebuild' as const, 'runNow' as const) }),
);

const policies = fc.record({
  overlap: fc.constantFrom('skip' as const, 'bufferOne' as const, 'cancelPrevious' as const),
  inFlight: fc.integer({ min: 1, max: 6 }),
  perSecond: fc.constantFrom(0.5, 2, 100),
  pageSize: fc.integer({ min: 1, max: 5 }),
  objects: fc.integer({ min: 0, max: 12 }),
  jitter: fc.constantFrom(undefined, '5s' as const),
});

const OF_A_RUN = ['succeeded', 'failed', 'unknown', 'cancelled', 'skippedOverlap', 'skippedPenalty', 'carriedOver', 'notStarted'];

describe('a fan-out in any order of events', () => {
  it('starts each object once for each nominal time, never has two runs of one object alive, and loses none (S81, S83, S85)', () => {
    fc.assert(
      fc.property(policies, fc.array(step, { minLength: 10, maxLength: 120 }), fc.boolean(), (options, steps, twice) => {
        const { overlap, objects, jitter, ...each } = options;
        const names = Array.from({ length: objects }, (_, i) => `o${String(i).padStart(2, '0')}`);
        const world = createWorld(names, { twice, slow: true });
        world.define(hourlyEach({ ...each, ...(jitter === undefined ? {} : { jitter }) }, { overlap, penaltyCap: 0 }));
        world.advance(1_800_000);
        const answered: TaskMessage[] = [];
        const fired: typeof world.timers = [];
        for (const one of steps) {
          fired.push(...world.timers);
          switch (one.do) {
            case 'advance':
              world.advance(one.seconds * 1_000);
              break;
            case 'answer': {
              const message = world.open[one.at % Math.max(1, world.open.length)];
              if (message === undefined) break;
              answered.push(message);
              world.answer(message, one.how);
              break;
            }
            case 'answerAgain': {
              const message = answered[one.at % Math.max(1, answered.length)];
              if (message !== undefined) world.answer(message, one.how);
              break;
            }
            case 'mail':
              world.letThrough(one.back);
              break;
            case 'fireAgain': {
              const timer = fired.at(-one.back);
              if (timer !== undefined && !world.timers.some(({ id }) => id === timer.id)) world.fire(timer);
              break;
            }
            case 'rebuild':
              world.rebuild();
              break;
            case 'runNow':
              world.verb('runNow');
          }
          expect(new Set(world.sent.map(({ id }) => id)).size, 'each attempt is sent once').to.equal(world.sent.length);
          const open = world.open.filter(({ task }) => task === pull.name).map(objectOf);
          expect(new Set(open).size, `one run of each object: ${open.join(' ')}`).to.equal(open.length);
          expect(open.length, 'in flight').to.be.at.most(options.inFlight);
        }
        finish(world);
        const ended = world.events.filter(({ what }) => what === 'listed').map(({ body }) => body as unknown as FanoutEnded);
        for (const { run, counts, error, ended: how } of ended) {
          const sum = OF_A_RUN.reduce((total, what) => total + (counts![what] ?? 0), 0);
          expect(sum, `${run} ${JSON.stringify(counts)}`).to.equal(counts!['listed']);
          if (how === 'succeeded' || error?.code === 'every_object_failed') expect(counts!['listed'], run).to.equal(objects);
        }
        expect([...world.items], 'no page is left').to.deep.equal([]);
        expect(world.fanout.live).to.deep.equal([]);
        const runs = world.events.filter(({ what }) => what === 'ran').length;
        expect(ended.length, 'each run of the schedule has one end').to.equal(runs);
      }),
      { numRuns: 400 },
    );
  }).timeout(120_000);
});

/** Everything is let through and answered, without another nominal time. */
function finish(world: ReturnType<typeof createWorld>): void {
  world.verb('pause');
  for (let tries = 0; tries < 500; tries++) {
    while (world.waitingMails > 0) world.letThrough();
    const message = world.open.find(({ task }) => task === list.name) ?? world.open[0];
    if (message !== undefined) world.answer(message);
    else if (world.schedule.run !== undefined || world.fanout.live.length > 0) world.advance(1_000);
    else return;
  }
  expect.fail('it does not come to an end');
}
