/** Who waits for the end of an operation: nodes of plans, children that want its resource, and commands that queue for it. */
import type { Incoming } from '@troupe/actor';
import type { OverMail, WatchMail } from '../mail.ts';
import { acceptAgain } from './accept.ts';
import { tellOver } from './finish.ts';
import { handOn, refKey } from './queue.ts';
import { type Run, send } from './run.ts';
import type { Watcher } from './state.ts';

/** Nodes and children at the most; whoever finds no place looks again by its own timer. */
const WATCHERS_LIMIT = 64;
/** Commands that queue for one operation at the most: each has its place in the root. */
const QUEUE_LIMIT = 200;

export function watch(run: Run, message: Incoming, body: WatchMail): void {
  const { op } = run;
  if (message.from?.kind !== 'operation') return;
  const { resource: queue } = body;
  const operation = body.waiting ?? message.from.key;
  const watcher: Watcher = { operation, node: String(body.node), ...(queue === undefined ? {} : { queue }) };
  // to itself it is handed on when it is the next one
  if (operation === op.key) return;
  if (op.phase === 'ended') {
    const next = queue === undefined ? undefined : op.progress.handedTo?.[refKey(queue)];
    if (queue === undefined || next === undefined || next === operation) return tellOver(run, watcher);
    return send(run, { kind: 'operation', key: next }, 'watch', { node: '', queue: true, resource: queue, waiting: operation });
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
export function over(run: Run, { operation, resource, queue = [] }: OverMail): void {
  const { op } = run;
  if (op.phase === 'ended') {
    if (resource === undefined) return;
    // told too late: it goes to the next one, with what was promised
    handOn(run, resource, queue);
    const [first] = queue;
    const write = { op: 'waive' as const, ref: resource, operation: op.key, ...(first === undefined ? {} : { promise: first }) };
    run.effects.push({ type: 'write', write, id: run.context.newId() });
    return;
  }
  // they came before whoever has found its way here by itself
  const later = (op.progress.watchers ?? []).filter((one) => one.queue !== undefined && !queue.includes(one.operation));
  op.progress.watchers = (op.progress.watchers ?? []).filter((one) => !later.includes(one));
  for (const one of resource === undefined ? [] : queue) {
    add(run, { operation: one, node: '', queue: resource! });
    tellBehind(run, one);
  }
  for (const one of later) add(run, one);
  if (op.progress.watchers.length === 0) delete op.progress.watchers;
  const waitFor = op.accepting?.waitFor;
  // who queues may be told by another one than it asked
  if (waitFor !== undefined && (waitFor.operation === operation || op.head.queue === true)) acceptAgain(run, true);
}

function tellBehind(run: Run, waiting: string): void {
  send(run, { kind: 'operation', key: waiting }, 'operation.behind', { operation: run.op.key });
}

function add(run: Run, watcher: Watcher): void {
  const watchers = (run.op.progress.watchers ??= []);
  const isSame = (one: Watcher): boolean =>
    one.operation === watcher.operation && one.node === watcher.node && (one.queue === undefined) === (watcher.queue === undefined);
  const places = watchers.filter((one) => (one.queue === undefined) === (watcher.queue === undefined)).length;
  if (!watchers.some(isSame) && places < (watcher.queue === undefined ? WATCHERS_LIMIT : QUEUE_LIMIT)) watchers.push(watcher);
}
