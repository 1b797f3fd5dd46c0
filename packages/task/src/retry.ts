import type { WireError } from '@troupe/protocol';
import type { RetryPolicy } from './contract.ts';

/**
 * Milliseconds until the next attempt, or undefined when there is none. `attempt` is the one that failed, counted from 1;
 * `random` in [0, 1) spreads the pause by a quarter, so that what failed together does not come back together.
 */
export function nextAttemptMs(
  policy: RetryPolicy,
  attempt: number,
  error: WireError,
  random: number,
  askedMs?: number,
): number | undefined {
  if (attempt >= policy.attempts || error.retryable === false) return undefined;
  if (askedMs !== undefined) return askedMs;
  const base = policy.delaysMs[Math.min(attempt, policy.delaysMs.length) - 1] ?? 1_000;
  return Math.round(base * (1 + random / 4));
}
