/** Any order of events, with messages twice and late, hosts that crash, and nobody there for hours: what must hold all the same. */
import type { TaskMessage } from '@troupe/protocol';
import { calendarOf, type Outcome } from '@troupe/schedule';
import { expect } from 'chai';
import fc from 'fast-check';
import { createBench, hourly, HOUR_MS, START, stubborn } from './bench.ts';

type Step =
  | { readonly do: 'advance'; readonly minutes: number; readonly asleep: boolean }
  | { readonly do: 'answer'; readonly how: 'succeeded' | 'failed' | 'cancelled' | 'unknown'; readonly back: number }
  | { readonly do: 'fireAgain'; readonly back: number }
  | { readonly do: 'rebuild' | 'pause' | 'resume' | 'runNow' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('advance' as const), minutes: fc.integer({ min: 1, max: 200 }), asleep: fc.boolean() }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      how: fc.constantFrom('succeeded', 'failed', 'cancelled', 'unknown'),
      back: fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, fc.integer({ min: 1, max: 4 })),
    }),
  },
  fc.record({ do: fc.constant('fireAgain' as const), back: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ do: fc.constantFrom('rebuild' as const, 'pause' as const, 'resume' as const, 'runNow' as const) }),
);

const policies = fc.record({
  overlap: fc.constantFrom('skip' as const, 'bufferOne' as const, 'cancelPrevious' as const),
  missed: fc.constantFrom('skip' as const, 'latest' as const, { all: 3 }),
  pauseOn: fc.constantFrom('any' as const, [] as string[]),
  penaltyCap: fc.constantFrom(0, 3),
});

/** How often each nominal time stands in the outcomes that were published. */
function decisions(outcomes: readonly Outcome[]): Map<number, number> {
  const calendar = calendarOf({ cron: '0 * * * *' });
  const found = new Map<number, number>();
  for (const { nominal, to = nominal } of outcomes) {
    for (let at = nominal; at !== undefined && at <= to!; at = calendar.after(at)) found.set(at, (found.get(at) ?? 0) + 1);
  }
  return found;
}

describe('a schedule in any order of events', () => {
  it('decides each nominal time once, starts each run once, and never has two alive', () => {
    fc.assert(
      fc.property(policies, fc.array(step, { minLength: 5, maxLength: 60 }), fc.boolean(), (options, steps, twice) => {
        const bench = createBench({ twice });
        bench.define(hourly({ ...options, task: stubborn }));
        const fired: string[] = [];
        for (const one of steps) {
          fired.push(...bench.timers.map((timer) => timer.id));
          switch (one.do) {
            case 'advance':
              bench.advance(one.minutes * 60_000, { asleep: one.asleep });
              break;
            case 'answer': {
              const message: TaskMessage | undefined = bench.tasks.at(-one.back);
              if (message !== undefined) bench.answer(one.how, { message });
              break;
            }
            case 'fireAgain': {
              const timer = fired.at(-one.back);
              // one that still waits is early, and no server fires early
              if (timer !== undefined && !bench.timers.some(({ id }) => id === timer)) bench.fire(timer);
              break;
            }
            case 'rebuild':
              bench.rebuild();
              break;
            default:
              bench.verb(one.do);
          }
          expect(new Set(bench.tasks.map((task) => task.id)).size, 'each attempt is sent once').to.equal(bench.tasks.length);
          // between a run's first attempt and its end, no other begins
          const order = bench.events.filter(({ what }) => what === 'ran' || what === 'ended').map(({ what }) => what);
          for (const [i, what] of order.entries()) expect(what, order.join(' ')).to.equal(i % 2 === 0 ? 'ran' : 'ended');
        }
        bench.verb('resume');
        // what waits for a run is decided when that has ended
        for (let tries = 0; bench.root.run !== undefined && tries < 50; tries++) {
          if (bench.root.run.timer === undefined) bench.answer('succeeded');
          else bench.advance(60_000);
        }
        const outcomes = bench.events.filter(({ body }) => (body as { what?: string }).what !== undefined);
        const counts = decisions(outcomes.map(({ body }) => body as unknown as Outcome));
        for (const [nominal, count] of counts) expect(count, new Date(nominal).toISOString()).to.equal(1);
        const waiting = bench.root.waiting.length;
        const passed = Math.floor(bench.now / HOUR_MS) - Math.floor(START / HOUR_MS);
        expect(counts.size + waiting, 'every nominal time that has passed is decided').to.equal(passed);
      }),
      { numRuns: 500 },
    );
  }).timeout(60_000);
});
