/**
 * `npm run bench`: measures the budgets, each side interleaved with its baseline, and writes `docs/benchmarks.md`.
 *
 *   --check         shorter and smaller; writes nothing; fails where a figure is worse than twice its budget, also by the median of three times as many rounds
 *   --only NAME     this scenario; may be given several times; writes nothing
 *   --rounds N      at most so many of each scenario
 *   --profile DIR   writes a processor profile of every process of a side
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { resolveNatsServer } from '@troupe/nats-server';
import { machineFacts } from './machine.ts';
import { type Measured, writePage } from './page.ts';
import { runSide } from './run-side.ts';
import type { Result, Round, Scenario } from './scenario.ts';
import { scenarios } from './scenarios.ts';
import { amount, budgetText, judge, missText, spreadText } from './verdict.ts';

const page = fileURLToPath(new URL('../../../docs/benchmarks.md', import.meta.url));
const LIMIT_MS = { full: 900_000, check: 90_000 };

const { values: options } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string' },
    profile: { type: 'string' },
  },
});

// everything started here is guarded: it ends when this process does
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.once(signal, () => process.exit(code));

const unknown = options.only.filter((name) => !scenarios.some((one) => one.name === name));
if (unknown.length > 0) {
  console.error(`No scenario ${unknown.join(', ')}; there are ${scenarios.map((one) => one.name).join(', ')}.`);
  process.exit(2);
}
const mode = options.check ? 'check' : 'full';
const counts = { passed: 0, failed: 0 };
const measured: Measured[] = [];
const missing: string[] = [];
for (const scenario of scenarios) {
  if (options.only.length > 0 && !options.only.includes(scenario.name)) continue;
  try {
    const one = await measure(scenario);
    measured.push(one);
    report(one);
  } catch (error) {
    counts.failed++;
    const text = error instanceof Error ? error.message : String(error);
    missing.push(`${scenario.title} (${text.split('\n')[0]})`);
    console.log(`FAILED ${scenario.name}: ${text}`);
  }
}
if (mode === 'full' && options.only.length === 0) {
  writePage(page, measured, missing, machineFacts(await resolveNatsServer()));
  console.log('written to docs/benchmarks.md');
}
console.log(`${counts.passed} passed, ${counts.failed} failed, 0 skipped`);
process.exit(counts.failed > 0 ? 1 : 0);

async function measure(scenario: Scenario): Promise<Measured> {
  const count = Math.min(scenario.rounds[mode], options.rounds === undefined ? Infinity : Number(options.rounds));
  const rounds: Round[] = [];
  await addRounds(scenario, rounds, count);
  let figures = scenario.figures(rounds);
  // a machine that stands still for a second spoils a round or two of few: what would fail is judged by the median of more
  if (options.check && !figures.every((figure) => judge(figure).isTolerable)) {
    console.log(`${scenario.name}: measured further, over the line after ${count === 1 ? 'one round' : `${count} rounds`}`);
    await addRounds(scenario, rounds, 2 * count);
    figures = scenario.figures(rounds);
  }
  return { scenario, rounds, figures };
}

async function addRounds(scenario: Scenario, rounds: Round[], count: number): Promise<void> {
  const sides = scenario.sides(options.check);
  for (let i = 0; i < count; i++) {
    const results: Record<string, Result> = {};
    // the other way round every second time: what came first shall not always be the same
    for (const side of i % 2 === 0 ? sides : sides.toReversed()) {
      results[side.label] = await runSide(side, { isQuick: options.check, profileDir: options.profile, limitMs: LIMIT_MS[mode] });
    }
    rounds.push(Object.fromEntries(sides.map(({ label }) => [label, results[label]!])));
  }
}

function report({ scenario, figures }: Measured): void {
  for (const figure of figures) {
    const verdict = judge(figure);
    const { unit } = figure.budget;
    const isGood = options.check ? verdict.isTolerable : true;
    counts[isGood ? 'passed' : 'failed']++;
    const said = verdict.isMet ? 'met' : missText(figure, verdict);
    const spread = figure.perRound.length > 1 ? ` (${spreadText(verdict, unit)})` : '';
    const behind = figure.behind === '' ? '' : `; ${figure.behind}`;
    console.log(
      `${isGood ? '' : 'FAILED '}${scenario.name}: ${figure.what}: ${amount(verdict.value, unit)}${spread}, budget ${budgetText(figure.budget)}: ${said}${behind}`,
    );
  }
}
