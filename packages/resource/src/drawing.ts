/** The life-cycle as a Mermaid state diagram, so that the page that shows it cannot drift from the tables. */
import { initialState, lifeCycleStates, transitions } from './life-cycle.ts';

/** One arrow per pair of states, labelled with every transition that makes it; arrows that change nothing are left out. */
export function drawLifeCycle(): string {
  const arrows = new Map<string, string[]>();
  const draw = (from: string, to: string, name: string): void => {
    const arrow = `${from} --> ${to}`;
    arrows.set(arrow, [...(arrows.get(arrow) ?? []), name]);
  };
  for (const [name, { from, to }] of Object.entries(transitions)) {
    if (from.length === 0) draw('[*]', initialState, name);
    for (const state of from) if (state !== to) draw(state, to ?? '[*]', name);
  }
  const lines = [...arrows].map(([arrow, names]) => `  ${arrow} : ${names.join(', ')}`);
  return ['stateDiagram-v2', ...lifeCycleStates.map((state) => `  ${state}`), ...lines].join('\n');
}
