/**
 * Rates: how much may be spent in a time. A token is held and comes back; what is spent of a rate is gone, and only time
 * brings it back. Two forms: a *bucket* that refills steadily and allows a burst, and a *window* that slides.
 *
 * All arithmetic is in whole numbers, so that a budget is never passed by a rounding.
 */
import { type Duration, durationMs, TroupeError } from '@troupe/protocol';

/**
 * A token bucket: it holds `bucket` at the most, and `refill` come back `every` so often, a little at a time. In any time t at
 * most `bucket + refill · t / every` are spent. Or a sliding window: at most `most` in any `window`. 0 pauses.
 */
export type Rate =
  | { readonly bucket: number; readonly refill: number; readonly every: Duration }
  | { readonly window: Duration; readonly most: number };

export type Rates = Readonly<Record<string, Rate>>;

export interface RateOptions {
  /** Rates by name, at every root. */
  readonly kinds?: Rates;
  /** By path and name. */
  readonly scopes?: Readonly<Record<string, Rates>>;
}

/** What has been spent of one rate at one path, as its record keeps it. */
export type Spent =
  /** `left` counts in units times `everyMs`. */
  | { readonly form: 'bucket'; readonly at: number; readonly left: number; readonly everyMs: number }
  /** Units by the last moment at which they may have been spent, oldest first. */
  | { readonly form: 'window'; readonly log: readonly (readonly [at: number, units: number])[] };

/** A window keeps at most so many entries: what is spent within a hundredth of it counts as spent at that part's end. */
const PARTS = 100;

/** Throws `invalid_options` naming the field. */
export function checkRate(field: string, rate: Rate): Rate {
  const whole = (name: string, value: unknown): void => {
    if (!Number.isSafeInteger(value) || (value as number) < 0) {
      const message = `${field}.${name} must be a whole number of at least 0, not ${String(value)}`;
      throw new TroupeError('invalid_options', message, { field: `${field}.${name}` });
    }
  };
  if (typeof rate !== 'object' || rate === null)
    throw new TroupeError('invalid_options', `${field} must be { bucket, refill, every } or { window, most }`, { field });
  if ('window' in rate) {
    whole('most', rate.most);
    positive(`${field}.window`, rate.window);
  } else {
    whole('bucket', rate.bucket);
    whole('refill', rate.refill);
    positive(`${field}.every`, rate.every);
    // it is counted in units times milliseconds
    if (!Number.isSafeInteger(rate.bucket * durationMs(rate.every))) {
      const message = `${field}.bucket must be smaller, or ${field}.every shorter: ${rate.bucket} in ${rate.every} is not counted to the last one`;
      throw new TroupeError('invalid_options', message, { field: `${field}.bucket` });
    }
  }
  return rate;
}

function positive(field: string, text: Duration): void {
  if (typeof text !== 'string' || durationMs(text, field) < 1) {
    throw new TroupeError('invalid_options', `${field} must be at least 1 ms, such as '1s'`, { field });
  }
}

/** The most that can ever be spent at once. */
export function mostAtOnce(rate: Rate): number {
  return 'window' in rate ? rate.most : rate.bucket;
}

/** Epoch ms from which so many units can be spent: `now` or before if at once, Infinity if never, as things are. */
export function readyAt(rate: Rate, spent: Spent | undefined, units: number, now: number): number {
  if (units > mostAtOnce(rate)) return Number.POSITIVE_INFINITY;
  if ('window' in rate) {
    const log = logOf(spent, rate, now);
    let over = log.reduce((sum, [, n]) => sum + n, 0) + units - rate.most;
    if (over <= 0) return now;
    const windowMs = durationMs(rate.window);
    for (const [at, n] of log) {
      over -= n;
      if (over <= 0) return at + windowMs;
    }
    return Number.POSITIVE_INFINITY;
  }
  const everyMs = durationMs(rate.every);
  const missing = units * everyMs - leftAt(rate, spent, now);
  if (missing <= 0) return now;
  return rate.refill === 0 ? Number.POSITIVE_INFINITY : now + Math.ceil(missing / rate.refill);
}

/** When so many units, asked for one after the other, have been spent: what somebody far behind can expect. */
export function readyFor(rate: Rate, spent: Spent | undefined, units: number, now: number): number {
  const most = mostAtOnce(rate);
  if (units <= most) return readyAt(rate, spent, units, now);
  if (most === 0) return Number.POSITIVE_INFINITY;
  if ('window' in rate) {
    const rounds = Math.ceil(units / most) - 1;
    return readyAt(rate, spent, units - rounds * most, now) + rounds * durationMs(rate.window);
  }
  if (rate.refill === 0) return Number.POSITIVE_INFINITY;
  return readyAt(rate, spent, most, now) + Math.ceil(((units - most) * durationMs(rate.every)) / rate.refill);
}

/** After so many units were spent `now`. */
export function spend(rate: Rate, spent: Spent | undefined, units: number, now: number): Spent {
  if ('window' in rate) {
    const partMs = Math.max(1, Math.ceil(durationMs(rate.window) / PARTS));
    const at = (Math.floor(now / partMs) + 1) * partMs - 1;
    const log = [...logOf(spent, rate, now)];
    const last = log.at(-1);
    if (last !== undefined && last[0] >= at) log[log.length - 1] = [last[0], last[1] + units];
    else log.push([at, units]);
    return { form: 'window', log };
  }
  const everyMs = durationMs(rate.every);
  return { form: 'bucket', at: Math.max(now, atOf(spent, now)), left: leftAt(rate, spent, now) - units * everyMs, everyMs };
}

/** What is spent of it now: of a window within it, of a bucket what is missing to the full. */
export function spentNow(rate: Rate, spent: Spent | undefined, now: number): number {
  if ('window' in rate) return logOf(spent, rate, now).reduce((sum, [, n]) => sum + n, 0);
  return rate.bucket - Math.floor(leftAt(rate, spent, now) / durationMs(rate.every));
}

/** A rate that was given the other form starts anew. */
function logOf(spent: Spent | undefined, rate: { readonly window: Duration }, now: number): readonly (readonly [number, number])[] {
  const from = now - durationMs(rate.window);
  return spent?.form === 'window' ? spent.log.filter(([at]) => at > from) : [];
}

function atOf(spent: Spent | undefined, now: number): number {
  return spent?.form === 'bucket' ? spent.at : now;
}

function leftAt(
  rate: { readonly bucket: number; readonly refill: number; readonly every: Duration },
  spent: Spent | undefined,
  now: number,
): number {
  const everyMs = durationMs(rate.every);
  const full = rate.bucket * everyMs;
  if (spent?.form !== 'bucket') return full;
  const left = spent.everyMs === everyMs ? spent.left : Math.floor((spent.left * everyMs) / spent.everyMs);
  return Math.min(full, left + Math.max(0, now - spent.at) * rate.refill);
}

/** In words: `20 at once, 5 every 1s`, `100 in 1m`. */
export function rateText(rate: Rate): string {
  return 'window' in rate ? `${rate.most} in ${rate.window}` : `${rate.bucket} at once, ${rate.refill} every ${rate.every}`;
}
