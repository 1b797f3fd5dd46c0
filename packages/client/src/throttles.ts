/** Throttles: how full a root is, why a lease waits, and what people change. Reading needs the right to read STATE; verbs are mail. */
import { asKind, asScope, type Json, type JsonObject, TroupeError } from '@troupe/protocol';
import {
  checkRate,
  explainLease,
  type LeaseExplanation,
  occupancy,
  type Occupancy,
  type Rate,
  rootOf,
  throttleStatus,
  type ThrottleStatus,
  type ThrottleStatusOptions,
} from '@troupe/throttle';
import type { Reader } from './reader.ts';
import type { Session } from './session.ts';
import { type Limit, placed, type ReasonedOptions, sendVerb, setLimit, type VerbOptions } from './verbs.ts';

/** A scope is a path such as `provider-1/tenant-7`; its first segment, the root, names the throttle. */
export interface Throttles {
  /** Limits, rates, maintenance, and why each of the first waiters waits. Of a path its root. Undefined if nobody has used the root yet. */
  show(root: string, options?: ThrottleStatusOptions): Promise<ThrottleStatus | undefined>;
  /** Why a lease waits: what is missing, who holds it since when, the position. `unknown` where the throttle does not know it. */
  explain(scope: string, lease: string): Promise<LeaseExplanation>;
  /** As `setLimit` of the client. */
  setLimit(limit: Limit, options?: VerbOptions): Promise<void>;
  /** Changes a rate from now on; null is what is configured. Throws `invalid_options`. */
  setRate(scope: string, name: string, rate: Rate | null, options?: VerbOptions): Promise<void>;
  /** Maintenance: nothing more is granted at a path and below. The event `drained` tells when nobody holds anything there. */
  drain(scope: string, options?: ReasonedOptions): Promise<void>;
  /** Ends it. */
  open(scope: string, options?: VerbOptions): Promise<void>;
}

export function createThrottles(session: Session, reader: Reader): Throttles {
  const order = async (scope: string, type: string, body: JsonObject, { by, reason, ...options }: ReasonedOptions): Promise<void> => {
    const to = { kind: 'throttle', key: rootOfChecked(scope) };
    const why = { ...(by === undefined ? {} : { by }), ...(reason === undefined ? {} : { reason }) };
    await sendVerb(session, to, type, { scope, ...body, ...why }, options);
  };
  return {
    async show(root, options) {
      const key = rootOfChecked(root, 'root');
      const stored = await reader.entity({ kind: 'throttle', key });
      return stored?.record === undefined ? undefined : throttleStatus(key, stored.record, await session.now(), options);
    },
    async explain(scope, lease) {
      const root = rootOfChecked(scope);
      const stored = await reader.entity({ kind: 'throttle', key: root });
      return explainLease(root, stored?.record, lease, await session.now());
    },
    setLimit: (limit, options = {}) => setLimit(session, limit, options),
    setRate: async (scope, name, rate, options = {}) =>
      order(
        scope,
        'setRate',
        { name: placed((what) => asKind(name, what, 'name')), rate: rate === null ? null : (checkedRate(rate) as unknown as Json) },
        options,
      ),
    drain: async (scope, options = {}) => order(scope, 'setMaintenance', { on: true }, options),
    open: async (scope, options = {}) => order(scope, 'setMaintenance', { on: false }, options),
  };
}

function rootOfChecked(scope: string, field = 'scope'): string {
  return rootOf(placed((what) => asScope(scope, what, field)));
}

function checkedRate(rate: Rate): Rate {
  if (typeof rate !== 'object') throw new TroupeError('invalid_options', 'a rate is a bucket or a window, or null', { field: 'rate' });
  return checkRate('rate', rate);
}

export async function throttleOccupancy(reader: Reader, root: string): Promise<Occupancy[] | undefined> {
  const stored = await reader.entity({ kind: 'throttle', key: root });
  return stored?.record === undefined ? undefined : occupancy(root, stored.record);
}

/** In words; undefined where nobody can tell, which must not cost the rest of an explanation. */
export async function leaseText(
  reader: Reader,
  wait: { readonly lease: string; readonly scope: string },
  now: number,
): Promise<string | undefined> {
  const root = rootOf(wait.scope);
  const stored = await reader.entity({ kind: 'throttle', key: root });
  if (stored?.quarantine !== undefined) return `the throttle of ${root} is in quarantine: ${stored.quarantine.reason}`;
  if (stored?.record === undefined) return `the throttle of ${root} has not seen it yet`;
  const { state, text } = explainLease(root, stored.record, wait.lease, now);
  return state === 'unknown' ? `the throttle of ${root} has not seen it yet` : text;
}
