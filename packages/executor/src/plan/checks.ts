/** Small checks of the compiler. Every refusal is `invalid_plan` and names the place in the plan. */
import { type Duration, durationMs, type ErrorCode, type ResourceRef, TroupeError } from '@troupe/protocol';
import type { Need } from './nodes.ts';

export function wrong(field: string, why: string, code: ErrorCode = 'invalid_plan'): TroupeError {
  return new TroupeError(code, `${field}: ${why}`, { field });
}

export function textAt(value: unknown, field: string, limit = 128): string {
  if (typeof value !== 'string' || value === '' || value.length > limit) throw wrong(field, `must be text of 1 to ${limit} characters`);
  return value;
}

/** Ids become names of outputs, and a dot would begin a path into one. */
export function idAt(value: unknown, field: string): string {
  const id = textAt(value, field, 64);
  if (id.includes('.')) throw wrong(field, 'must not contain a dot');
  return id;
}

export function msAt(value: Duration, field: string, least = 0): number {
  let ms: number;
  try {
    ms = durationMs(value, field);
  } catch {
    throw wrong(field, `${JSON.stringify(value)} is no duration such as '30s'`);
  }
  if (ms < least) throw wrong(field, `must be at least ${least} ms`);
  return ms;
}

export function countAt(value: unknown, field: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
    throw wrong(field, `must be a whole number from ${least}${most === Number.MAX_SAFE_INTEGER ? '' : ` to ${most}`}`);
  }
  return value as number;
}

export function oneOf<T extends string>(value: unknown, allowed: readonly T[], field: string): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw wrong(field, `must be one of ${allowed.join(', ')}`);
  return found;
}

/** A set of words, not empty. */
export function wordsAt(value: unknown, field: string): readonly string[] {
  if (!Array.isArray(value) || value.length === 0) throw wrong(field, 'must be a list that is not empty');
  return value.map((word, i) => textAt(word, `${field}.${i}`, 150));
}

export function needAt(value: unknown, field: string): Need {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(field, 'must be an object of kinds and numbers');
  const entries = Object.entries(value);
  if (entries.length === 0) throw wrong(field, 'is empty: a lease of nothing limits nothing');
  for (const [kind, tokens] of entries) {
    textAt(kind, `${field}.${kind}`);
    countAt(tokens, `${field}.${kind}`, 1);
  }
  return value as Need;
}

export function refAt(value: unknown, field: string): ResourceRef {
  if (typeof value !== 'object' || value === null) throw wrong(field, 'must be an object {kind, id}');
  const { kind, id } = value as Partial<ResourceRef>;
  return { kind: textAt(kind, `${field}.kind`), id: textAt(id, `${field}.id`) };
}

/** An option that nobody reads is a mistake, and silence would hide it (S16). */
export function knownKeys(node: object, allowed: readonly string[], field: string): void {
  for (const [key, value] of Object.entries(node)) {
    if (value !== undefined && !allowed.includes(key)) throw wrong(`${field}.${key}`, 'is no option here');
  }
}
