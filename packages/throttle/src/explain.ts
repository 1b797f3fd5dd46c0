/** Why a lease waits, and how full a root is: read from a stored record, so that a client needs to ask nobody. */
import type { EntityRecord } from '@troupe/actor';
import { formatMs } from '@troupe/protocol';
import { activate, LIMITS_ITEM, type ThrottleState } from './behaviour.ts';
import { configuredLimit, type LimitOptions } from './limits.ts';

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

export interface LeaseExplanation {
  readonly lease: string;
  readonly state: 'unknown' | 'waiting' | 'held';
  readonly sinceMs?: number;
  readonly shortages: readonly Shortage[];
  readonly text: string;
}

export interface Occupancy {
  readonly path: string;
  readonly kind: string;
  readonly limit: number;
  readonly used: number;
  readonly waiting: number;
}

export function limitIn(state: ThrottleState, limits: LimitOptions, path: string, kind: string): number {
  return state.overrides[path]?.[kind] ?? configuredLimit(limits, path, kind);
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
  return explainIn(activate(root, record, limits), lease, now, limits);
}

export function explainIn(state: ThrottleState, lease: string, now: number, limits: LimitOptions): LeaseExplanation {
  const held = state.ledger.leases.get(lease);
  if (held !== undefined) {
    const sinceMs = now - held.grantedAt;
    return { lease, state: 'held', sinceMs, shortages: [], text: `holds ${describe(held.need)} of ${held.scope} for ${formatMs(sinceMs)}` };
  }
  const waiter = state.ledger.waiter(lease);
  if (waiter === undefined) return { lease, state: 'unknown', shortages: [], text: `lease ${lease} is not known to ${state.root}` };
  const shortages = state.ledger.blockers(waiter).map(({ path, kind }): Shortage => {
    const holders = [...state.ledger.leases.values()]
      .filter((l) => l.reentrant !== true && (l.need[kind] ?? 0) > 0 && (l.scope === path || l.scope.startsWith(`${path}/`)))
      .sort((a, b) => a.grantedAt - b.grantedAt)
      .map((l) => ({ lease: l.lease, holder: `${l.holder.kind}/${l.holder.key}`, tokens: l.need[kind]!, sinceMs: now - l.grantedAt }));
    const position = state.ledger.queue(path, kind).findIndex((w) => w.lease === lease) + 1;
    const limit = limitIn(state, limits, path, kind);
    return { path, kind, limit, used: state.ledger.used(path, kind), tokens: waiter.need[kind]!, position, holders };
  });
  return { lease, state: 'waiting', sinceMs: now - waiter.since, shortages, text: sentence(shortages) };
}

function sentence(shortages: readonly Shortage[]): string {
  const first = shortages[0];
  if (first === undefined) return 'waits for its grant, which is on its way';
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
  const state = activate(root, record, limits);
  return occupancyIn(state, limits);
}

export function occupancyIn(state: ThrottleState, limits: LimitOptions): Occupancy[] {
  return [...state.ledger.entries()].map((e) => ({ ...e, limit: limitIn(state, limits, e.path, e.kind) }));
}

function describe(need: Readonly<Record<string, number>>): string {
  return Object.entries(need)
    .map(([kind, tokens]) => `${tokens} ${kind}`)
    .join(', ');
}
