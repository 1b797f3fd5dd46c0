/** What follows an operation that has ended: another one, ordered in the turn that ends it, so it is lost with it or not at all. */
import { type Command, encodeJson, type Json, type Outcome, toWireError, TroupeError } from '@troupe/protocol';
import type { Following } from '../executor.ts';
import { INPUT_LIMIT_BYTES } from '../plan/compile.ts';
import { logError } from './log.ts';
import { publish, type Run, send } from './run.ts';

export function startFollowing(run: Run, outcome: Outcome): void {
  const { op } = run;
  const definition = run.settings.executors.get(op.head.executor);
  if (outcome === 'rejected' || definition?.options.after === undefined) return;
  const n = (op.progress.ends ?? 0) + 1;
  op.progress.ends = n;
  try {
    const following = definition.options.after({
      operation: op.key,
      outcome,
      input: op.input as never,
      resources: op.resources.map(({ kind, id, state, backendId }) => ({ kind, id, state, backendId })),
      ...(op.progress.output === undefined ? {} : { output: op.progress.output }),
      ...(op.progress.error === undefined ? {} : { error: op.progress.error }),
    });
    // a retry that ends again is followed again, by another one
    if (following !== undefined) order(run, following, n === 1 ? `${op.key}.after` : `${op.key}.after.${n}`);
  } catch (thrown) {
    logError(run, { error: toWireError(thrown, 'plan_failed') });
  }
}

function order(run: Run, following: Following, id: string): void {
  const { head } = run.op;
  const { executor: named, ...what } = following;
  const executor = typeof named === 'string' ? named : named.name;
  if (!run.settings.executors.has(executor))
    throw new TroupeError('unknown_executor', `what follows is ${executor}, which is not registered`, { field: 'after.executor' });
  const input: Json = what.input ?? null;
  if (encodeJson(input).length > INPUT_LIMIT_BYTES)
    throw new TroupeError('too_large', `the input of what follows is over ${INPUT_LIMIT_BYTES} bytes`, { field: 'after.input' });
  const command: Command = {
    v: 1,
    ...what,
    id,
    executor,
    input,
    options: { ...what.options, class: head.class },
    createdAt: new Date(run.context.now).toISOString(),
  };
  send(run, { kind: 'operation', key: id }, 'command', { command });
  publish(run, 'followed', { operation: id, executor });
}
