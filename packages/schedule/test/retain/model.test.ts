/** Any order of events, hosts that crash, every message twice, operations that fail: what must hold for what a schedule makes and keeps. */
import { expect } from 'chai';
import fc from 'fast-check';
import { createBackups } from './backups.ts';

type Step =
  | { readonly do: 'advance'; readonly minutes: number }
  | { readonly do: 'end'; readonly outcome: 'succeeded' | 'failed' | 'cancelled'; readonly at: number }
  | { readonly do: 'answerTasks' | 'rebuild' | 'resume' | 'runNow' | 'pause' }
  | { readonly do: 'removeByHand'; readonly at: number };

const at = fc.integer({ min: 0, max: 9 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('advance' as const), minutes: fc.constantFrom(1, 15, 120, 1_440) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      outcome: fc.constantFrom('succeeded', 'succeeded', 'failed', 'cancelled'),
      at,
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('answerTasks' as const) }) },
  fc.record({ do: fc.constantFrom('rebuild' as const, 'resume' as const, 'runNow' as const, 'pause' as const) }),
  fc.record({ do: fc.constant('removeByHand' as const), at }),
);

describe('a schedule of backups in any order of events', () => {
  it('never makes more than the maximum, makes one for a run, and deletes only what rests (S93, S95)', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(undefined, '1d' as const, '3d' as const),
        fc.array(step, { minLength: 10, maxLength: 100 }),
        fc.boolean(),
        (max, keep, steps, twice) => {
          const backups = createBackups({
            twice,
            retain: { max, ...(keep === undefined ? {} : { keep }) },
            more: { pauseOn: [], penaltyCap: 0 },
          });
          const { world, there } = backups;
          backups.define();
          let ordered = 0;
          for (const one of steps) {
            switch (one.do) {
              case 'advance':
                world.advance(one.minutes * 60_000);
                break;
              case 'answerTasks':
                backups.answerTasks();
                break;
              case 'rebuild':
                world.rebuild();
                break;
              case 'removeByHand': {
                // nobody removes what an operation has
                const resting = [...there].filter(([, { state }]) => state === 'OK' || state === 'ERRED');
                const found = resting[one.at % Math.max(1, resting.length)];
                if (found !== undefined) there.delete(found[0]);
                break;
              }
              case 'end': {
                const running = backups.running();
                const found = running[one.at % Math.max(1, running.length)];
                // one whose resource was removed by hand is refused
                if (found === undefined) break;
                if (there.has(found.resource.id)) backups.end(found.id, one.outcome);
                else backups.end(found.id, 'rejected', { code: 'resource_gone', message: 'gone' });
                break;
              }
              default:
                world.verb(one.do);
            }
            expect(there.size, [...there.keys()].join(' ')).to.be.at.most(max);
            const commands = backups.commands();
            for (const { executor, resource } of commands.slice(ordered)) {
              const state = there.get(resource.id)?.state;
              if (executor === 'backup.delete') expect(['OK', 'ERRED', 'DELETION_SCHEDULED', undefined], resource.id).to.include(state);
            }
            ordered = commands.length;
            expect(new Set(commands.map(({ id }) => id)).size, 'each operation is ordered once').to.equal(ordered);
            const created = commands.filter(({ executor }) => executor === 'backup.create').map(({ resource }) => resource.id);
            expect(new Set(created).size, 'one for a run').to.equal(created.length);
          }
        },
      ),
      { numRuns: 300 },
    );
  }).timeout(60_000);
});
