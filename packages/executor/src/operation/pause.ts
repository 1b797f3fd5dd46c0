/**
 * A pause: what runs goes on to its end, nothing new starts, and no time of the operation passes. Starts and timers are put
 * aside and come back when it is resumed; children are paused with their parent.
 */
import { childId } from '../nodes/child.ts';
import { startsNothing, timerFired } from '../nodes/dispatch.ts';
import { type CompiledNode, isWithin } from '../plan/compiled.ts';
import { disarmWatchdog, type Run, send } from './run.ts';
import { isStopped } from './stopped.ts';
import { armWatchdog } from './watchdog.ts';

export function pause(run: Run, why: { readonly by?: string; readonly reason?: string }): void {
  const { op, context } = run;
  if (op.progress.paused !== undefined) return;
  op.progress.paused = { at: context.now, ...why, starts: [], timers: [] };
  if (op.phase === 'running') disarmWatchdog(run);
  tellChildren(run, 'verb.pause', why);
}

export function resume(run: Run, why: { readonly by?: string; readonly reason?: string }): void {
  const { op, context } = run;
  const { paused } = op.progress;
  if (paused === undefined) return;
  delete op.progress.paused;
  if (op.phase !== 'running') return;
  const passed = context.now - Math.max(paused.at, op.progress.acceptedAt ?? 0);
  if (op.progress.deadline !== undefined) op.progress.deadline += passed;
  for (const state of op.active.values()) if ('s' in state) state.s += passed;
  armWatchdog(run);
  for (const path of paused.starts) run.jobs.push({ do: 'start', path });
  for (const { node, timer } of paused.timers) timerFired(run, node, timer);
  tellChildren(run, 'verb.resume', why);
}

/** Puts a start aside if the operation is paused. What is being stopped, and handlers of it, go on to their end. */
export function heldStart(run: Run, path: string, node: CompiledNode): boolean {
  const { paused } = run.op.progress;
  if (paused === undefined || startsNothing(node) || isStopped(run, path)) return false;
  paused.starts.push(path);
  return true;
}

export function heldTimer(run: Run, node: string, timer: string): boolean {
  const { paused } = run.op.progress;
  if (paused === undefined) return false;
  if (!paused.timers.some((one) => one.timer === timer)) paused.timers.push({ node, timer });
  return true;
}

/** Starts below a path that were put aside and will not come: their containers must hear of it. */
export function dropStarts(run: Run, path: string, concerned: (start: string) => boolean = () => true): string[] {
  const { paused } = run.op.progress;
  if (paused === undefined) return [];
  const dropped = new Set(paused.starts.filter((start) => isWithin(start, path) && concerned(start)));
  paused.starts = paused.starts.filter((start) => !dropped.has(start));
  return [...dropped];
}

function tellChildren(run: Run, verb: string, why: object): void {
  for (const [path, state] of run.op.active)
    if (state.k === 'child') send(run, { kind: 'operation', key: childId(run, path) }, verb, { ...why, node: path });
}
