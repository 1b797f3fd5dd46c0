/**
 * A retry of an operation that did not end well, under the plan and the outputs it had: what was done stays done, what failed
 * or was stopped runs again. It takes its resources first, as they were; if another operation has had one of them since,
 * or one is gone, the retry is refused and the operation stays ended as it was.
 */
import type { Incoming } from '@troupe/actor';
import { startRetaking } from './accept.ts';
import { tellParent } from './finish.ts';
import { restoreKept } from './kept.ts';
import type { Run } from './run.ts';

/** Why it may not be retried, or undefined: then it has begun. */
export function retry(run: Run, message: Incoming): string | undefined {
  const { op } = run;
  const { progress, head } = op;
  const fromParent = message.from?.kind === 'operation' && message.from.key === head.parent?.operation;
  // a schedule has gone on: to it, it is an operation like any other now
  if (head.parent !== undefined && head.parent.kind === undefined && !fromParent)
    return `it is a part of operation ${head.parent.operation}: retry that one`;
  const { outcome, error } = progress;
  if (outcome !== 'failed' && outcome !== 'cancelled') return `it ended ${outcome ?? 'otherwise'}`;
  if (progress.undone === true) return 'what it did was taken back: send the command again';
  if (!run.settings.executors.has(head.executor)) return `no host here knows the executor ${head.executor}`;
  if (!restoreKept(run)) return 'what it would go on from is not kept any more: send the command again';
  run.effects.push({ type: 'reopen' });
  progress.done -= [...op.unfinished.values()].filter((one) => one.c === 1).length;
  for (const field of ['outcome', 'endedAt', 'error', 'failedStep', 'orphans', 'left', 'retryable', 'stop', 'handedTo'] as const)
    delete progress[field];
  startRetaking(run, { outcome, error: error ?? { code: 'internal', message: `ended ${outcome}` } });
  return undefined;
}

/** A parent that told it to retry must hear that it stays as it is. */
export function tellStill(run: Run): void {
  if (run.op.head.parent !== undefined) tellParent(run);
}
