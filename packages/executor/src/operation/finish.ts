/** The end: told to everybody who asked, then kept for a while as the answer to whatever comes late. */
import type { Outcome, WireError } from '@troupe/protocol';
import type { TouchedResource } from '../mail.ts';
import { boundError } from './bound.ts';
import { startFollowing } from './following.ts';
import { keepForRetry } from './kept.ts';
import { handOnAll, waiveAll } from './queue.ts';
import { disarmWatchdog, publish, type Run, send } from './run.ts';
import type { Operation } from './state.ts';

export function finish(run: Run, outcome: Outcome, error: WireError | undefined): void {
  const { op, context, settings } = run;
  const { head, progress } = op;
  op.phase = 'ended';
  progress.outcome = outcome;
  progress.endedAt = context.now;
  if (error !== undefined) progress.error = boundError(error);
  disarmWatchdog(run);
  tell(run, outcome);
  for (const watcher of progress.watchers ?? []) if (watcher.queue === undefined) tellOver(run, watcher);
  waiveAll(run);
  handOnAll(run);
  delete progress.watchers;
  delete progress.stop;
  op.accepting = undefined;
  startFollowing(run, outcome);
  const keep = keepForRetry(run, outcome);
  op.plan = undefined;
  op.planItems = 0;
  op.steps.clear();
  op.active.clear();
  op.outputs.clear();
  op.outputItems.clear();
  op.errors.clear();
  op.signals.clear();
  op.unfinished.clear();
  op.unstarted.clear();
  op.undos.clear();
  op.seen.clear();
  delete progress.undoing;
  delete progress.paused;
  delete progress.skips;
  op.taken.clear();
  for (const owned of op.resources) {
    delete owned.flight;
    delete owned.queue;
  }
  const body = {
    id: op.key,
    executor: head.executor,
    outcome,
    digest: head.digest,
    endedAt: context.now,
    ...(progress.error === undefined ? {} : { error: progress.error.code }),
  };
  run.effects.push({
    ...{ type: 'end', ttlMs: settings.endedTtlMs, tombstone: { ttlMs: settings.tombstoneTtlMs, body } },
    ...(keep.length === 0 ? {} : { keep }),
  });
}

function tell(run: Run, outcome: Outcome): void {
  const { op } = run;
  const { head, progress } = op;
  const error = progress.error === undefined ? {} : { error: progress.error };
  const output = progress.output === undefined ? {} : { output: progress.output };
  const reply = head.replyTo === undefined ? {} : { replyTo: head.replyTo };
  publish(run, 'ended', { outcome, ...error, ...output, ...(progress.orphans === undefined ? {} : { orphans: progress.orphans }) });
  const rejected = outcome === 'rejected' && progress.error !== undefined ? progress.error : undefined;
  run.effects.push({
    type: 'answer',
    answer:
      rejected === undefined
        ? { v: 1, operation: op.key, answer: 'ended', outcome, ...output, ...error }
        : { v: 1, operation: op.key, answer: 'rejected', error: rejected },
    ...reply,
  });
  tellParent(run);
}

/** Also asked for when the parent sends its mail again: the answer is in the record. */
export function tellParent(run: Run): void {
  const { op } = run;
  const { parent } = op.head;
  const { outcome, error, output } = op.progress;
  if (parent === undefined) return;
  const to = { kind: parent.kind ?? 'operation', key: parent.operation };
  const common = { operation: op.key, node: parent.node, ...(error === undefined ? {} : { error }) };
  if (outcome === undefined) send(run, to, 'child.answered', { operation: op.key, node: parent.node, accepted: true });
  else if (outcome === 'rejected') send(run, to, 'child.answered', common);
  else {
    const { orphans } = op.progress;
    const touched = touchedOfParent(op);
    const more = {
      ...(output === undefined ? {} : { output }),
      ...(orphans === undefined ? {} : { orphans }),
      ...(touched.length === 0 ? {} : { touched }),
    };
    send(run, to, 'child.ended', { ...common, outcome, ...more });
  }
}

function touchedOfParent(op: Operation): TouchedResource[] {
  const touched = op.resources.filter((owned) => owned.lender !== undefined && owned.touched === true);
  return touched.map(({ kind, id, state, runtimeState, backendId }) => ({ kind, id, state, runtimeState, backendId }));
}

export function tellOver(run: Run, watcher: { readonly operation: string; readonly node: string }): void {
  send(run, { kind: 'operation', key: watcher.operation }, 'operation.over', { operation: run.op.key, node: watcher.node });
}
