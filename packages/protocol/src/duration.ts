import { TroupeError } from './errors.ts';

/** A duration in public options: `'250ms'`, `'30s'`, `'5m'`, `'2h'`, `'7d'`. */
export type Duration = `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of a duration. Throws `invalid_options` naming `field`. */
export function durationMs(text: Duration, field = 'duration'): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const unit = match?.[2] === undefined ? undefined : UNITS[match[2]];
  if (match === null || unit === undefined) {
    throw new TroupeError('invalid_options', `${field}: ${JSON.stringify(text)} is no duration such as '30s'`, { field });
  }
  return Math.round(Number(match[1]) * unit);
}

/** A duration for people: `1.5s`, `12m`, `3h`. */
export function formatMs(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1).replace(/\.0$/, '')}s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)}m${pad(Math.round((ms % 60_000) / 1_000))}`;
  return `${Math.floor(ms / 3_600_000)}h${pad(Math.round((ms % 3_600_000) / 60_000))}`;
}

function pad(n: number): string {
  return n === 0 ? '' : String(n).padStart(2, '0');
}
