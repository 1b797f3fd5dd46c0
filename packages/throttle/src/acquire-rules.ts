/** What is refused at once, because waiting for it would be for ever, or would make holders wait for each other. */
import type { WireError } from '@troupe/protocol';
import type { LimitOf } from './ledger.ts';
import { levelsOf, rootOf } from './limits.ts';
import type { Acquire } from './mail.ts';

/** Undefined: may be granted or queued. `reentrant`: covered by what is held on the same root. */
export function refusal(
  acquire: Acquire,
  root: string,
  limitOf: LimitOf,
): { readonly error: WireError } | { readonly reentrant: true } | undefined {
  if (rootOf(acquire.scope) !== root) {
    return { error: { code: 'malformed', message: `acquire: scope ${acquire.scope} is not below ${root}`, field: 'scope' } };
  }
  const here = acquire.held.filter((h) => rootOf(h.scope) === root);
  if (here.length > 0) {
    for (const [kind, tokens] of Object.entries(acquire.need)) {
      const held = here.reduce((sum, h) => sum + (h.need[kind] ?? 0), 0);
      if (tokens > held) {
        const message = `${tokens} ${kind} nested on ${root}, where the operation and its ancestors hold ${held}`;
        return { error: { code: 'nested_need', message, data: { scope: acquire.scope, kind, tokens, held } } };
      }
    }
    return { reentrant: true };
  }
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
  return undefined;
}
