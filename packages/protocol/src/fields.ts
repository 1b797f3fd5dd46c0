/**
 * Checks of single fields. Each throws `malformed` and names the place by its path, such as `options.class`; none
 * allocates when the field is good, because every message passes through them.
 */
import { TroupeError } from './errors.ts';

export type Fields = Readonly<Record<string, unknown>>;

export function wrong(what: string, field: string, rule: string): TroupeError {
  return new TroupeError('malformed', `${what}: ${field} ${rule}`, { field });
}

export function asObject(value: unknown, what: string, field: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(what, field, 'must be an object');
  return value as Fields;
}

/** Text of 1 to `limit` characters. */
export function asText(value: unknown, what: string, field: string, limit = Infinity): string {
  if (typeof value !== 'string' || value === '' || isLonger(value, limit)) {
    throw wrong(what, field, limit === Infinity ? 'must be text, not empty' : `must be text of 1 to ${limit} characters`);
  }
  return value;
}

/** Text that may be empty. */
export function asAnyText(value: unknown, what: string, field: string): string {
  if (typeof value !== 'string') throw wrong(what, field, 'must be text');
  return value;
}

export function asNumber(value: unknown, what: string, field: string, least = -Infinity): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(what, field, 'must be a number');
  if (value < least) throw wrong(what, field, `must be ${least} or more`);
  return value;
}

export function asInteger(value: unknown, what: string, field: string, least: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least)
    throw wrong(what, field, `must be a whole number of ${least} or more`);
  return value;
}

export function asBoolean(value: unknown, what: string, field: string): boolean {
  if (typeof value !== 'boolean') throw wrong(what, field, 'must be true or false');
  return value;
}

export function asOneOf<T extends string>(value: unknown, words: readonly T[], what: string, field: string): T {
  if (typeof value !== 'string' || !(words as readonly string[]).includes(value))
    throw wrong(what, field, `must be one of ${words.join(', ')}`);
  return value as T;
}

/** Whether a text has more characters than its limit. Characters are code points, as JSON Schema counts them: a sender in any language comes to the same number. */
export function isLonger(text: string, limit: number): boolean {
  if (text.length <= limit) return false;
  if (text.length > 2 * limit) return true;
  let n = 0;
  for (const _ of text) n++;
  return n > limit;
}
