/** The throttle baseline as a scenario: a figure for each of its rows. */
import { checkRow, DIVISOR, leastSeconds, type Row, rows, TWENTY_BY_TWO_SECONDS } from './baseline-rows.ts';
import { atMost, each, type Figure, type Round, type Scenario } from './scenario.ts';
import { median } from './statistics.ts';

export const baselineScenario: Scenario = {
  name: 'throttle-baseline',
  title: 'Instances with volumes on a cloud that takes four builds of a kind',
  how: `All at once, on the simulated cloud over HTTP, after one that warms up; all times divided by ${DIVISOR}. The cloud builds a volume in 1.2 s and a machine in 0.85 s, no call takes less than 20 ms; with the delays and looks of the plan, which come on a grid of 0.25 s, these are the 75 and 70 s of the model. A row in which one operation fails, or the cloud counts more than four builds of a kind, fails. "Least possible" is what the limits alone allow (--check: ${checkRow.name}).`,
  rounds: { full: 1, check: 1 },
  sides: (isQuick) =>
    rows.flatMap((row, index) =>
      isQuick && row !== checkRow ? [] : [{ label: row.name, module: 'baseline', run: 'baseline', input: { row: index } }],
    ),
  figures: (rounds) => rows.filter(({ name }) => rounds[0]?.[name] !== undefined).flatMap((row) => figuresOf(row, rounds)),
};

function figuresOf(row: Row, rounds: readonly Round[]): Figure[] {
  const ends = each(rounds, row.name, 'endSeconds');
  const least = leastSeconds(row) / DIVISOR;
  const { failed, endSeconds } = row.before;
  const value = (name: string): number => median(each(rounds, row.name, name));
  const before = `before: ${failed} of ${row.instances} failed${endSeconds === undefined ? '' : `, end after ${(endSeconds / DIVISOR).toFixed(1)} s`}`;
  const behind = `${median(ends).toFixed(1)} s, 0 failed, at most ${value('peakInstances')} machines and ${value('peakVolumes')} volumes at once, ${value('calls')} calls; ${before}`;
  const figure = {
    what: `${row.name}: end against the least possible`,
    budget: atMost(1.2, 'ratio'),
    perRound: ends.map((end) => end / least),
    behind,
  };
  if (row.name !== '20×2') return [figure];
  const budget = atMost(TWENTY_BY_TWO_SECONDS / DIVISOR, 's');
  return [figure, { what: `${row.name}: end`, budget, perRound: ends, behind: `${TWENTY_BY_TWO_SECONDS} s at full length` }];
}
