/** What operators change at run time: limits, rates, maintenance. Each answers with the pairs whose waiters should be looked at. */
import type { Effect } from '@troupe/actor';
import type { Json } from '@troupe/protocol';
import type { Ledger } from './ledger.ts';
import { levelsOf } from './limits.ts';
import { parseMaintenance, parseSetLimit, parseSetRate } from './mail.ts';
import { bare } from './own.ts';
import type { Rate } from './rates.ts';

/** Nothing is granted at a path in maintenance and below; what is held ends as it would. */
export interface Closed {
  /** Epoch milliseconds. */
  readonly since: number;
  readonly by?: string;
  readonly reason?: string;
  /** Nobody holds anything there any more, and that was told. */
  readonly isEmpty: boolean;
}

export interface Changeable {
  readonly root: string;
  readonly ledger: Ledger;
  readonly overrides: Record<string, Record<string, number>>;
  readonly rates: Record<string, Record<string, Rate>>;
  readonly closed: Record<string, Closed>;
}

export function setLimit(state: Changeable, body: Json, _now: number, effects: Effect[]): string[] {
  const parsed = parseSetLimit(body, state.root);
  if (parsed === undefined) return [];
  const { scope, kind, limit } = parsed;
  put(state.overrides, scope, kind, limit);
  tell(state, 'limitChanged', { scope, kind, limit }, effects);
  return state.ledger.pairsBelow(scope, kind);
}

export function setRate(state: Changeable, body: Json, _now: number, effects: Effect[]): string[] {
  const parsed = parseSetRate(body, state.root);
  if (parsed === undefined) return [];
  const { scope, name, rate } = parsed;
  put(state.rates, scope, name, rate);
  tell(state, 'rateChanged', { scope, name, rate }, effects);
  return state.ledger.pairsBelow(scope, name);
}

export function setMaintenance(state: Changeable, body: Json, now: number, effects: Effect[]): string[] {
  const parsed = parseMaintenance(body, state.root);
  if (parsed === undefined || parsed.on === (state.closed[parsed.scope] !== undefined)) return [];
  const { scope, on, ...why } = parsed;
  if (on) state.closed[scope] = { since: now, ...why, isEmpty: false };
  else delete state.closed[scope];
  const leases = state.ledger.leasesBelow(scope);
  tell(state, on ? 'closed' : 'opened', { scope, ...why, leases }, effects);
  if (!on) return state.ledger.pairsBelow(scope);
  noteEmpty(state, scope, effects);
  return [];
}

/** After a lease of this scope is gone: tells once of every level in maintenance that nobody is there any more. */
export function noteEmpty(state: Changeable, scope: string, effects: Effect[]): void {
  for (const path of levelsOf(scope)) {
    const closed = state.closed[path];
    if (closed === undefined || closed.isEmpty || state.ledger.leasesBelow(path) > 0) continue;
    state.closed[path] = { ...closed, isEmpty: true };
    tell(state, 'drained', { scope: path }, effects);
  }
}

/** Inside of a lease from above somebody went in all the same: it is told again when nobody is there. */
export function noteEntered(state: Changeable, scope: string): void {
  for (const path of levelsOf(scope)) {
    const closed = state.closed[path];
    if (closed?.isEmpty === true) state.closed[path] = { ...closed, isEmpty: false };
  }
}

function put<T>(byPath: Record<string, Record<string, T>>, path: string, name: string, value: T | null): void {
  const byName = (byPath[path] ??= bare<T>({}));
  if (value === null) delete byName[name];
  else byName[name] = value;
  if (Object.keys(byName).length === 0) delete byPath[path];
}

function tell({ root }: Changeable, what: string, body: object, effects: Effect[]): void {
  effects.push({ type: 'publish', topic: ['throttle', root, what], body: body as Json });
}
