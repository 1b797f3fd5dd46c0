/** Options of a client: one frozen set of defaults, checked when it is made. */
import { type Clock, type Random, systemClock, systemRandom } from '@troupe/actor';
import { type Duration, durationMs, TroupeError } from '@troupe/protocol';

export interface ClientOptions {
  /** Namespace of the installation, as its hosts have it. Default `troupe`. */
  readonly ns?: string;
  /** How long a command waits for its first answer, and a verb for being stored. After it: `unanswered`. Default `10s`. */
  readonly answerTimeout?: Duration;
  /**
   * How often a wait for an end looks into the record, besides listening: an answer can be lost with the host that was
   * about to send it. Shorter costs one read per operation and time. Default `10s`.
   */
  readonly checkEvery?: Duration;
  /** Operations whose end nobody awaits now, but is still listened for; older ones are looked up when asked. Default 10000. */
  readonly maxFollowed?: number;
  /**
   * False for a user who may only publish commands: a wait then looks by the same command again and never tries to read, which
   * the server would refuse and log. Default true: found out by the first refusal.
   */
  readonly mayRead?: boolean;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface Settings {
  readonly ns: string;
  readonly answerTimeoutMs: number;
  readonly checkEveryMs: number;
  readonly maxFollowed: number;
  readonly mayRead: boolean;
  readonly clock: Clock;
  readonly random: Random;
}

export const clientDefaults = Object.freeze({
  ns: 'troupe',
  answerTimeout: '10s',
  checkEvery: '10s',
  maxFollowed: 10_000,
  mayRead: true,
} as const satisfies ClientOptions);

const LEAST_MS = 10;
const DEFAULT_LIMIT = 100;

export function settingsOf(options: ClientOptions): Settings {
  const { ns, answerTimeout, checkEvery, maxFollowed, mayRead } = { ...clientDefaults, ...options };
  if (!Number.isInteger(maxFollowed) || maxFollowed < 0) throw wrong('maxFollowed', 'must be a whole number of 0 or more');
  if (typeof mayRead !== 'boolean') throw wrong('mayRead', 'must be true or false');
  return {
    ns,
    answerTimeoutMs: positive(answerTimeout, 'answerTimeout'),
    checkEveryMs: positive(checkEvery, 'checkEvery'),
    maxFollowed,
    mayRead,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
  };
}

/** The limit of a list. */
export function limitOf(limit: number | undefined): number {
  if (limit === undefined) return DEFAULT_LIMIT;
  if (!Number.isInteger(limit) || limit < 1) throw wrong('limit', 'must be a whole number of 1 or more');
  return limit;
}

function positive(value: Duration, field: string): number {
  const ms = durationMs(value, field);
  if (ms < LEAST_MS) throw wrong(field, `must be ${LEAST_MS}ms or more`);
  return ms;
}

function wrong(field: string, rule: string): TroupeError {
  return new TroupeError('invalid_options', `${field} ${rule}`, { field });
}
