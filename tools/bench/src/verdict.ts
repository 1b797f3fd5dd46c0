/** A figure against its budget: the median counts; `--check` fails only at twice the budget, or at twice what is known to be reached. */
import type { Budget, Figure } from './scenario.ts';
import { median } from './statistics.ts';

export interface Verdict {
  readonly value: number;
  readonly least: number;
  readonly most: number;
  readonly isMet: boolean;
  /** Not worse than twice the budget, or twice what is known to be reached where that is missed. */
  readonly isTolerable: boolean;
}

const TOLERANCE = 2;

export function judge(figure: Figure): Verdict {
  const { budget, perRound } = figure;
  const value = median(perRound);
  const within = (limit: number): boolean => (budget.is === 'atLeast' ? value >= limit : value <= limit);
  return {
    value,
    least: Math.min(...perRound),
    most: Math.max(...perRound),
    isMet: within(budget.value),
    isTolerable: [budget.value, budget.reached ?? budget.value].some((held) =>
      within(budget.is === 'atLeast' ? held / TOLERANCE : held * TOLERANCE),
    ),
  };
}

export function budgetText({ is, value, unit }: Budget): string {
  return `${is === 'atLeast' ? '≥' : '≤'} ${amount(value, unit)}`;
}

export function amount(value: number, unit: Budget['unit']): string {
  switch (unit) {
    case 'ratio':
      return `${value.toFixed(2)} ×`;
    case 'share':
      return `${(value * 100).toFixed(1)} %`;
    case 'ms':
      return `${value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en')} ms`;
    case 's':
      return `${value.toFixed(1)} s`;
  }
}

export function spreadText({ least, most }: Verdict, unit: Budget['unit']): string {
  return `${amount(least, unit)} – ${amount(most, unit)}`;
}

/** How far a missed figure is from its budget. */
export function missText({ budget }: Figure, { value }: Verdict): string {
  const by = budget.is === 'atLeast' ? 1 - value / budget.value : value / budget.value - 1;
  return `missed by ${Math.round(by * 100)} %`;
}
