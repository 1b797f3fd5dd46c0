/**
 * What names a scope and what is asked of it, wherever it comes from. The bounds are far above any use: a path of twenty thousand levels would
 * hold up everybody else for seconds, and a root of two thousand characters makes subjects that no server takes.
 */
import { asInteger, asObject, asText, isLonger, wrong } from './fields.ts';

export const throttleBounds = Object.freeze({
  scopeChars: 255,
  /** Of its first part, which is a word of subjects. */
  rootChars: 128,
  /** In one need. */
  kinds: 32,
  /** Of a kind, or of a rate. */
  nameChars: 128,
  /** Of one kind, as a need and as a limit: what many hold is still counted to the last one. */
  tokens: 1_000_000_000_000,
});

/** The same, as a regular expression of JSON Schema. */
export const SCOPE_PATTERN = `^[^/\\x00-\\x1F\\x7F-\\x9F]{1,${throttleBounds.rootChars}}(/[^/\\x00-\\x1F\\x7F-\\x9F]+)*$`;
export const NAME_PATTERN = '^[^\\x00-\\x1F\\x7F-\\x9F]*$';
const CONTROL = /\p{Cc}/u;

/** A path such as `provider-1/tenant-7`. Throws `malformed`. */
export function asScope(value: unknown, what: string, field = 'scope'): string {
  const scope = asText(value, what, field, throttleBounds.scopeChars);
  const parts = scope.split('/');
  if (parts.includes('') || CONTROL.test(scope)) throw wrong(what, field, 'must be a path such as a/b');
  if (isLonger(parts[0]!, throttleBounds.rootChars))
    throw wrong(what, field, `must have a root of ${throttleBounds.rootChars} characters or less`);
  return scope;
}

/** The name of a kind or of a rate. Throws `malformed`. */
export function asKind(value: unknown, what: string, field = 'kind'): string {
  const kind = asText(value, what, field, throttleBounds.nameChars);
  if (CONTROL.test(kind)) throw wrong(what, field, 'must not have control characters');
  return kind;
}

/** Throws `malformed`. */
export function asTokens(value: unknown, what: string, field: string, least: number): number {
  const tokens = asInteger(value, what, field, least);
  if (tokens > throttleBounds.tokens) throw wrong(what, field, `must be ${throttleBounds.tokens} or less`);
  return tokens;
}

/** Tokens by kind, at least of one. Throws `malformed`. */
export function asNeed(value: unknown, what: string, field: string): Readonly<Record<string, number>> {
  const need = asObject(value, what, field);
  const entries = Object.entries(need);
  if (entries.length === 0) throw wrong(what, field, 'must name at least one kind');
  if (entries.length > throttleBounds.kinds) throw wrong(what, field, `must name ${throttleBounds.kinds} kinds or less`);
  for (const [kind, tokens] of entries) {
    if (kind === '' || isLonger(kind, throttleBounds.nameChars) || CONTROL.test(kind))
      throw wrong(what, field, `must name kinds by 1 to ${throttleBounds.nameChars} characters, none of them a control character`);
    asTokens(tokens, what, `${field}.${kind}`, 1);
  }
  return need as Readonly<Record<string, number>>;
}
