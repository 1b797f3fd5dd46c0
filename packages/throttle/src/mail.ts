/** What the throttle reads from its mailbox. What is wrong is refused by name, what is meant for somebody else ignored. */
import type { Json, WireError } from '@troupe/protocol';
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
  if (typeof f['scope'] !== 'string' || f['scope'].split('/').some((part) => part === ''))
    return wrong('scope', 'must be a path such as a/b');
  const spend = f['spend'] === undefined ? undefined : parseNeed(f['spend']);
  if (f['spend'] !== undefined && spend === undefined)
    return wrong('spend', 'must name at least one rate with a whole number of at least 1');
  const need = spend !== undefined && isEmpty(f['need']) ? {} : parseNeed(f['need']);
  if (need === undefined) return wrong('need', 'must name at least one kind with a whole number of at least 1');
  const priority = f['priority'] ?? 0;
  if (typeof priority !== 'number' || !Number.isFinite(priority)) return wrong('priority', 'must be a number');
  const { share } = f;
  if (share !== undefined && (typeof share !== 'string' || share === '' || share.length > SHARE_LIMIT_CHARS))
    return wrong('share', `must be text of at most ${SHARE_LIMIT_CHARS} characters`);
  const held = f['held'] ?? [];
  if (!isHeld(held)) return wrong('held', 'must be a list of leases with their scopes');
  return {
    lease,
    scope: f['scope'],
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
  const need = parseNeed(f['need']);
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
  const { scope, kind, limit } = f;
  if (typeof scope !== 'string' || rootOf(scope) !== root || typeof kind !== 'string' || kind === '') return undefined;
  if (limit === null || (typeof limit === 'number' && Number.isInteger(limit) && limit >= 0)) return { scope, kind, limit };
  return undefined;
}

/** `rate` null: what is configured. */
export function parseSetRate(body: Json, root: string): { scope: string; name: string; rate: Rate | null } | undefined {
  const f = (typeof body === 'object' && body !== null ? body : {}) as Fields;
  const { scope, name, rate } = f;
  if (typeof scope !== 'string' || rootOf(scope) !== root || typeof name !== 'string' || name === '') return undefined;
  if (rate === null) return { scope, name, rate };
  if (typeof rate !== 'object') return undefined;
  try {
    return { scope, name, rate: checkRate('rate', rate as Rate) };
  } catch {
    return undefined;
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
  if (typeof scope !== 'string' || rootOf(scope) !== root || typeof on !== 'boolean') return undefined;
  return { scope, on, ...textOf('by', by), ...textOf('reason', reason) };
}

const TEXT_LIMIT_CHARS = 200;
const SHARE_LIMIT_CHARS = 255;

function textOf(name: 'by' | 'reason', value: unknown): { by?: string; reason?: string } {
  return typeof value === 'string' && value !== '' ? { [name]: value.slice(0, TEXT_LIMIT_CHARS) } : {};
}

export function parseNeed(value: unknown): Need | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value);
  if (entries.length === 0) return undefined;
  for (const [kind, tokens] of entries) if (kind === '' || !Number.isInteger(tokens) || (tokens as number) < 1) return undefined;
  return value as Need;
}
