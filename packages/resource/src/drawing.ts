/** The life-cycle as Mermaid and Markdown, so that the page that shows it cannot drift from the tables. */
import { families } from './families.ts';
import { initialState, lifeCycleStates, stateCodes, transitions } from './life-cycle.ts';

/**
 * One arrow per pair of states, labelled with every transition that makes it. Left out: arrows that change nothing, and
 * transitions that are legal in every state, which would bury the others; the table beside the drawing has them.
 */
export function drawLifeCycle(): string {
  const arrows = new Map<string, string[]>();
  const draw = (from: string, to: string, name: string): void => {
    const arrow = `${from} --> ${to}`;
    arrows.set(arrow, [...(arrows.get(arrow) ?? []), name]);
  };
  for (const [name, { from, to }] of Object.entries(transitions)) {
    if (from.length === 0) draw('[*]', initialState, name);
    if (from.length === lifeCycleStates.length) continue;
    for (const state of from) if (state !== to) draw(state, to ?? '[*]', name);
  }
  const lines = [...arrows].map(([arrow, names]) => `  ${arrow} : ${names.join(', ')}`);
  return ['stateDiagram-v2', ...lines].join('\n');
}

export function tabulateTransitions(): string {
  const rows = Object.entries(transitions).map(([name, { from, to, firedBy, event }]) => [
    `\`${name}\``,
    from.length === 0 ? '–' : from.length === lifeCycleStates.length ? 'any' : from.join(', '),
    to ?? 'gone',
    firedBy.join(', '),
    `\`${event}\``,
  ]);
  return table(['transition', 'from', 'to', 'fired at', 'event'], rows);
}

export function tabulateFamilies(): string {
  const cell = (name: string | undefined): string => (name === undefined ? '–' : `\`${name}\``);
  const rows = Object.entries(families).map(([name, family]) => [
    name,
    family.acceptFrom.join(', '),
    cell(family.accept),
    cell(family.firstStep),
    cell(family.succeeded),
    cell(family.failed),
    cell(family.failedForced),
  ]);
  return table(['family', 'accepted in', 'at accept', 'first step', 'succeeded', 'failed', 'failed, forced'], rows);
}

export function tabulateStates(): string {
  return table(
    ['state', 'code'],
    lifeCycleStates.map((state) => [state, String(stateCodes[state])]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
