/**
 * One timer for all deadlines of an operation. It is armed to the earliest one that is known, and what it finds not due
 * it leaves for the next time: a timer per step would double the messages of a chain.
 */
import { nodeAt } from '../plan/compiled.ts';
import { deadlineOf } from '../nodes/deadlines.ts';
import { cancelTimer, planOf, type Run, setTimer } from './run.ts';

/** Called when the plan starts and whenever the timer has fired. */
export function armWatchdog(run: Run): void {
  const { op, context } = run;
  const plan = planOf(run);
  // no node that starts meanwhile can have a deadline before this
  let at = Math.min(op.progress.deadline ?? Infinity, context.now + plan.watchMs);
  for (const [path, state] of op.active) {
    const deadline = deadlineOf(plan, nodeAt(plan, path)!, state);
    if (deadline !== undefined) at = Math.min(at, deadline);
  }
  arm(run, Math.max(at, context.now + 1));
}

/** Called when a node starts whose deadline may be earlier than the timer. */
export function watchFor(run: Run, deadline: number): void {
  const { watchdog } = run.op.progress;
  if (watchdog === undefined || deadline >= watchdog.at) return;
  cancelTimer(run, watchdog.id);
  arm(run, deadline);
}

/** Paths of the nodes whose deadline has passed. */
export function overdue(run: Run): string[] {
  const plan = planOf(run);
  const out: string[] = [];
  for (const [path, state] of run.op.active) {
    const deadline = deadlineOf(plan, nodeAt(plan, path)!, state);
    if (deadline !== undefined && deadline <= run.context.now) out.push(path);
  }
  return out;
}

function arm(run: Run, at: number): void {
  run.op.progress.watchdog = { id: setTimer(run, 'watchdog', at - run.context.now), at };
}
