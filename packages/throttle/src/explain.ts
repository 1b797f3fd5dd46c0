/** Why a lease waits, and how full a root is: read from a stored record, so that a client needs to ask nobody. */
import type { EntityRecord } from '@troupe/actor';
import { formatMs } from '@troupe/protocol';

import { expectedAt } from './estimate.ts';
import type { Blocker, Waiter } from './ledger.ts';
import type { LimitOptions } from './limits.ts';
import { own } from './own.ts';
import { type Rate, rateText } from './rates.ts';
import { activate, LIMITS_ITEM, type ThrottleState } from './state.ts';

export interface Shortage {
  readonly path: string;
  readonly kind: string;
  readonly limit: number;
  readonly used: number;
  /** How many it asks for. */
  readonly tokens: number;
  /** Place in the queue of this limit, counted from 1. */
  readonly position: number;
  readonly holders: readonly { readonly lease: string; readonly holder: string; readonly tokens: number; readonly sinceMs: number }[];
}

/** What is missing of a rate. */
export interface RateShortage {
  readonly path: string;
  readonly name: string;
  /** In words: `20 at once, 5 every 1s`. */
  readonly rate: string;
  /** How many it asks for. */
  readonly units: number;
  /** Place in the queue of this rate, counted from 1. */
  readonly position: number;
  /** From now until the first in this queue may have what it asks for; not there where time does not bring it. */
  readonly nextInMs?: number;
}

/** Nothing is granted below `path`. */
export interface MaintenanceInfo {
  readonly path: string;
  readonly sinceMs: number;
  readonly by?: string;
  readonly reason?: string;
  /** Leases that are held there still. */
  readonly leases: number;
}

export interface LeaseExplanation {
  readonly lease: string;
  readonly state: 'unknown' | 'waiting' | 'held';
  readonly sinceMs?: number;
  readonly shortages: readonly Shortage[];
  readonly rates?: readonly RateShortage[];
  readonly maintenance?: MaintenanceInfo;
  /** A guess: from now, if those before it hold for as long as the last ones did. Not there where nobody can know. */
  readonly expectedInMs?: number;
  readonly text: string;
}

export interface Occupancy {
  readonly path: string;
  readonly kind: string;
  readonly limit: number;
  readonly used: number;
  readonly waiting: number;
}

function limitsIn(record: EntityRecord | undefined): LimitOptions {
  return (record?.items.get(LIMITS_ITEM) ?? {}) as LimitOptions;
}

/** `now`: epoch milliseconds. The limits are those that the record names, unless others are given. */
export function explainLease(
  root: string,
  record: EntityRecord | undefined,
  lease: string,
  now: number,
  limits: LimitOptions = limitsIn(record),
): LeaseExplanation {
  return explainIn(activate(root, record, limits), lease, now);
}

export function explainIn(state: ThrottleState, lease: string, now: number): LeaseExplanation {
  const held = state.ledger.leases.get(lease);
  if (held !== undefined) {
    const sinceMs = now - held.grantedAt;
    return { lease, state: 'held', sinceMs, shortages: [], text: `holds ${describe(held.need)} of ${held.scope} for ${formatMs(sinceMs)}` };
  }
  const waiter = state.ledger.waiter(lease);
  if (waiter === undefined) return { lease, state: 'unknown', shortages: [], text: `lease ${lease} is not known to ${state.root}` };
  const at = Math.max(now, state.clock);
  const blockers = state.ledger.blockers(waiter, at);
  const expected = blockers.length === 0 ? undefined : expectedAt(state, waiter, blockers, at);
  const expectedInMs = expected === undefined ? undefined : Math.max(0, expected - now);
  const closed = blockers.find(({ reason }) => reason === 'closed');
  const maintenance = closed === undefined ? undefined : maintenanceAt(state, closed.path, now);
  const missing = blockers.filter(({ reason }) => reason !== 'closed');
  const shortages = missing.flatMap((one) => (one.of === 'tokens' ? [shortageOf(state, waiter, one, now)] : []));
  const rates = missing.flatMap((one) => (one.of === 'rate' ? [rateShortageOf(state, waiter, one, now)] : []));
  return {
    lease,
    state: 'waiting',
    sinceMs: now - waiter.since,
    shortages,
    ...(rates.length === 0 ? {} : { rates }),
    ...(maintenance === undefined ? {} : { maintenance }),
    ...(expectedInMs === undefined ? {} : { expectedInMs }),
    text: `${sentence(shortages, rates, maintenance)}${guess(expectedInMs)}`,
  };
}

/** Nothing to go, and still it waits: those before it hold for longer than the last ones did. */
function guess(expectedInMs: number | undefined): string {
  if (expectedInMs === undefined) return '';
  return expectedInMs === 0 ? '; later than usual already' : `; about ${formatMs(expectedInMs)} to go`;
}

function shortageOf(state: ThrottleState, waiter: Waiter, blocker: Blocker, now: number): Shortage {
  const { path, kind } = blocker;
  const { ledger } = state;
  const holders = [...ledger.leases.values()]
    .filter((l) => l.reentrant !== true && (own(l.need, kind) ?? 0) > 0 && isWithin(l.scope, path))
    .map((l) => ({
      lease: l.lease,
      holder: `${l.holder.kind}/${l.holder.key}`,
      tokens: l.need[kind]!,
      sinceMs: now - l.grantedAt,
    }))
    .sort((a, b) => b.sinceMs - a.sinceMs);
  return {
    path,
    kind,
    limit: state.limitOf(path, kind),
    used: ledger.used(path, kind),
    tokens: waiter.need[kind]!,
    position: positionOf(state, waiter, blocker, now),
    holders,
  };
}

function rateShortageOf(state: ThrottleState, waiter: Waiter, blocker: Blocker, now: number): RateShortage {
  const { path, kind: name } = blocker;
  const first = state.ledger.before(blocker, waiter, now)[0] ?? waiter;
  const at = state.spent.readyAt(path, name, own(first.spend, name) ?? 0, Math.max(now, state.clock));
  return {
    path,
    name,
    rate: rateText(state.spent.rateOf(path, name) ?? NO_RATE),
    units: waiter.spend![name]!,
    position: positionOf(state, waiter, blocker, now),
    ...(Number.isFinite(at) ? { nextInMs: Math.max(0, at - now) } : {}),
  };
}

/** Somebody can wait behind others for a rate that there is no more. */
const NO_RATE: Rate = { bucket: 0, refill: 0, every: '1s' };

function positionOf({ ledger }: ThrottleState, waiter: Waiter, blocker: Blocker, now: number): number {
  return ledger.countBefore(blocker, waiter, now) + 1;
}

export function maintenanceAt({ closed, ledger }: ThrottleState, path: string, now: number): MaintenanceInfo {
  const { since, by, reason } = closed[path]!;
  return {
    path,
    sinceMs: now - since,
    ...(by === undefined ? {} : { by }),
    ...(reason === undefined ? {} : { reason }),
    leases: ledger.leasesBelow(path),
  };
}

function sentence(shortages: readonly Shortage[], rates: readonly RateShortage[], maintenance: MaintenanceInfo | undefined): string {
  if (maintenance !== undefined) {
    const { path, sinceMs, by, reason, leases } = maintenance;
    const who = `${by === undefined ? '' : ` by ${by}`}${reason === undefined ? '' : `: ${reason}`}`;
    return `${path} is in maintenance for ${formatMs(sinceMs)}${who}; ${leases} still held there`;
  }
  const parts = [...(shortages.length === 0 ? [] : [tokensSentence(shortages)]), ...rates.map(rateSentence)];
  return parts.length === 0 ? 'waits for its grant, which is on its way' : parts.join('; ');
}

function rateSentence({ path, name, rate, position, nextInMs }: RateShortage): string {
  const next = nextInMs === undefined ? 'paused' : `next in ${formatMs(nextInMs)}`;
  return `number ${position} for the rate ${name} of ${path} (${rate}): ${next}`;
}

function tokensSentence(shortages: readonly Shortage[]): string {
  const first = shortages[0]!;
  const kinds = shortages.map((s) => `${s.kind} of ${s.path} (${s.used} of ${s.limit} in use)`).join(' and ');
  if (first.limit === 0) return `number ${first.position} for ${kinds}: paused by a limit of 0`;
  // refused when it is asked for; here the limit was lowered since
  const over = shortages.find((s) => s.tokens > s.limit);
  if (over !== undefined)
    return `number ${first.position} for ${kinds}: asks for ${over.tokens}, and waits until the limit of ${over.limit} is raised`;
  const oldest = first.holders[0];
  const by = oldest === undefined ? '' : `; longest held by ${oldest.holder} for ${formatMs(oldest.sinceMs)}`;
  return `number ${first.position} for ${kinds}${by}`;
}

/** How full every limit of a root is that is used or waited for. */
export function occupancy(root: string, record: EntityRecord | undefined, limits: LimitOptions = limitsIn(record)): Occupancy[] {
  return occupancyIn(activate(root, record, limits));
}

export function occupancyIn(state: ThrottleState): Occupancy[] {
  return [...state.ledger.entries()].flatMap(({ of, ...one }) =>
    of === 'rate' ? [] : [{ ...one, limit: state.limitOf(one.path, one.kind) }],
  );
}

function isWithin(scope: string, path: string): boolean {
  return scope === path || scope.startsWith(`${path}/`);
}

function describe(need: Readonly<Record<string, number>>): string {
  if (Object.keys(need).length === 0) return 'no tokens';
  return Object.entries(need)
    .map(([kind, tokens]) => `${tokens} ${kind}`)
    .join(', ');
}
