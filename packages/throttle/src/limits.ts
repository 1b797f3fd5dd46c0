/** Limits of a scope tree: override of a path at run time, else its configured limit, else (at the root) kind and global defaults. */
import { asScope, type Duration, durationMs, throttleBounds, TroupeError } from '@troupe/protocol';
import { type AdaptiveOptions, checkAdaptive } from './adaptive.ts';
import { own } from './own.ts';
import { checkRate, type Rate, type RateOptions } from './rates.ts';

/** Tokens by kind. */
export type Need = Readonly<Record<string, number>>;

export interface LimitOptions {
  /** Limit of a kind that no other entry names, per scope root. Default 4. */
  readonly default?: number;
  /** Limits by kind, per scope root. */
  readonly kinds?: Readonly<Record<string, number>>;
  /** Limits by scope path and kind: `{ 'provider-1/tenant-7': { instance: 2 } }`. */
  readonly scopes?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** How much may be spent in a time. A rate that is not named here or at run time is none. */
  readonly rates?: RateOptions;
  /** Limits that adapt themselves to how the backend does. One that is set at run time goes before. */
  readonly adaptive?: AdaptiveOptions;
  /**
   * Whoever has waited so long goes before all that have not, the oldest first, whatever their priorities and shares. So it is passed only
   * by who came within that time after it. Default `'1h'`.
   */
  readonly aging?: Duration;
  /** How much a share counts beside others, by its name. Default 1. */
  readonly shares?: Readonly<Record<string, number>>;
}

export const DEFAULT_LIMIT = 4;
/** A turn of a share is its need by its weight: what lies beyond would be lost in the sum. */
const LEAST_WEIGHT = 0.000_001;
const MOST_WEIGHT = 1_000_000;

const DEFAULT_AGING = '1h';

export function agingMs({ aging }: LimitOptions): number {
  return durationMs(aging ?? DEFAULT_AGING, 'limits.aging');
}

/** Throws `invalid_options` naming the field. */
export function checkCount(field: string, value: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= throttleBounds.tokens) return;
  throw new TroupeError('invalid_options', `${field} must be a whole number from 0 to ${throttleBounds.tokens}, not ${value}`, { field });
}

/** What is misspelt would limit nothing, and nobody would notice: so only what is known is taken. */
function checkShape(options: LimitOptions): void {
  const isMap = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
  const known = (field: string, map: unknown, names?: readonly string[]): void => {
    if (!isMap(map)) throw new TroupeError('invalid_options', `${field} must be an object`, { field });
    const strange = names && Object.keys(map as object).find((name) => !names.includes(name));
    if (strange === undefined) return;
    const at = `${field}.${strange}`;
    throw new TroupeError('invalid_options', `${at} is none of ${names!.join(', ')}`, { field: at });
  };
  const byPath = (field: string, map: object | undefined): void => {
    if (map === undefined) return;
    known(field, map);
    for (const [path, kinds] of Object.entries(map)) {
      try {
        asScope(path, field, `${field}.${path}`);
      } catch (cause) {
        throw new TroupeError('invalid_options', (cause as Error).message, { field: `${field}.${path}`, cause });
      }
      known(`${field}.${path}`, kinds);
    }
  };
  known('limits', options, ['default', 'kinds', 'scopes', 'rates', 'adaptive', 'aging', 'shares']);
  for (const [field, map] of Object.entries({ kinds: options.kinds, shares: options.shares }))
    if (map !== undefined) known(`limits.${field}`, map);
  byPath('limits.scopes', options.scopes);
  for (const [name, part] of Object.entries({ rates: options.rates, adaptive: options.adaptive })) {
    if (part === undefined) continue;
    known(`limits.${name}`, part, ['kinds', 'scopes']);
    if (part.kinds !== undefined) known(`limits.${name}.kinds`, part.kinds);
    byPath(`limits.${name}.scopes`, part.scopes);
  }
}

/** Checked when a behaviour is made: a limit is a whole number, 0 pauses. */
export function checkLimits(options: LimitOptions): LimitOptions {
  checkShape(options);
  if (options.default !== undefined) checkCount('limits.default', options.default);
  for (const [kind, value] of Object.entries(options.kinds ?? {})) checkCount(`limits.kinds.${kind}`, value);
  for (const [path, kinds] of Object.entries(options.scopes ?? {})) {
    for (const [kind, value] of Object.entries(kinds)) checkCount(`limits.scopes.${path}.${kind}`, value);
  }
  for (const [name, rate] of Object.entries(options.rates?.kinds ?? {})) checkRate(`limits.rates.kinds.${name}`, rate);
  for (const [path, rates] of Object.entries(options.rates?.scopes ?? {})) {
    for (const [name, rate] of Object.entries(rates)) checkRate(`limits.rates.scopes.${path}.${name}`, rate);
  }
  for (const [kind, limit] of Object.entries(options.adaptive?.kinds ?? {})) checkAdaptive(`limits.adaptive.kinds.${kind}`, limit);
  for (const [path, kinds] of Object.entries(options.adaptive?.scopes ?? {})) {
    for (const [kind, limit] of Object.entries(kinds)) checkAdaptive(`limits.adaptive.scopes.${path}.${kind}`, limit);
  }
  agingMs(options);
  for (const [share, weight] of Object.entries(options.shares ?? {})) {
    if (weight >= LEAST_WEIGHT && weight <= MOST_WEIGHT) continue;
    const field = `limits.shares.${share}`;
    throw new TroupeError('invalid_options', `${field} must be a number from ${LEAST_WEIGHT} to ${MOST_WEIGHT}, not ${weight}`, { field });
  }
  return options;
}

/** `a/b/c` → `a`, `a/b`, `a/b/c`. */
export function levelsOf(scope: string): string[] {
  const parts = scope.split('/');
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}

export function rootOf(scope: string): string {
  const slash = scope.indexOf('/');
  return slash < 0 ? scope : scope.slice(0, slash);
}

/** Infinity below the root where nothing is said: a tenant is limited by its provider, unless it has a limit of its own. */
export function configuredLimit(options: LimitOptions, path: string, kind: string): number {
  const here = own(own(options.scopes, path), kind);
  if (here !== undefined) return here;
  if (path.includes('/')) return Number.POSITIVE_INFINITY;
  return own(options.kinds, kind) ?? options.default ?? DEFAULT_LIMIT;
}

/** None where nothing is said: unlike tokens, a rate has no default. */
export function configuredRate({ rates }: LimitOptions, path: string, name: string): Rate | undefined {
  return own(own(rates?.scopes, path), name) ?? (path.includes('/') ? undefined : own(rates?.kinds, name));
}

/** What the options say of one root. */
export function limitsOfRoot(options: LimitOptions, root: string): LimitOptions {
  const { rates, aging, shares, adaptive } = options;
  return {
    ...(aging === undefined ? {} : { aging }),
    ...(shares === undefined ? {} : { shares }),
    ...(options.default === undefined ? {} : { default: options.default }),
    ...(options.kinds === undefined ? {} : { kinds: options.kinds }),
    ...scopesOf(options.scopes, root),
    ...(rates === undefined ? {} : { rates: ofRoot(rates, root) }),
    ...(adaptive === undefined ? {} : { adaptive: ofRoot(adaptive, root) }),
  };
}

interface ByScope<T> {
  readonly kinds?: Readonly<Record<string, T>>;
  readonly scopes?: Readonly<Record<string, Readonly<Record<string, T>>>>;
}

function ofRoot<T>({ kinds, scopes }: ByScope<T>, root: string): ByScope<T> {
  return { ...(kinds === undefined ? {} : { kinds }), ...scopesOf(scopes, root) };
}

function scopesOf<T>(scopes: Readonly<Record<string, T>> | undefined, root: string): { scopes?: Readonly<Record<string, T>> } {
  const here = Object.entries(scopes ?? {}).filter(([path]) => rootOf(path) === root);
  return here.length === 0 ? {} : { scopes: Object.fromEntries(here) };
}
