/** Writes `docs/benchmarks.md`: the generated part between two marks; what people wrote about misses stays. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Cost, Figure, Round, Scenario } from './scenario.ts';
import { median } from './statistics.ts';
import { amount, budgetText, judge, missText, spreadText } from './verdict.ts';

export interface Measured {
  readonly scenario: Scenario;
  readonly rounds: readonly Round[];
  readonly figures: readonly Figure[];
}

const BEGIN = '<!-- measured: written by `npm run bench` -->';
const END = '<!-- end of what is measured -->';

/** `missing`: what could not be measured, with its reason. */
export function writePage(file: string, measured: readonly Measured[], missing: readonly string[], facts: string): void {
  const part = `${BEGIN}\n\n${render(measured, missing, facts)}\n\n${END}`;
  const before = existsSync(file) ? readFileSync(file, 'utf8') : `# Benchmarks\n\n${BEGIN}\n${END}\n`;
  const [head = '', rest = ''] = before.split(BEGIN);
  const tail = rest.split(END)[1] ?? '\n';
  writeFileSync(file, `${head}${part}${tail}`);
}

function render(measured: readonly Measured[], missing: readonly string[], facts: string): string {
  return [
    `Machine: ${facts}.`,
    '## Budgets',
    table(
      ['what', 'budget', 'measured', 'spread', 'verdict', 'behind it'],
      measured.flatMap(({ scenario, figures }) => figures.map((figure) => figureRow(scenario, figure))),
    ),
    ...missing.map((text) => `Not measured: ${text}.`),
    '## What it costs',
    'Per operation (a task, an operation, a group), of the whole process with client and all roles; messages that the server received, per step.',
    table(
      ['scenario', 'side', 'client CPU', 'server CPU', 'messages per step', 'bytes per step', 'peak memory', 'server memory'],
      measured.flatMap(costRows),
    ),
    '## How it is measured',
    measured
      .map(
        ({ scenario, rounds }) =>
          `- **${scenario.title}** (\`${scenario.name}\`, ${rounds.length} round${rounds.length === 1 ? '' : 's'}): ${scenario.how}`,
      )
      .join('\n'),
  ].join('\n\n');
}

function figureRow(scenario: Scenario, figure: Figure): string[] {
  const verdict = judge(figure);
  const { unit } = figure.budget;
  return [
    `${scenario.title}: ${figure.what}`,
    budgetText(figure.budget),
    `**${amount(verdict.value, unit)}**`,
    figure.perRound.length > 1 ? spreadText(verdict, unit) : 'one round',
    verdict.isMet ? 'met' : missText(figure, verdict),
    figure.behind,
  ];
}

function costRows({ scenario, rounds }: Measured): string[][] {
  return Object.keys(rounds[0] ?? {}).flatMap((label) => {
    const costs = rounds.flatMap((round) => round[label]?.cost ?? []);
    if (costs.length === 0) return [];
    const of = (value: (cost: Cost) => number): number => median(costs.map(value));
    const ms = (value: (cost: Cost) => number): string => `${(of((cost) => value(cost) / cost.operations) * 1_000).toFixed(2)} ms`;
    const megabytes = (value: (cost: Cost) => number): string => `${Math.round(of(value) / 1_048_576)} MB`;
    return [
      [
        scenario.name,
        label,
        ms((cost) => cost.clientCpuSeconds),
        ms((cost) => cost.serverCpuSeconds),
        of((cost) => cost.serverMessages / cost.steps).toFixed(2),
        Math.round(of((cost) => cost.serverBytes / cost.steps)).toString(),
        megabytes((cost) => cost.peakRssBytes),
        megabytes((cost) => cost.serverRssBytes),
      ],
    ];
  });
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
