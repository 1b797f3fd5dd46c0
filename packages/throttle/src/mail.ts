/** What the throttle reads from its mailbox. What is wrong is refused by name, what is meant for somebody else ignored. */
import type { Json, WireError } from '@troupe/protocol';
import { type Need, rootOf } from './limits.ts';

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
  readonly need: Need;
  readonly priority: number;
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
  const need = parseNeed(f['need']);
  if (need === undefined) return wrong('need', 'must name at least one kind with a whole number of at least 1');
  const priority = f['priority'] ?? 0;
  if (typeof priority !== 'number' || !Number.isFinite(priority)) return wrong('priority', 'must be a number');
  const held = f['held'] ?? [];
  if (!isHeld(held)) return wrong('held', 'must be a list of leases with their scopes');
  return { lease, scope: f['scope'], need, priority, held };
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

export function parseSetLimit(body: Json, root: string): { scope: string; kind: string; limit: number | null } | undefined {
  const f = (typeof body === 'object' && body !== null ? body : {}) as Fields;
  const { scope, kind, limit } = f;
  if (typeof scope !== 'string' || rootOf(scope) !== root || typeof kind !== 'string' || kind === '') return undefined;
  if (limit === null || (typeof limit === 'number' && Number.isInteger(limit) && limit >= 0)) return { scope, kind, limit };
  return undefined;
}

export function parseNeed(value: unknown): Need | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value);
  if (entries.length === 0) return undefined;
  for (const [kind, tokens] of entries) if (kind === '' || !Number.isInteger(tokens) || (tokens as number) < 1) return undefined;
  return value as Need;
}
