/** What a rate allows, counted from the grants alone. */
import type { Rate } from '@troupe/throttle';
import { expect } from 'chai';

export interface Spending {
  readonly at: number;
  readonly units: number;
}

/** The budgets, as they are written: for every two moments what was spent between them, from the grants alone. */
export function expectWithin(rate: Rate, log: readonly Spending[], what: string): void {
  log.forEach((from, i) => {
    let sum = 0;
    for (const one of log.slice(i)) {
      const ms = one.at - from.at;
      if ('window' in rate && ms >= Number.parseInt(rate.window)) break;
      sum += one.units;
      const most = 'window' in rate ? rate.most : rate.bucket + (rate.refill * ms) / Number.parseInt(rate.every);
      expect(sum, `${what}: ${sum} in ${ms} ms`).to.be.at.most(most);
    }
  });
}
