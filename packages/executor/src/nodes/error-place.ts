/** What is known of where a step failed, and what may be shown to users: fields of its error, never its text (S31). */
import type { ErrorPlace, TaskOutcome, WireError } from '@troupe/protocol';
import { ancestorsOf } from '../plan/compiled.ts';
import { nodeOf, type Run, stateOf } from '../operation/run.ts';
import { ownedBy, taskOf, type Working } from './task-message.ts';

const USER_MESSAGE_LIMIT = 500;

/** The error of an attempt. A worker in another language may put the text for users beside it. */
export function errorOf(outcome: Exclude<TaskOutcome, { kind: 'succeeded' }>, otherwise: string): WireError {
  if (outcome.kind === 'cancelled') return { code: 'cancelled', message: otherwise };
  const said = outcome.kind === 'failed' ? outcome.userMessage : undefined;
  if (said === undefined || outcome.error.userMessage !== undefined) return outcome.error;
  return { ...outcome.error, userMessage: said.slice(0, USER_MESSAGE_LIMIT) };
}

export function placed(run: Run, path: string, node: Working, error: WireError): WireError {
  if (error.where !== undefined) return error;
  const owned = ownedBy(run, node);
  const scope = scopeAround(run, path);
  const where: ErrorPlace = {
    step: node.id,
    task: taskOf(run, node).name,
    ...(owned === undefined ? {} : { resource: { kind: owned.kind, id: owned.id } }),
    ...(owned === undefined || owned.backendId === '' ? {} : { backendId: owned.backendId }),
    ...(scope === undefined ? {} : { scope, backend: scope.split('/', 1)[0]! }),
  };
  return { ...error, where };
}

function scopeAround(run: Run, path: string): string | undefined {
  for (const around of ancestorsOf(path)) if (stateOf(run, around, 'lease') !== undefined) return nodeOf(run, around, 'throttled').scope;
  return undefined;
}
