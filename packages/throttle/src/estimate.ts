/**
 * When somebody who waits can expect its grant: the queue before it is played through, as if everybody held for as long as the last
 * ones did. A guess, and called one; none where nothing was released yet, or where only an operator ends the wait.
 */
import type { Blocker, Waiter } from './ledger.ts';
import type { Need } from './limits.ts';
import { own } from './own.ts';
import type { ThrottleState } from './state.ts';
import { goesFirst } from './wait-queue.ts';

/** How long tokens of a kind were held lately, in ms: a moving average. */
export type Holds = Record<string, number>;

/** What the last one weighs in the average. */
const WEIGHT = 0.2;
/** Kinds that are remembered: they lie in the root of the record. */
const KINDS = 32;

export function noteHold(holds: Holds, need: Need, heldMs: number): void {
  for (const kind of Object.keys(need)) {
    const before = holds[kind];
    if (before === undefined && Object.keys(holds).length >= KINDS) continue;
    holds[kind] = before === undefined ? heldMs : Math.round(before + WEIGHT * (heldMs - before));
  }
}

/** Epoch ms, or undefined where nobody can know. */
export function expectedAt(state: ThrottleState, waiter: Waiter, blockers: readonly Blocker[], now: number): number | undefined {
  let latest = now;
  for (const blocker of blockers) {
    const at =
      blocker.reason === 'closed'
        ? undefined
        : blocker.of === 'rate'
          ? rateAt(state, waiter, blocker, now)
          : tokensAt(state, waiter, blocker, now);
    if (at === undefined) return undefined;
    latest = Math.max(latest, at);
  }
  return latest;
}

function rateAt({ ledger, spent }: ThrottleState, waiter: Waiter, blocker: Blocker, now: number): number | undefined {
  const name = blocker.kind;
  const units = [...ledger.before(blocker, waiter, now), waiter].reduce((sum, one) => sum + (own(one.spend, name) ?? 0), 0);
  const at = spent.readyFor(blocker.path, name, units, now);
  return Number.isFinite(at) ? at : undefined;
}

interface Release {
  readonly at: number;
  readonly tokens: number;
}

function tokensAt(state: ThrottleState, waiter: Waiter, blocker: Blocker, now: number): number | undefined {
  const { path, kind } = blocker;
  const { ledger, holds, limitOf } = state;
  const holdMs = holds[kind];
  const limit = limitOf(path, kind);
  const ahead = ledger.before(blocker, waiter, now).sort((a, b) => goesFirst(a, b, now, state.agingMs));
  if (holdMs === undefined || [...ahead, waiter].some((one) => (own(one.need, kind) ?? 0) > limit)) return undefined;
  // the latest first, so that the next one is taken from the end
  const releases: Release[] = [];
  for (const lease of ledger.leases.values()) {
    const tokens = own(lease.need, kind) ?? 0;
    if (lease.reentrant === true || tokens === 0 || !(lease.scope === path || lease.scope.startsWith(`${path}/`))) continue;
    put(releases, { at: Math.max(now, lease.grantedAt + holdMs), tokens });
  }
  let free = limit - ledger.used(path, kind);
  let at = now;
  for (const one of [...ahead, waiter]) {
    const tokens = own(one.need, kind) ?? 0;
    while (free < tokens) {
      const next = releases.pop();
      if (next === undefined) return undefined;
      at = Math.max(at, next.at);
      free += next.tokens;
    }
    free -= tokens;
    put(releases, { at: at + holdMs, tokens });
  }
  return at;
}

function put(releases: Release[], release: Release): void {
  let low = 0;
  let high = releases.length;
  while (low < high) {
    const mid = (low + high) >>> 1;
    if (releases[mid]!.at > release.at) low = mid + 1;
    else high = mid;
  }
  releases.splice(low, 0, release);
}
