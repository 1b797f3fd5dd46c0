/** A herd of schedules: what all are due at one minute, and what it costs to spread them. */
import { atMost, each, type Scenario } from './scenario.ts';
import { median } from './statistics.ts';

const SPREAD_MS = { full: 20_000, check: 5_000 };

export const herdScenario: Scenario = {
  name: 'herd',
  title: '10,000 schedules due at one minute',
  how: `Each starts a task that does nothing; scheduler, worker and 64 slots in one process. From the nominal time to the start of the handler: of the last, and with \`spread\` from the end of the ${SPREAD_MS.full / 1_000} s over which they are spread (--check: 300 over 5 s).`,
  rounds: { full: 1, check: 1 },
  sides: (isQuick) => {
    const count = isQuick ? 300 : 10_000;
    return [
      { label: 'at once', module: 'herd', run: 'herd', input: { count } },
      { label: 'spread', module: 'herd', run: 'herd', input: { count, spreadMs: isQuick ? SPREAD_MS.check : SPREAD_MS.full } },
    ];
  },
  figures: (rounds) => {
    const value = (side: string, name: string): number => median(each(rounds, side, name));
    const late = (side: string): string =>
      `p50 ${(value(side, 'p50') / 1_000).toFixed(1)} s, p99 ${(value(side, 'p99') / 1_000).toFixed(1)} s after the nominal time`;
    return [
      {
        what: 'the last of them starts',
        budget: atMost(30, 's'),
        perRound: each(rounds, 'at once', 'lastSeconds'),
        behind: `${late('at once')}; ${value('at once', 'definedPerSecond').toFixed(0)} were defined a second`,
      },
      {
        what: 'spread over 20 s: the last of them starts after these',
        budget: atMost(5, 's'),
        perRound: each(rounds, 'spread', 'lastSeconds'),
        behind: late('spread'),
      },
    ];
  },
};
