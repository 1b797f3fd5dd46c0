/** What a retry does differently while it takes its resources, and once it has them. */
import type { ResourceWrite } from '@troupe/actor';
import type { WireError } from '@troupe/protocol';
import { isResting } from '@troupe/resource';
import { ROOT_PATH } from '../plan/compiled.ts';
import { finish } from './finish.ts';
import { logError } from './log.ts';
import { planOf, publish, type Run } from './run.ts';
import type { OwnedResource } from './state.ts';
import { armWatchdog } from './watchdog.ts';

/** Takes a resource as it was before the end. */
export function retakeWrite(run: Run, owned: OwnedResource): ResourceWrite {
  return {
    op: 'take',
    ref: { kind: owned.kind, id: owned.id },
    operation: run.op.key,
    from: ['OK', 'ERRED', 'CREATION_SCHEDULED'],
    set: { ...(owned.was === undefined || isResting(owned.was) ? {} : { state: owned.was }), error: null },
    event: 'retried',
  };
}

/** All resources are there: on from where it stood. */
export function goOn(run: Run): void {
  const { op, context } = run;
  op.phase = 'running';
  op.accepting = undefined;
  op.progress.deadline = context.now + (op.head.deadlineMs ?? planOf(run).durationMs);
  publish(run, 'retried', { steps: op.progress.total, done: op.progress.done });
  armWatchdog(run);
  run.jobs.push({ do: 'start', path: ROOT_PATH });
}

/** It cannot have its resources: it stays ended as it was. */
export function retryRefused(run: Run, error: WireError): void {
  const { retry: before } = run.op.accepting!;
  tellRefused(run, error);
  finish(run, before!.outcome, before!.error);
}

export function tellRefused(run: Run, error: WireError): void {
  logError(run, { error });
  publish(run, 'retryRefused', { error });
}
