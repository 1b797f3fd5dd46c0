/**
 * Limits that adapt themselves: additive increase, multiplicative decrease, as TCP does it (Chiu, Jain, 1989). Holders tell how the
 * backend did. As long as it does well and the limit is what holds others up, the limit grows by `increase` for as many good answers as it
 * is large; an answer that was refused or slow cuts it to `decrease` of itself, at the most once in `pause`: those that are under way
 * when it is cut would cut it again for the same cause.
 */
import type { Effect } from '@troupe/actor';
import { type Duration, durationMs, encodeJson, type Json, TroupeError } from '@troupe/protocol';
import { own } from './own.ts';

export interface AdaptiveLimit {
  /** It is never cut below, at least 1. */
  readonly least: number;
  /** It never grows above. A need above it is refused. */
  readonly most: number;
  /** Where it begins. Default `least`. */
  readonly start?: number;
  /** Default 1. */
  readonly increase?: number;
  /** Above 0 and below 1. Default 0.5. */
  readonly decrease?: number;
  /** An answer that took longer counts as refused. Default: only refusals count. */
  readonly slow?: Duration;
  /** Default `'10s'`. */
  readonly pause?: Duration;
}

export interface AdaptiveOptions {
  /** By kind, at every root. */
  readonly kinds?: Readonly<Record<string, AdaptiveLimit>>;
  /** By path and kind. */
  readonly scopes?: Readonly<Record<string, Readonly<Record<string, AdaptiveLimit>>>>;
}

/** How the backend did, as a holder saw it. */
export interface Observation {
  /** It said that it has too much to do. */
  readonly refused?: boolean;
  readonly latencyMs?: number;
}

interface Entry {
  readonly path: string;
  readonly kind: string;
  /** Not whole: the limit is what is below it. */
  readonly value: number;
  readonly cutAt?: number;
}

/** Throws `invalid_options` naming the field. */
export function checkAdaptive(field: string, limit: AdaptiveLimit): void {
  const { least, most, start = least, increase = 1, decrease = 0.5, slow, pause } = limit;
  const must = (name: string, isRight: boolean, rule: string): void => {
    if (!isRight) throw new TroupeError('invalid_options', `${field}.${name} must be ${rule}`, { field: `${field}.${name}` });
  };
  must('least', Number.isInteger(least) && least >= 1, 'a whole number of at least 1');
  must('most', Number.isInteger(most) && most >= least, 'a whole number of at least `least`');
  must('start', start >= least && start <= most, 'between `least` and `most`');
  must('increase', increase > 0 && Number.isFinite(increase), 'a number above 0');
  must('decrease', decrease > 0 && decrease < 1, 'between 0 and 1');
  if (slow !== undefined) durationMs(slow, `${field}.slow`);
  if (pause !== undefined) durationMs(pause, `${field}.pause`);
}

export class AdaptiveLimits {
  private readonly options: AdaptiveOptions;
  private readonly entries = new Map<string, Entry>();

  constructor(options: AdaptiveOptions) {
    this.options = options;
  }

  restore(body: Json): void {
    const entry = body as unknown as Entry;
    this.entries.set(itemOf(entry.path, entry.kind), entry);
  }

  optionsOf(path: string, kind: string): AdaptiveLimit | undefined {
    return own(own(this.options.scopes, path), kind) ?? (path.includes('/') ? undefined : own(this.options.kinds, kind));
  }

  /** Undefined where it does not adapt itself. */
  limitOf(path: string, kind: string): number | undefined {
    const options = this.optionsOf(path, kind);
    return options === undefined ? undefined : Math.floor(this.valueOf(options, path, kind));
  }

  /** True if the limit is another one now. `isUsed`: all of it is in use, or somebody waits for it. */
  observe(
    path: string,
    kind: string,
    { refused = false, latencyMs = 0 }: Observation,
    isUsed: boolean,
    now: number,
  ): { isNew: boolean; effects: Effect[] } {
    const nothing = { isNew: false, effects: [] };
    const options = this.optionsOf(path, kind);
    if (options === undefined) return nothing;
    const { least, most, increase = 1, decrease = 0.5, slow, pause = '10s' } = options;
    const item = itemOf(path, kind);
    const before = this.valueOf(options, path, kind);
    const cutAt = this.entries.get(item)?.cutAt;
    let next: Entry;
    if (refused || (slow !== undefined && latencyMs > durationMs(slow))) {
      if (cutAt !== undefined && now - cutAt < durationMs(pause)) return nothing;
      next = { path, kind, value: Math.max(least, before * decrease), cutAt: now };
    } else {
      if (!isUsed || before >= most) return nothing;
      next = { path, kind, value: Math.min(most, before + increase / Math.floor(before)), ...(cutAt === undefined ? {} : { cutAt }) };
    }
    this.entries.set(item, next);
    return {
      isNew: Math.floor(next.value) !== Math.floor(before),
      effects: [{ type: 'putItem', item, body: next as unknown as Json }],
    };
  }

  /** Bounds that were configured anew hold at once. */
  private valueOf({ least, most, start = least }: AdaptiveLimit, path: string, kind: string): number {
    return Math.min(most, Math.max(least, this.entries.get(itemOf(path, kind))?.value ?? start));
  }
}

function itemOf(path: string, kind: string): string {
  return `a:${encodeJson([path, kind])}`;
}
