/** Steps that are passed over, and the event that says why: behind a closed gate (S22), or declined by their handler (S23). */
import type { TaskOutcome, WireError } from '@troupe/protocol';
import { logError } from '../operation/log.ts';
import { endStep, OK, publish, type Run } from '../operation/run.ts';
import { keepOutput, taskOf, type Working } from './task-message.ts';

export function isClosed(run: Run, node: Working): boolean {
  const { gate } = taskOf(run, node);
  return gate !== undefined && !run.settings.isOpen(gate);
}

/** It was open when the task was sent, and closed where it came to. */
export function foundClosed(outcome: TaskOutcome): boolean {
  return outcome.kind === 'failed' && outcome.error.code === 'gate_closed';
}

export function passClosed(run: Run, path: string, node: Working): void {
  keepOutput(run, node.output ?? node.id, null, 4);
  publish(run, 'skipped', { step: node.id, reason: 'disabled' });
  endStep(run, path, OK);
}

/** What a handler says of a resource that its step is not for. */
export function declinedBy(outcome: TaskOutcome): WireError | undefined {
  return outcome.kind === 'failed' && outcome.error.code === 'declined' ? outcome.error : undefined;
}

export function passDeclined(run: Run, path: string, node: Working, { attempt, error }: { attempt: number; error: WireError }): void {
  logError(run, { step: node.id, attempt, error });
  keepOutput(run, node.output ?? node.id, null, 4);
  publish(run, 'skipped', { step: node.id, reason: 'declined', message: error.message.slice(0, 200) });
  endStep(run, path, OK);
}
