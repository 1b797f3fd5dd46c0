/**
 * Who waits for the end of an operation: nodes of plans, children that want its resource, and commands that queue for it.
 *
 * A queue is no entity of its own. Who queues stands behind the operation that has the resource; when that ends it tells
 * the first, and hands it the others, who stand behind that one from then on. So the order of the commands is kept without
 * anybody who keeps it.
 */
import type { Incoming } from '@troupe/actor';
import type { WatchMail } from '../mail.ts';
import { acceptAgain } from './accept.ts';
import { handOn, tellOver } from './finish.ts';
import { type Run, send } from './run.ts';
import type { Watcher } from './state.ts';

/** Nodes and children at the most; whoever finds no place looks again by its own timer. */
const WATCHERS_LIMIT = 64;
/** Commands that queue for one operation at the most: each has its place in the root. */
const QUEUE_LIMIT = 200;

export function watch(run: Run, message: Incoming, body: WatchMail): void {
  const { op } = run;
  if (message.from?.kind !== 'operation') return;
  const queue = body.queue === true;
  const watcher: Watcher = { operation: body.waiting ?? message.from.key, node: String(body.node), ...(queue ? { queue: true } : {}) };
  // to itself it is handed on when it is the next one
  if (watcher.operation === op.key) return;
  if (op.phase === 'ended') {
    const next = op.progress.handedTo;
    if (!queue || next === undefined || next === watcher.operation) return tellOver(run, watcher);
    return send(run, { kind: 'operation', key: next }, 'watch', { node: '', queue: true, waiting: watcher.operation });
  }
  if (body.waiting !== undefined) tellBehind(run, body.waiting);
  add(run, watcher);
}

/** It was handed on: this is whom we stand behind now. */
export function behind(run: Run, operation: string): void {
  const { accepting, head } = run.op;
  if (accepting?.waitFor === undefined || head.queue !== true || operation === run.op.key) return;
  accepting.waitFor = { ...accepting.waitFor, operation };
  accepting.asked = operation;
}

/** The operation that was in the way has ended. Who queues behind us now is ours to tell, also if we do not wait any more. */
export function over(run: Run, operation: string, queue: readonly string[]): void {
  const { op } = run;
  if (op.phase === 'ended') return handOn(run, queue);
  for (const one of queue) {
    add(run, { operation: one, node: '', queue: true });
    tellBehind(run, one);
  }
  const waitFor = op.accepting?.waitFor;
  // who queues may be told by another one than it asked
  if (waitFor !== undefined && (waitFor.operation === operation || op.head.queue === true)) acceptAgain(run, true);
}

function tellBehind(run: Run, waiting: string): void {
  send(run, { kind: 'operation', key: waiting }, 'operation.behind', { operation: run.op.key });
}

function add(run: Run, watcher: Watcher): void {
  const watchers = (run.op.progress.watchers ??= []);
  const known = watchers.some((one) => one.operation === watcher.operation && one.node === watcher.node);
  const same = watchers.filter((one) => one.queue === watcher.queue).length;
  if (!known && same < (watcher.queue === true ? QUEUE_LIMIT : WATCHERS_LIMIT)) watchers.push(watcher);
}
