/** What a throttle knows of its root, and how that lies in its record. */
import type { EntityRecord } from '@troupe/actor';
import { encodeJson, type Json } from '@troupe/protocol';
import { AdaptiveLimits } from './adaptive.ts';
import type { Holds } from './estimate.ts';
import { Ledger, type Lease, type LimitOf, type Waiter } from './ledger.ts';
import { agingMs, configuredLimit, configuredRate, type LimitOptions, limitsOfRoot } from './limits.ts';
import type { Closed } from './orders.ts';
import { OUTSIDE, OutsideBook } from './outside.ts';
import { bare } from './own.ts';
import type { Rate, Rates } from './rates.ts';
import { Shares } from './shares.ts';
import { SpentBook } from './spent-book.ts';
import { goesFirst } from './wait-queue.ts';

interface Root {
  readonly seq: number;
  readonly fence: number;
  readonly overrides: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly ask: { readonly timer: string; readonly everyMs: number; readonly from: number } | null;
  readonly rates?: Readonly<Record<string, Rates>>;
  readonly closed?: Readonly<Record<string, Closed>>;
  readonly wake?: Wake;
  readonly lapse?: Wake;
  readonly clock?: number;
  readonly holds?: Readonly<Holds>;
}

/** A timer that looks: at those who wait for a rate (`wake`), at leases that are not renewed (`lapse`). */
interface Wake {
  readonly timer: string;
  readonly at: number;
}

export interface ThrottleState {
  readonly root: string;
  readonly ledger: Ledger;
  /** In force now. */
  readonly limitOf: LimitOf;
  /** The most that it can be as things are configured: a need above it waits for nothing. */
  readonly mostOf: LimitOf;
  readonly adaptive: AdaptiveLimits;
  seq: number;
  fence: number;
  overrides: Record<string, Record<string, number>>;
  ask: { timer: string; everyMs: number; from: number } | null;
  /** Set at run time. */
  rates: Record<string, Record<string, Rate>>;
  readonly spent: SpentBook;
  readonly shares: Shares;
  /** Paths in maintenance. */
  closed: Record<string, Closed>;
  wake: Wake | undefined;
  readonly holds: Holds;
  readonly agingMs: number;
  /** Leases and places of holders that are no entities. */
  readonly outside: OutsideBook;
  lapse: Wake | undefined;
  /** The latest time that counted: a host whose clock is behind goes on from here. */
  clock: number;
  /** The record names the limits of this host, so that whoever reads it can explain a wait. */
  limitsKept: boolean;
}

/** The item with the configured limits; leases and waiters have names with a prefix. */
export const LIMITS_ITEM = 'limits';

export function activate(key: string, record: EntityRecord | undefined, limits: LimitOptions): ThrottleState {
  const root = record?.root as unknown as Root | undefined;
  const overrides = copied<number>(root?.overrides);
  const rates = copied<Rate>(root?.rates);
  const closed = bare(root?.closed);
  const clock = root?.clock ?? 0;
  const aging = agingMs(limits);
  const shares = new Shares(limits.shares ?? {});
  const spent = new SpentBook((path, name) => rates[path]?.[name] ?? configuredRate(limits, path, name));
  const adaptive = new AdaptiveLimits(limits.adaptive ?? {});
  const limitOf: LimitOf = (path, kind) => overrides[path]?.[kind] ?? adaptive.limitOf(path, kind) ?? configuredLimit(limits, path, kind);
  const mostOf: LimitOf = (path, kind) =>
    overrides[path]?.[kind] ?? adaptive.optionsOf(path, kind)?.most ?? configuredLimit(limits, path, kind);
  const ledger = new Ledger(limitOf, {
    readyAt: (path, name, units, now) => spent.readyAt(path, name, units, now),
    isClosed: (path) => closed[path] !== undefined,
    agingMs: aging,
  });
  const outside = new OutsideBook();
  const waiters: Waiter[] = [];
  for (const [name, body] of record?.items ?? []) {
    if (name.startsWith('l:')) ledger.addLease(body as unknown as Lease);
    else if (name.startsWith('w:')) waiters.push(body as unknown as Waiter);
    else if (name.startsWith('r:')) spent.restore(body);
    else if (name.startsWith('a:')) adaptive.restore(body);
    else if (name.startsWith('o:')) outside.restore(body);
    else if (name.startsWith('s:') || name.startsWith('t:')) shares.restore(body);
  }
  for (const { lease, holder } of [...ledger.leases.values(), ...waiters]) if (holder.kind === OUTSIDE) outside.restoreOrphan(lease);
  const kept = record?.items.get(LIMITS_ITEM);
  const limitsKept = kept !== undefined && encodeJson(kept) === encodeJson(limitsOfRoot(limits, key));
  for (const waiter of waiters.sort((a, b) => goesFirst(a, b, clock, aging))) ledger.restore(waiter, clock);
  return {
    root: key,
    ledger,
    limitOf,
    mostOf,
    adaptive,
    seq: root?.seq ?? 0,
    fence: root?.fence ?? 0,
    overrides,
    ask: root?.ask ?? null,
    rates,
    spent,
    shares,
    closed,
    wake: root?.wake,
    outside,
    lapse: root?.lapse,
    clock,
    holds: bare(root?.holds),
    agingMs: aging,
    limitsKept,
  };
}

function copied<T>(byPath: Readonly<Record<string, Readonly<Record<string, T>>>> | undefined): Record<string, Record<string, T>> {
  return bare(Object.fromEntries(Object.entries(byPath ?? {}).map(([path, byName]) => [path, bare(byName)])));
}

export function rootOfState(state: ThrottleState): Json {
  const { seq, fence, overrides, ask, wake, lapse, clock, rates, closed, holds } = state;
  const root: Root = {
    seq,
    fence,
    overrides,
    ask,
    ...(clock === 0 ? {} : { clock }),
    ...(wake === undefined ? {} : { wake }),
    ...(lapse === undefined ? {} : { lapse }),
    ...(Object.keys(rates).length === 0 ? {} : { rates }),
    ...(Object.keys(holds).length === 0 ? {} : { holds }),
    ...(Object.keys(closed).length === 0 ? {} : { closed }),
  };
  return root as unknown as Json;
}
