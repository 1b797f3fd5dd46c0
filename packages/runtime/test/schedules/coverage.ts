/** Whether every nominal time has been decided, and once. */
import type { Outcome } from '@troupe/schedule';
import { expect } from 'chai';

/** From the first kept outcome to the last: no nominal time is missing, none is there twice. Runs by hand are left out. */
export function everyTimeDecided(outcomes: readonly Outcome[], everyMs: number): void {
  const times = outcomes.flatMap(({ nominal, to = nominal, count = 1 }) => {
    if (nominal === undefined) return [];
    const all: number[] = [];
    for (let at = nominal; at <= to!; at += everyMs) all.push(at);
    expect(all, `outcomes of ${new Date(nominal).toISOString()}`).to.have.lengthOf(count);
    return all;
  });
  const sorted = [...times].sort((a, b) => a - b);
  expect(times.length, 'nominal times').to.be.above(0);
  const wanted = sorted.map((_, n) => sorted[0]! + n * everyMs);
  expect(sorted, JSON.stringify(outcomes)).to.deep.equal(wanted);
}

/** What was decided, in order, without what only a slow machine causes. */
export function decided(outcomes: readonly Outcome[]): string[] {
  return outcomes.flatMap(({ what }) => (what === 'coalesced' || what === 'skippedOverlap' ? [] : [what]));
}
