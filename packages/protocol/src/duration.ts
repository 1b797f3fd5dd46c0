import { TroupeError } from './errors.ts';

/** A duration in public options: `'250ms'`, `'30s'`, `'5m'`, `'2h'`, `'7d'`. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A thousand years: what is longer is a slip of the keyboard, and its end no date. */
const MOST_MS = 365_250 * 86_400_000;

/** Milliseconds of a duration, of 1,000 years at the most. Throws `invalid_options` naming `field`. */
export function durationMs(text: Duration, field = 'duration'): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const unit = match?.[2] === undefined ? undefined : UNITS[match[2]];
  if (match === null || unit === undefined) {
    throw new TroupeError('invalid_options', `${field}: ${JSON.stringify(text)} is no duration such as '30s'`, { field });
  }
  const ms = Math.round(Number(match[1]) * unit);
  if (ms > MOST_MS) throw new TroupeError('invalid_options', `${field}: ${JSON.stringify(text)} is longer than 1,000 years`, { field });
  return ms;
}

/** A duration for people: `1.5s`, `12m`, `3h`; with two units `1m05`, `2h30`. Rounded first, so that 60 of a unit never show. */
export function formatMs(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  if (whole < 1_000) return `${whole}ms`;
  const tenths = Math.round(whole / 100);
  if (tenths < 600) return `${tenths / 10}s`;
  const seconds = Math.round(whole / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${pad(seconds % 60)}`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}h${pad(minutes % 60)}`;
}

function pad(n: number): string {
  return n === 0 ? '' : String(n).padStart(2, '0');
}
