/** Works off the jobs that nodes leave, until nothing is left to do in this turn. */
import type { Outcome, WireError } from '@troupe/protocol';
import { innerEnded, nodeOverdue, startNode, stopLeaf } from '../nodes/dispatch.ts';
import { refillGroup } from '../nodes/group.ts';
import { ancestorsOf, isWithin, nodeAt, parentOf, ROOT_PATH } from '../plan/compiled.ts';
import { isToBeUndone, undoLast } from '../nodes/undoable.ts';
import { boundError } from './bound.ts';
import { planEnded } from './ends.ts';
import { dropStarts, heldStart, resume } from './pause.ts';
import { passedOver } from './skip.ts';
import { planOf, type Job, type NodeResult, type Run } from './run.ts';
import { isStopped } from './stopped.ts';
import { noteUnfinished } from './unfinished.ts';
import { armWatchdog, overdue } from './watchdog.ts';

export function workOff(run: Run): void {
  // a list that grows while it is read: nodes leave jobs behind, they never call each other
  for (let i = 0; i < run.jobs.length; i++) {
    if (run.op.phase !== 'running') break;
    work(run, run.jobs[i]!);
  }
  run.jobs.length = 0;
}

function work(run: Run, job: Job): void {
  switch (job.do) {
    case 'start': {
      const node = nodeAt(planOf(run), job.path);
      if (node === undefined) throw new Error(`operation ${run.op.key} has no node ${job.path}`);
      if (isStopped(run, job.path)) {
        noteUnfinished(run, job.path, undefined);
        run.jobs.push({ do: 'ended', path: job.path, result: stopOf(run) });
      } else if (!heldStart(run, job.path, node) && !passedOver(run, job.path, node)) startNode(run, job.path, node);
      return;
    }
    case 'ended': {
      const parent = parentOf(job.path);
      if (parent === undefined) return rootEnded(run, job.result);
      return innerEnded(run, parent.path, nodeAt(planOf(run), parent.path)!, parent.index, job.result);
    }
    case 'undo':
      return undoNext(run);
    case 'resume':
      return resume(run, {});
    case 'refill':
      return refillGroup(run, job.path);
    case 'stop':
      return stopAt(run, job.path, job.error);
  }
}

function rootEnded(run: Run, result: NodeResult): void {
  if (!isToBeUndone(run, result)) return planEnded(run, result);
  // all of it was done before the stop reached it: that is no success either
  const { error, stopped } = result.ok ? stopOf(run) : result;
  run.op.progress.undoing = { error: boundError(error), ...(stopped === true ? { stopped: true } : {}) };
  undoNext(run);
}

function undoNext(run: Run): void {
  const { undoing } = run.op.progress;
  if (undoing !== undefined && !undoLast(run)) planEnded(run, { ok: false, ...undoing });
}

/** Stops the whole operation. The first reason stands, except that a newer owner always wins. `keep`: nothing is taken back. */
export function stopAll(run: Run, outcome: Outcome, error: WireError, keep = false): void {
  const { op } = run;
  if (op.phase !== 'running') return;
  // what is being taken back is let through; only a newer owner changes how it ends
  if (op.progress.undoing !== undefined && outcome !== 'superseded') return;
  if (op.progress.stop !== undefined) {
    if (outcome === 'superseded') op.progress.stop = { outcome, error };
    return;
  }
  op.progress.stop = { outcome, error, ...(keep ? { keep: true } : {}) };
  run.jobs.push({ do: 'stop', path: ROOT_PATH, error });
  // nobody waits for the end of a pause whose operation is being ended: what is left are handlers
  if (op.progress.paused !== undefined) run.jobs.push({ do: 'resume' });
}

/** The watchdog has fired: ends what is overdue and waits for the next. */
export function checkDeadlines(run: Run): void {
  const { op } = run;
  delete op.progress.watchdog;
  // nodes first: what they say is more exact than that the whole took too long
  for (const path of overdue(run)) nodeOverdue(run, path);
  workOff(run);
  const { deadline } = op.progress;
  if (deadline !== undefined && deadline <= run.context.now) {
    // what is left then are handlers, each with limits of its own
    delete op.progress.deadline;
    stopAll(run, 'failed', { code: 'deadline_exceeded', message: 'the operation ran past its deadline', data: { deadline } });
    workOff(run);
  }
  if (op.phase === 'running') armWatchdog(run);
}

/** Marks what contains nodes, so that nothing more starts, and stops the leaves; handlers that have begun are let through. */
function stopAt(run: Run, path: string, error: WireError): void {
  const { op } = run;
  const result: NodeResult = { ok: false, error, stopped: true };
  const concerned = [...op.active].filter(([at]) => isWithin(at, path) && !isProtected(run, at, path));
  for (const [, state] of concerned) {
    if (state.k === 'group' || (state.k === 'attempt' && state.i > 0)) state.x = 1;
  }
  for (const start of dropStarts(run, path, (at) => !isProtected(run, at, path))) {
    noteUnfinished(run, start, undefined);
    run.jobs.push({ do: 'ended', path: start, result });
  }
  for (const [at, state] of concerned) if (op.active.get(at) === state) stopLeaf(run, at, state, result);
}

/** Inside a handler or `finally` that began within the stopped part. */
function isProtected(run: Run, at: string, stopped: string): boolean {
  for (const around of ancestorsOf(at)) {
    if (!isWithin(around, stopped)) return false;
    const state = run.op.active.get(around);
    if ((state?.k === 'attempt' && state.i > 0) || state?.k === 'undo') return true;
  }
  return false;
}

function stopOf(run: Run): NodeResult & { ok: false } {
  const error = run.op.progress.stop?.error ?? { code: 'cancelled', message: 'stopped before it started' };
  return { ok: false, error, stopped: true };
}
