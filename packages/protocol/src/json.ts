/** What travels and what is stored: plain JSON, nothing else. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/**
 * Encodes a value for the wire. Never throws for what JSON cannot hold: circular references, getters that throw, big
 * integers and functions become text, because an encoding problem must not become a retry (S15).
 */
export function encodeJson(value: unknown): string {
  try {
    const text = JSON.stringify(value);
    if (text !== undefined) return text;
  } catch {
    // fall through to the tolerant form
  }
  return JSON.stringify(toJson(value));
}

/** The nearest JSON value to whatever was thrown or returned. Total: what cannot be read becomes text that says so. */
export function toJson(value: unknown, depth = 8, seen: ReadonlySet<object> = new Set()): Json {
  try {
    return convert(value, depth, seen);
  } catch {
    // a revoked proxy, a trap that throws
    return '[unreadable]';
  }
}

function convert(value: unknown, depth: number, seen: ReadonlySet<object>): Json {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object') return describe(value);
  if (seen.has(value)) return '[circular]';
  if (depth === 0) return '[too deep]';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  const within = new Set(seen).add(value);
  if (Array.isArray(value)) return Array.from({ length: value.length }, (_, i) => read(value, i, depth, within) ?? null);
  const out: Record<string, Json> = {};
  for (const key of Object.keys(value)) {
    const item = read(value as Record<string, unknown>, key, depth, within);
    // defined, not assigned: the key may be __proto__
    if (item !== undefined) Object.defineProperty(out, key, { value: item, enumerable: true, configurable: true, writable: true });
  }
  return out;
}

function read(holder: object, key: string | number, depth: number, within: ReadonlySet<object>): Json | undefined {
  let item: unknown;
  try {
    item = (holder as Record<string | number, unknown>)[key];
  } catch {
    return '[unreadable]';
  }
  return item === undefined ? undefined : toJson(item, depth - 1, within);
}

function describe(value: unknown): string {
  try {
    return String(value);
  } catch {
    return '[unprintable]';
  }
}
