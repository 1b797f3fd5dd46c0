/**
 * A kill: the end at once, without handlers and without taking anything back. Leases are released, attempts told, children
 * killed too; the resources end as after a failure.
 */
import type { WireError } from '@troupe/protocol';
import { childId } from '../nodes/child.ts';
import { releaseLease } from '../nodes/throttled.ts';
import { signalAttempt } from '../nodes/task-message.ts';
import { nodeAt, nodesOf } from '../plan/compiled.ts';
import { planEnded } from './ends.ts';
import { errorItem } from './items.ts';
import { noteUnfinished, noteUnstarted } from './unfinished.ts';
import { cancelTimer, planOf, type Run, send } from './run.ts';

/** A killed operation can be retried like any other that did not end well. */
function noteWhereItStood(run: Run): void {
  const { op } = run;
  for (const start of op.progress.paused?.starts ?? []) noteUnfinished(run, start, undefined);
  // what is inside comes before what is around it
  for (const [path, state] of [...op.active].sort(([a], [b]) => b.length - a.length)) {
    if (state.k === 'attempt' || state.k === 'undo' || (state.k === 'lease' && state.p === 'held')) continue;
    if (state.k !== 'group') noteUnfinished(run, path, state);
    else if (state.next < nodesOf(nodeAt(planOf(run), path)!).length) noteUnstarted(run, path, state.next);
  }
}

export function kill(run: Run, error: WireError): void {
  const { op } = run;
  for (const [path, state] of op.active) {
    const node = nodeAt(planOf(run), path);
    if ('id' in state && state.id !== undefined) cancelTimer(run, state.id);
    if ((node?.type === 'step' || node?.type === 'poll') && (state.k === 'step' || state.k === 'poll')) {
      if (state.p === 'run' || state.p === 'look') signalAttempt(run, node, state.n);
    } else if (node?.type === 'throttled') releaseLease(run, path, node);
    else if (node?.type === 'child')
      send(run, { kind: 'operation', key: childId(run, path) }, 'verb.kill', { reason: 'its parent was killed', node: path });
  }
  noteWhereItStood(run);
  op.active.clear();
  for (const path of op.errors.keys()) run.effects.push({ type: 'removeItem', item: errorItem(path) });
  op.errors.clear();
  run.jobs.length = 0;
  delete op.progress.paused;
  delete op.progress.stop;
  planEnded(run, { ok: false, error });
}
