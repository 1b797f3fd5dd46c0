/** What failures do to a schedule: penalty, breaker of its own, and the pause that it makes by itself. */
import { durationMs } from '@troupe/protocol';
import { scheduleDefaults } from './definition.ts';
import type { Outcome, ScheduleRoot } from './state.ts';

/** What failed so long ago says nothing any more. */
export const PENALTY_EXPIRES_MS = 86_400_000;

export interface Failure {
  readonly code: string;
  readonly text: string;
  readonly userMessage?: string;
}

/** What passes over the nominal time that has come; that one is counted. */
export function heldUpBy(root: ScheduleRoot, now: number): Outcome['what'] | undefined {
  if (root.failedAt !== undefined && now - root.failedAt >= PENALTY_EXPIRES_MS) forgive(root);
  if (root.penalty > 0) {
    root.penalty--;
    return 'skippedPenalty';
  }
  return root.openUntil !== undefined && now < root.openUntil ? 'skippedBreaker' : undefined;
}

/** Returns why the schedule pauses, if it does. */
export function countFailure(
  root: ScheduleRoot,
  { code, text, userMessage }: Failure,
  now: number,
): NonNullable<ScheduleRoot['pausedFor']> | undefined {
  const { penaltyCap = scheduleDefaults.penaltyCap, breaker, retain } = root.definition;
  // what a user made stays as it is until a user has looked at it
  const { pauseOn = retain === undefined ? undefined : 'any' } = root.definition;
  root.failures++;
  root.failedAt = now;
  root.penalty = Math.min(root.failures, penaltyCap);
  if (breaker !== undefined && breaker.scope === undefined && root.failures >= breaker.failures)
    root.openUntil = now + durationMs(breaker.pause);
  const pauses = root.status === 'active' && (pauseOn === 'any' || pauseOn?.includes(code) === true);
  if (!pauses) return undefined;
  const message = userMessage ?? `It failed (${text}) and was paused; it runs again when somebody resumes it.`;
  return { reason: text.slice(0, 300), at: now, automatic: true, message: message.slice(0, 500) };
}

export function forgive(root: ScheduleRoot): void {
  root.failures = 0;
  root.penalty = 0;
  delete root.failedAt;
  delete root.openUntil;
}
