/** What is refused at once, because waiting for it would be for ever, or would make holders wait for each other. */
import type { WireError } from '@troupe/protocol';
import type { Lease, LimitOf } from './ledger.ts';
import { levelsOf, rootOf } from './limits.ts';
import type { Acquire } from './mail.ts';
import { own } from './own.ts';
import { mostAtOnce, type Rate, rateText } from './rates.ts';

/** Undefined: may be granted or queued. `reentrant`: its tokens are covered by what is held on the same root. */
export function refusal(
  acquire: Acquire,
  root: string,
  limitOf: LimitOf,
  rateOf: (path: string, name: string) => Rate | undefined,
  leases: ReadonlyMap<string, Lease>,
): { readonly error: WireError } | { readonly reentrant: true } | undefined {
  if (rootOf(acquire.scope) !== root) {
    return { error: { code: 'malformed', message: `acquire: scope ${acquire.scope} is not below ${root}`, field: 'scope' } };
  }
  // the sender names them, the record knows what is left of them; one that is gone covers nothing and holds up nothing
  const here = acquire.held.flatMap(({ lease }) => leases.get(lease) ?? []);
  if (here.length > 0) return nested(acquire, limitOf, here) ?? neverSpent(acquire, rateOf) ?? { reentrant: true };
  const later = acquire.held.map((h) => rootOf(h.scope)).find((other) => other > root);
  if (later !== undefined) {
    const message = `${root} may not be taken while ${later} is held: roots are taken in ascending order`;
    return { error: { code: 'lease_order', message, data: { root, held: later } } };
  }
  for (const path of levelsOf(acquire.scope)) {
    for (const [kind, tokens] of Object.entries(acquire.need)) {
      const limit = limitOf(path, kind);
      // a limit of 0 is a pause: waiting for its end makes sense
      if (limit > 0 && tokens > limit) {
        const message = `${tokens} ${kind} of ${path} can never be granted: the limit is ${limit}`;
        return { error: { code: 'need_exceeds_limit', message, data: { path, kind, tokens, limit } } };
      }
    }
  }
  return neverSpent(acquire, rateOf);
}

function neverSpent(
  { scope, spend }: Acquire,
  rateOf: (path: string, name: string) => Rate | undefined,
): { readonly error: WireError } | undefined {
  for (const path of levelsOf(scope)) {
    for (const [name, units] of Object.entries(spend ?? {})) {
      const rate = rateOf(path, name);
      const most = rate === undefined ? Number.POSITIVE_INFINITY : mostAtOnce(rate);
      if (most > 0 && units > most) {
        const message = `${units} of the rate ${name} of ${path} can never be spent at once: it is ${rateText(rate!)}`;
        return { error: { code: 'need_exceeds_limit', message, data: { path, rate: name, units, most } } };
      }
    }
  }
  return undefined;
}

/**
 * Its tokens must be covered; for rates it may wait, see the ledger. A level that has no limit needs no tokens. Re-entrant leases have none: counted with the lease that covers them, they would
 * cover twice as much.
 */
function nested({ scope, need }: Acquire, limitOf: LimitOf, here: readonly Lease[]): { readonly error: WireError } | undefined {
  for (const path of levelsOf(scope)) {
    for (const [kind, tokens] of Object.entries(need)) {
      if (limitOf(path, kind) === Number.POSITIVE_INFINITY) continue;
      const there = here.filter((lease) => lease.reentrant !== true && (lease.scope === path || lease.scope.startsWith(`${path}/`)));
      const held = there.reduce((sum, lease) => sum + (own(lease.need, kind) ?? 0), 0);
      if (tokens > held) {
        const message = `${tokens} ${kind} nested on ${path}, where the operation and its ancestors hold ${held}`;
        return { error: { code: 'nested_need', message, data: { scope, path, kind, tokens, held } } };
      }
    }
  }
  return undefined;
}
