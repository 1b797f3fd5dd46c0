/**
 * High-water marks: when there is too much, and when no longer. Pure; `high-water.ts` looks and tells.
 *
 * Two marks per measure, for one would make the door flap: what it lets in at 99 brings the next look to 101.
 */
import { TroupeError } from '@troupe/protocol';

/** At `high` or more it is too much; from then on until it is at `low` or less. */
export interface Marks {
  readonly high: number;
  /** Below `high`. Default: four fifths of it, rounded down for messages. */
  readonly low?: number;
}

export interface HighWaterOptions {
  /** Messages in TASKS: attempts that wait for a worker or run. Default 100000, 80000. */
  readonly tasks?: Marks;
  /** Messages in MAIL that no host has dealt with. Default 50000, 40000. */
  readonly mail?: Marks;
  /**
   * Share, 0 to 1, of each storage limit that this user can see: that of the account (files, memory), and `max_bytes` of
   * the streams that must not overflow. Default 0.9, 0.8. A server does not tell the limit of its own disk to accounts
   * without one: where that matters, give the account a limit.
   */
  readonly storage?: Marks;
  /** How often it is looked at, in milliseconds. At least 50. Default 1000; longer lets more in meanwhile. */
  readonly everyMs?: number;
}

/** One measure that is over its mark. */
export interface Overload {
  readonly what: 'tasks' | 'mail' | 'storage';
  /** The stream, or `account` with `file` or `memory` behind it. */
  readonly where: string;
  /** Messages, or the share of the limit that is used. */
  readonly value: number;
  readonly high: number;
  /** It is over until the value is at this or less. */
  readonly low: number;
}

export type Reading = Pick<Overload, 'what' | 'where' | 'value'>;

export interface HighWaterMarks {
  readonly tasks: Required<Marks>;
  readonly mail: Required<Marks>;
  readonly storage: Required<Marks>;
  readonly everyMs: number;
}

export const highWaterDefaults: HighWaterMarks = Object.freeze({
  tasks: Object.freeze({ high: 100_000, low: 80_000 }),
  mail: Object.freeze({ high: 50_000, low: 40_000 }),
  storage: Object.freeze({ high: 0.9, low: 0.8 }),
  everyMs: 1_000,
});

const LEAST_EVERY_MS = 50;
const KNOWN = new Set(Object.keys(highWaterDefaults));

/** Fills in and checks. Throws `invalid_options` that names the field, such as `highWater.mail.low`. */
export function highWaterMarks(options: HighWaterOptions = {}): HighWaterMarks {
  for (const field of Object.keys(options)) if (!KNOWN.has(field)) throw wrong(field, 'is not an option');
  const everyMs = options.everyMs ?? highWaterDefaults.everyMs;
  if (!Number.isFinite(everyMs) || everyMs < LEAST_EVERY_MS) throw wrong('everyMs', `must be ${LEAST_EVERY_MS} or more`);
  return {
    tasks: counts('tasks', options.tasks),
    mail: counts('mail', options.mail),
    storage: shares(options.storage),
    everyMs,
  };
}

function counts(name: 'tasks' | 'mail', given: Marks | undefined): Required<Marks> {
  if (given === undefined) return highWaterDefaults[name];
  const { high, low = Math.floor((high * 4) / 5) } = given;
  if (!Number.isInteger(high) || high < 1) throw wrong(`${name}.high`, 'must be a whole number of 1 or more');
  if (!Number.isInteger(low) || low < 0 || low >= high) throw wrong(`${name}.low`, `must be a whole number from 0 to ${high - 1}`);
  return { high, low };
}

function shares(given: Marks | undefined): Required<Marks> {
  if (given === undefined) return highWaterDefaults.storage;
  const { high, low = (high * 4) / 5 } = given;
  if (!(high > 0 && high <= 1)) throw wrong('storage.high', 'must be a share above 0, and 1 at most');
  if (!(low >= 0 && low < high)) throw wrong('storage.low', `must be a share of 0 or more, below ${high}`);
  return { high, low };
}

function wrong(field: string, rule: string): TroupeError {
  return new TroupeError('invalid_options', `highWater.${field} ${rule}`, { field: `highWater.${field}` });
}

/** What is over its mark by these readings, given what was over before them. */
export function overloads(readings: readonly Reading[], marks: HighWaterMarks, before: readonly Overload[]): Overload[] {
  return readings.flatMap((reading) => {
    const { high, low } = marks[reading.what];
    const was = before.some(({ what, where }) => what === reading.what && where === reading.where);
    return reading.value >= high || (was && reading.value > low) ? [{ ...reading, high, low }] : [];
  });
}

/** For people: `troupe_MAIL holds 50012 messages (stops at 50000, goes on at 40000)`. */
export function overloadText({ what, where, value, high, low }: Overload): string {
  const text = (n: number): string => (what === 'storage' ? `${Math.round(n * 100)} %` : String(n));
  const holds = what === 'storage' ? `${where} has ${text(value)} of its storage in use` : `${where} holds ${value} messages`;
  return `${holds} (stops at ${text(high)}, goes on at ${text(low)})`;
}
