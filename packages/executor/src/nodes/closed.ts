/** Tasks behind a closed gate: neither sent nor run; their step is passed over, and the event says why (S22). */
import type { TaskOutcome } from '@troupe/protocol';
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
