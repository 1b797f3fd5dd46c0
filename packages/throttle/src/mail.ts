/** What the throttle reads from its mailbox. What is wrong is refused by name, what is meant for somebody else ignored. */
import { asKind, asNeed, asScope, asTokens, isTroupeError, type Json, type TroupeError, type WireError } from '@troupe/protocol';
import type { Observation } from './adaptive.ts';
import { type Need, rootOf } from './limits.ts';
import { checkRate, type Rate } from './rates.ts';

/** What an operation and its ancestors hold, named by every acquire of theirs. */
export interface HeldLease {
  readonly lease: string;
  readonly scope: string;
  /** As the holder remembers it; of a lease of its own root the throttle knows better. */
  readonly need: Need;
}

export interface Acquire {
  readonly lease: string;
  readonly scope: string;
  /** Empty where it spends of rates only. */
  readonly need: Need;
  readonly spend?: Need;
  readonly priority: number;
  readonly share?: string;
  readonly held: readonly HeldLease[];
}

type Fields = Record<string, unknown>;

export function parseAcquire(body: Json): Acquire | { readonly lease: string; readonly error: WireError } {
  const f = (typeof body === 'object' && body !== null ? body : {}) as Fields;
  const lease = typeof f['lease'] === 'string' ? f['lease'] : '';
  const wrong = (field: string, rule: string): { lease: string; error: WireError } => ({
    lease,
    error: { code: 'malformed', message: `acquire: ${field} ${rule}`, field },
  });
  if (lease === '') return wrong('lease', 'must be text');
  let scope: string;
  let spend: Need | undefined;
  let need: Need;
  try {
    scope = asScope(f['scope'], 'acquire');
    spend = f['spend'] === undefined ? undefined : asNeed(f['spend'], 'acquire', 'spend');
    need = spend !== undefined && isEmpty(f['need']) ? {} : asNeed(f['need'], 'acquire', 'need');
  } catch (cause) {
    const { message, field = '' } = cause as TroupeError;
    return { lease, error: { code: 'malformed', message, field } };
  }
  const priority = f['priority'] ?? 0;
  if (typeof priority !== 'number' || !Number.isFinite(priority)) return wrong('priority', 'must be a number');
  const { share } = f;
  if (share !== undefined && (typeof share !== 'string' || share === '' || share.length > SHARE_LIMIT_CHARS))
    return wrong('share', `must be text of at most ${SHARE_LIMIT_CHARS} characters`);
  const held = f['held'] ?? [];
  if (!isHeld(held)) return wrong('held', 'must be a list of leases with their scopes');
  return {
    lease,
    scope,
    need,
    ...(spend === undefined ? {} : { spend }),
    priority,
    ...(share === undefined ? {} : { share }),
    held,
  };
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

function isHeld(value: unknown): value is HeldLease[] {
  return (
    Array.isArray(value) && value.every((one: Partial<HeldLease> | null) => typeof one?.lease === 'string' && typeof one.scope === 'string')
  );
}

export function parseGiveBack(body: Json): { lease: string; need: Need } | undefined {
  const f = (typeof body === 'object' && body !== null ? body : {}) as Fields;
  const need = orNothing(() => asNeed(f['need'], 'giveBack', 'need'));
  return typeof f['lease'] === 'string' && need !== undefined ? { lease: f['lease'], need } : undefined;
}

export function parseObserved(body: Json): { lease: string; seen: Observation } | undefined {
  const f = (typeof body === 'object' && body !== null ? body : {}) as Fields;
  const { lease, refused, latencyMs } = f;
  if (typeof lease !== 'string') return undefined;
  if (refused !== undefined && typeof refused !== 'boolean') return undefined;
  if (latencyMs !== undefined && (typeof latencyMs !== 'number' || !(latencyMs >= 0))) return undefined;
  return { lease, seen: { ...(refused === undefined ? {} : { refused }), ...(latencyMs === undefined ? {} : { latencyMs }) } };
}

export function parseSetLimit(body: Json, root: string): { scope: string; kind: string; limit: number | null } | undefined {
  const f = (typeof body === 'object' && body !== null ? body : {}) as Fields;
  return orNothing(() => {
    const limit = f['limit'] === null ? null : asTokens(f['limit'], 'setLimit', 'limit', 0);
    return below(root, { scope: asScope(f['scope'], 'setLimit'), kind: asKind(f['kind'], 'setLimit'), limit });
  });
}

/** `rate` null: what is configured. */
export function parseSetRate(body: Json, root: string): { scope: string; name: string; rate: Rate | null } | undefined {
  const f = (typeof body === 'object' && body !== null ? body : {}) as Fields;
  return orNothing(() => {
    const rate = f['rate'] === null ? null : checkRate('rate', f['rate'] as Rate);
    return below(root, { scope: asScope(f['scope'], 'setRate'), name: asKind(f['name'], 'setRate', 'name'), rate });
  });
}

function below<T extends { readonly scope: string }>(root: string, order: T): T | undefined {
  return rootOf(order.scope) === root ? order : undefined;
}

/** An order that is none is ignored: whoever gives it was told by what he gave it with. */
function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isTroupeError(error)) return undefined;
    throw error;
  }
}

export interface Maintenance {
  readonly scope: string;
  readonly on: boolean;
  readonly by?: string;
  readonly reason?: string;
}

export function parseMaintenance(body: Json, root: string): Maintenance | undefined {
  const f = (typeof body === 'object' && body !== null ? body : {}) as Fields;
  const { scope, on, by, reason } = f;
  if (typeof on !== 'boolean' || orNothing(() => below(root, { scope: asScope(scope, 'setMaintenance') })) === undefined) return undefined;
  return { scope: scope as string, on, ...textOf('by', by), ...textOf('reason', reason) };
}

const TEXT_LIMIT_CHARS = 200;
const SHARE_LIMIT_CHARS = 255;

function textOf(name: 'by' | 'reason', value: unknown): { by?: string; reason?: string } {
  return typeof value === 'string' && value !== '' ? { [name]: value.slice(0, TEXT_LIMIT_CHARS) } : {};
}
