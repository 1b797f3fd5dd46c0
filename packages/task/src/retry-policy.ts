/**
 * When a step is tried again. The supervisor of an operation and the entity of a lone task decide with the functions
 * here; a worker only reports, because only durable state may count attempts.
 */
import { type Duration, durationMs, type ErrorCode, type TaskOutcome, type WireError } from '@troupe/protocol';
import { onlyKnown, refuse, wholeNumber } from './options.ts';

export type Idempotency = 'yes' | 'token' | 'no';

export interface RetryOptions {
  /** Attempts in all, the first included: 1 to 1000. Default 5; 1 with `idempotent: 'no'`. */
  readonly attempts?: number;
  /** Pauses before the second, third, … attempt; the last one repeats. Default 1, 2, 4, 8 s. Excludes `backoff`. */
  readonly delays?: readonly Duration[];
  /** Pauses that grow by `factor` (default 2) from `initial` up to `max`. */
  readonly backoff?: { readonly initial: Duration; readonly factor?: number; readonly max: Duration };
  /** Share of a pause that chance adds, 0 to 1. Default 0.25: what failed together does not come back together. */
  readonly jitter?: number;
}

/** As plans store it. */
export interface RetryPolicy {
  /** Attempts in all, the first included. */
  readonly attempts: number;
  /** Pause before the second, third, … attempt; the last one repeats. */
  readonly delaysMs: readonly number[];
  /** Share of a pause that chance adds. Absent = 0.25. */
  readonly jitter?: number;
}

const DEFAULT_DELAYS_MS: readonly number[] = Object.freeze([1_000, 2_000, 4_000, 8_000]);
const DEFAULT_JITTER = 0.25;
const MAX_ATTEMPTS = 1_000;
const MAX_DELAYS = 100;
/** Looking at a backend changes nothing there: after an unknown outcome it may be tried more often than the effect. */
const RECONCILE_ATTEMPTS = 5;
/** A task that no worker knows waits for a deploy. */
const UNKNOWN_TASK_DELAY_MS = 10_000;

const OPTIONS: Record<keyof RetryOptions, true> = { attempts: true, delays: true, backoff: true, jitter: true };

/** Throws `invalid_options` naming the field. */
export function retryPolicy(options: RetryOptions = {}, idempotent: Idempotency = 'yes'): RetryPolicy {
  onlyKnown(options, OPTIONS, 'retry');
  const { attempts, delays, backoff, jitter } = options;
  if (delays !== undefined && backoff !== undefined) refuse('retry.backoff', 'excludes retry.delays');
  if (jitter !== undefined && !(typeof jitter === 'number' && jitter >= 0 && jitter <= 1)) refuse('retry.jitter', 'must be from 0 to 1');
  return Object.freeze({
    attempts: attempts === undefined ? (idempotent === 'no' ? 1 : 5) : wholeNumber(attempts, 'retry.attempts', 1, MAX_ATTEMPTS),
    delaysMs: Object.freeze(backoff === undefined ? listed(delays) : growing(backoff)),
    ...(jitter === undefined ? {} : { jitter }),
  });
}

function listed(delays: RetryOptions['delays']): readonly number[] {
  if (delays === undefined) return DEFAULT_DELAYS_MS;
  if (!Array.isArray(delays) || delays.length === 0 || delays.length > MAX_DELAYS)
    refuse('retry.delays', `must be 1 to ${MAX_DELAYS} pauses`);
  return delays.map((delay: Duration, i) => durationMs(delay, `retry.delays.${i}`));
}

/** A policy is stored as a list, so that a plan need not know how it was written. */
function growing(backoff: NonNullable<RetryOptions['backoff']>): readonly number[] {
  onlyKnown(backoff, { initial: true, factor: true, max: true }, 'retry.backoff');
  const initialMs = durationMs(backoff.initial, 'retry.backoff.initial');
  const maxMs = durationMs(backoff.max, 'retry.backoff.max');
  const factor = backoff.factor ?? 2;
  if (!(typeof factor === 'number' && factor >= 1.1 && factor <= 100)) refuse('retry.backoff.factor', 'must be from 1.1 to 100');
  if (initialMs < 1) refuse('retry.backoff.initial', 'must be positive');
  if (maxMs < initialMs) refuse('retry.backoff.max', 'must not be less than initial');
  const out: number[] = [];
  for (let ms = initialMs; ms < maxMs && out.length < MAX_DELAYS - 1; ms *= factor) out.push(Math.round(ms));
  return [...out, maxMs];
}

/** The pause after a failed attempt (counted from 1), in milliseconds. `random` is in [0, 1). */
export function retryDelayMs(policy: RetryPolicy, attempt: number, random: number): number {
  const base = policy.delaysMs[Math.min(attempt, policy.delaysMs.length) - 1] ?? 1_000;
  return Math.round(base * (1 + (policy.jitter ?? DEFAULT_JITTER) * random));
}

/**
 * Milliseconds until the next attempt, or undefined when there is none. `attempt` is the one that failed, counted from 1;
 * `askedMs` is what a handler asked for by `Retry`.
 */
export function nextAttemptMs(
  policy: RetryPolicy,
  attempt: number,
  error: WireError,
  random: number,
  askedMs?: number,
): number | undefined {
  if (attempt >= policy.attempts || error.retryable === false) return undefined;
  return askedMs ?? retryDelayMs(policy, attempt, random);
}

/** What an attempt left behind that did not settle it. */
export type UnsettledOutcome = Extract<TaskOutcome, { kind: 'failed' | 'unknown' }>;

export type NextAttempt =
  /** Send it again after `delayMs` with this attempt number, a fresh token, and `reconcile` as said. */
  | { readonly kind: 'again'; readonly attempt: number; readonly delayMs: number; readonly reconcile: boolean }
  /** Nothing more to try; this is the error. */
  | { readonly kind: 'end'; readonly error: WireError };

/**
 * What follows an attempt that failed, or of which nobody knows whether it happened:
 *
 *  - `retryable: false` ends it, whatever the policy says;
 *  - a task that no worker knew burns no attempt: it waits for a worker that does (G10);
 *  - an unknown outcome is never repeated blindly but reconciled;
 *  - anything else is tried again until the attempts are used up.
 *
 * Pure: give it `context.random()`.
 */
export function nextAttempt(
  policy: RetryPolicy,
  last: { readonly attempt: number; readonly reconcile?: boolean | undefined },
  outcome: UnsettledOutcome,
  random: number,
): NextAttempt {
  const { error } = outcome;
  const { attempt } = last;
  const reconcile = last.reconcile === true || outcome.kind === 'unknown';
  const askedMs = outcome.kind === 'failed' ? outcome.retryAfterMs : undefined;
  if (outcome.kind === 'failed' && error.code === ('unknown_task' satisfies ErrorCode)) {
    const delayMs = askedMs ?? Math.round(UNKNOWN_TASK_DELAY_MS * (1 + DEFAULT_JITTER * random));
    return { kind: 'again', attempt, delayMs, reconcile };
  }
  const ended: NextAttempt = { kind: 'end', error: outcome.kind === 'unknown' ? nobodyKnows(error) : error };
  if (error.retryable === false) return ended;
  if (attempt >= policy.attempts + (reconcile ? RECONCILE_ATTEMPTS : 0)) return ended;
  return { kind: 'again', attempt: attempt + 1, delayMs: askedMs ?? retryDelayMs(policy, attempt, random), reconcile };
}

function nobodyKnows(error: WireError): WireError {
  if (error.code === ('outcome_unknown' satisfies ErrorCode)) return error;
  return { code: 'outcome_unknown', message: `nobody can tell whether it happened: ${error.message}`, retryable: false, cause: error };
}
