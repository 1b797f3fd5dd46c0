/** All of a root at a glance, read from its record: limits, rates, maintenance, and why each of the first waiters waits. */
import type { EntityRecord } from '@troupe/actor';
import { explainIn, type LeaseExplanation, type MaintenanceInfo, maintenanceAt, type Occupancy, occupancyIn } from './explain.ts';
import type { LimitOptions } from './limits.ts';
import { rateText } from './rates.ts';
import { activate, LIMITS_ITEM, type ThrottleState } from './state.ts';

export interface RateStatus {
  readonly path: string;
  readonly name: string;
  /** In words: `20 at once, 5 every 1s`. */
  readonly rate: string;
  /** Of a window what was spent within it; of a bucket what is missing to the full. */
  readonly spent: number;
  readonly waiting: number;
}

export interface ThrottleStatus {
  readonly limits: readonly Occupancy[];
  readonly rates: readonly RateStatus[];
  readonly maintenance: readonly MaintenanceInfo[];
  /** All that hold something. */
  readonly held: number;
  /** All that wait. */
  readonly waiting: number;
  /** The first of them, in their order. */
  readonly waiters: readonly LeaseExplanation[];
}

export interface ThrottleStatusOptions {
  /** How many waiters are explained. Default 20. */
  readonly waiters?: number;
}

/** `now`: epoch milliseconds. */
export function throttleStatus(
  root: string,
  record: EntityRecord | undefined,
  now: number,
  options: ThrottleStatusOptions = {},
): ThrottleStatus {
  return readThrottle(root, record).status(now, options);
}

/** For whoever is asked of one record again and again: with ten thousand waiters it takes a while to read. */
export function readThrottle(root: string, record: EntityRecord | undefined) {
  const state = activate(root, record, (record?.items.get(LIMITS_ITEM) ?? {}) as LimitOptions);
  return {
    explain: (lease: string, now: number): LeaseExplanation => explainIn(state, lease, now),
    status: (now: number, { waiters = 20 }: ThrottleStatusOptions = {}): ThrottleStatus => statusOf(state, now, waiters),
  };
}

function statusOf(state: ThrottleState, now: number, waiters: number): ThrottleStatus {
  const { ledger, spent } = state;
  const waiting = new Map<string, number>();
  for (const { of, path, kind, waiting: n } of ledger.entries())
    if (of === 'rate') waiting.set(`${path} ${kind}`, (waiting.get(`${path} ${kind}`) ?? 0) + n);
  return {
    limits: occupancyIn(state),
    rates: [...spent.spentRates()].flatMap(({ path, name }) => {
      const rate = spent.rateOf(path, name);
      if (rate === undefined) return [];
      const at = Math.max(now, state.clock);
      return [{ path, name, rate: rateText(rate), spent: spent.spentNow(path, name, at), waiting: waiting.get(`${path} ${name}`) ?? 0 }];
    }),
    maintenance: Object.keys(state.closed).map((path) => maintenanceAt(state, path, now)),
    held: ledger.leases.size,
    waiting: ledger.waitingCount,
    waiters: ledger
      .waiters()
      .slice(0, waiters)
      .map(({ lease }) => explainIn(state, lease, now)),
  };
}
