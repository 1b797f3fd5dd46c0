/**
 * The operation as an entity: folds one message after the other into its state. A message counts only if it names what
 * the state waits for (a step with attempt and token, a lease, a timer, a write, a child), so a second delivery changes
 * nothing, after any time.
 */
import type { Behaviour, Effect, Incoming, TurnContext, WriteEnded } from '@troupe/actor';
import { type Duration, durationMs, encodeJson, type TaskEnded } from '@troupe/protocol';
import { kindsByName, type ResourceKind } from '@troupe/resource';
import { type ExecutorDefinition, executorsByName } from '../executor.ts';
import { type Planner, plannersByName } from '../planner.ts';
import type { ChildAnswered, ChildEnded, ChildMail, CommandMail, GrantedMail, OverMail, RefusedMail, WatchMail } from '../mail.ts';
import { childAnswered, childEnded } from '../nodes/child.ts';
import { released, timerFired } from '../nodes/dispatch.ts';
import { expandSeen } from '../nodes/expand.ts';
import { refillGroup } from '../nodes/group.ts';
import { pollEnded } from '../nodes/poll.ts';
import { stepEnded, stepProgress } from '../nodes/step.ts';
import { taskOf } from '../nodes/task-message.ts';
import { leaseAsked, leaseGranted, leaseRefused } from '../nodes/throttled.ts';
import { waitOver, waitSeen } from '../nodes/wait.ts';
import { nodeAt } from '../plan/compiled.ts';
import type { TaskContract } from '@troupe/task';
import { acceptAgain, acceptOutcome, givenBack } from './accept.ts';
import { endSettled, lostError } from './ends.ts';
import { checkDeadlines, stopAll, workOff } from './engine.ts';
import { createOperation, endUnborn, repeated } from './first-mail.ts';
import { operationOf, rootOf } from './record.ts';
import { createRun, type OperationSettings, planOf, type Run, shortTimer } from './run.ts';
import { flushWrites, hasPendingWrites, settleWrite } from './resources.ts';
import type { Operation, OperationState } from './state.ts';
import { heldTimer } from './pause.ts';
import { verb } from './verbs.ts';
import { behind, over, watch } from './watchers.ts';
import { quarantinedAnswers, strangerAnswers } from './strangers.ts';

export interface OperationOptions {
  readonly executors: Iterable<ExecutorDefinition>;
  /** Contracts that plans may name by text, and by which outputs are checked. */
  readonly tasks?: Iterable<TaskContract>;
  /** Kinds besides those of the executors, for their vocabularies. */
  readonly kinds?: Iterable<ResourceKind>;
  /** What plans may name in `expand`. */
  readonly planners?: Iterable<Planner>;
  /** Whether the feature that a contract names as its gate is on; asked before a task is sent. Default: always. */
  readonly isOpen?: (gate: string) => boolean;
  readonly defaults?: {
    /** How long a task may wait for a worker before its step gives up, on top of what its attempts may take. Default `24h`. */
    readonly queueAllowance?: Duration;
    /** How long an ended operation is kept. Default `7d`. */
    readonly endedTtl?: Duration;
    /** How long its tombstone is kept. Default `37d`. */
    readonly tombstoneTtl?: Duration;
  };
}

const PROGRESS_LIMIT_CHARS = 120;

/** Mail that each sender may send; what a worker or a verb may not say is refused by the host. */
const ALLOWED: Readonly<Record<string, RegExp>> = {
  host: /^write\.ended$/,
  timer: /^timer\./,
  verb: /^verb\./,
  entity:
    /^(command|child|child\.(answered|ended)|throttle\.(granted|refused|asked)|watch|operation\.(over|behind)|resume|verb\.(cancel|pause|resume|kill|retry))$/,
  task: /^task\.(ended|progress)$/,
};

/** The behaviour that supervises operations. Throws `duplicate_name` for two executors or tasks of one name. */
export function operationBehaviour(options: OperationOptions): Behaviour<OperationState> {
  const settings = settingsOf(options);
  return {
    kind: 'operation',
    mayReceive: ({ sender, type }) => ALLOWED[sender.startsWith('task-') ? 'task' : sender]?.test(type) ?? false,
    begins: ({ type }) => type === 'command' || type === 'child',
    activate: (key, record) => ({ key, op: record === undefined ? undefined : operationOf(key, record) }),
    receive: (state, message, context) => receive(settings, state, message, context),
    whileQuarantined: quarantinedAnswers,
    root: ({ op }) => (op === undefined ? undefined : (rootOf(op) as never)),
  };
}

function settingsOf(options: OperationOptions): OperationSettings {
  const executors = executorsByName(options.executors);
  const kinds = kindsByName([...new Set([...[...executors.values()].flatMap((one) => one.kind ?? []), ...(options.kinds ?? [])])]);
  const { queueAllowance = '24h', endedTtl = '7d', tombstoneTtl = '37d' } = options.defaults ?? {};
  return {
    executors,
    kinds,
    planners: plannersByName(options.planners ?? []),
    tasks: tasksByName(options.tasks ?? []),
    isOpen: options.isOpen ?? (() => true),
    queueAllowanceMs: durationMs(queueAllowance, 'defaults.queueAllowance'),
    endedTtlMs: durationMs(endedTtl, 'defaults.endedTtl'),
    tombstoneTtlMs: durationMs(tombstoneTtl, 'defaults.tombstoneTtl'),
  };
}

function receive(settings: OperationSettings, state: OperationState, message: Incoming, context: TurnContext): readonly Effect[] {
  if (state.op === undefined) {
    const first = firstMail(settings, state.key, message, context);
    if (first === undefined) return strangerAnswers(message, context);
    state.op = first.op;
    return complete(first, message);
  }
  const run = createRun(settings, state.op, context);
  fold(run, message);
  return complete(run, message);
}

function firstMail(settings: OperationSettings, key: string, message: Incoming, context: TurnContext): Run | undefined {
  if (message.type === 'command')
    return createOperation(settings, key, message.body as unknown as CommandMail, undefined, message, context);
  if (message.type === 'child') {
    const { command, parent } = message.body as unknown as ChildMail;
    return createOperation(settings, key, { command }, parent, message, context);
  }
  // a cancel that overtook its child: the child must find that it is over
  if (
    (message.type === 'verb.cancel' || message.type === 'verb.kill') &&
    (message.from?.kind === 'operation' || message.from?.kind === 'schedule')
  )
    return endUnborn(settings, key, message, context);
  return undefined;
}

function complete(run: Run, message: Incoming): readonly Effect[] {
  workOff(run);
  flushWrites(run);
  return underOwn(run, message);
}

/** Whatever woke it, and be it somebody else's lease that came back: what it does, it does for who ordered it (S99). */
function underOwn({ op, effects }: Run, message: Incoming): readonly Effect[] {
  const context = op.head.context ?? (Object.keys(message.context).length === 0 ? undefined : {});
  if (context === undefined) return effects;
  return effects.map((effect) => {
    const isTold = effect.type === 'send' || effect.type === 'publish' || effect.type === 'write' || effect.type === 'task';
    return isTold && effect.context === undefined ? { ...effect, context } : effect;
  });
}

function fold(run: Run, message: Incoming): void {
  const { op } = run;
  const body = message.body;
  switch (message.type) {
    case 'command':
      return repeated(run, (body as unknown as CommandMail).command);
    case 'child':
      return repeated(run, (body as unknown as ChildMail).command, (body as unknown as ChildMail).parent);
    case 'task.ended':
      return taskEnded(run, message, body as unknown as TaskEnded);
    case 'task.progress':
      return taskProgress(run, message, body as { step?: string; token?: string; progress?: unknown });
    case 'write.ended':
      return writeEnded(run, body as unknown as WriteEnded);
    case 'throttle.granted': {
      const granted = body as unknown as GrantedMail;
      return leaseGranted(run, pathOf(op, granted.lease) ?? '', granted);
    }
    case 'throttle.refused': {
      const refused = body as unknown as RefusedMail;
      const path = pathOf(op, refused.lease);
      return path === undefined ? undefined : leaseRefused(run, path, refused.error);
    }
    case 'throttle.asked': {
      const { lease } = body as { lease: string };
      return message.from === undefined ? undefined : leaseAsked(run, lease, message.from, pathOf(op, lease) ?? '');
    }
    case 'child.answered':
      return childAnswered(run, (body as unknown as ChildAnswered).node, body as unknown as ChildAnswered);
    case 'child.ended':
      return childEnded(run, (body as unknown as ChildEnded).node, body as unknown as ChildEnded);
    case 'watch':
      return watch(run, message, body as unknown as WatchMail);
    case 'operation.over': {
      const mail = body as unknown as OverMail;
      return mail.node === '' ? over(run, mail) : waitOver(run, mail.node, mail.operation);
    }
    case 'operation.behind':
      return behind(run, (body as { operation: string }).operation);
    case 'resume': {
      const { node } = body as { node: string };
      return op.active.has(node) ? refillGroup(run, node) : undefined;
    }
    default:
      if (message.type.startsWith('verb.')) return verb(run, message);
      return message.sender === 'timer' && message.timer !== undefined
        ? fired(run, message.type, shortTimer(run, message.timer), body as { node?: string })
        : undefined;
  }
}

function taskEnded(run: Run, message: Incoming, body: TaskEnded): void {
  const path = run.op.steps.get(body.step ?? '');
  if (path === undefined || run.op.phase !== 'running' || !isFromItsPool(run, path, message)) return;
  if (run.op.active.get(path)?.k === 'poll') pollEnded(run, path, body);
  else stepEnded(run, path, body);
}

/** A worker of another pool may know the token, for it may read records; it has no say all the same. */
function isFromItsPool(run: Run, path: string, { sender }: Incoming): boolean {
  const node = nodeAt(planOf(run), path);
  return (node?.type === 'step' || node?.type === 'poll') && sender === `task-${taskOf(run, node).pool}`;
}

function taskProgress(
  run: Run,
  message: Incoming,
  body: { readonly step?: string; readonly token?: string; readonly progress?: unknown },
): void {
  const path = run.op.steps.get(body.step ?? '');
  if (path !== undefined && isFromItsPool(run, path, message))
    stepProgress(run, path, body.token ?? '', encodeJson(body.progress).slice(0, PROGRESS_LIMIT_CHARS));
}

function writeEnded(run: Run, { effect, outcome }: WriteEnded): void {
  const { op } = run;
  if (op.phase === 'ended') return;
  if (op.accepting?.effect === effect) return acceptOutcome(run, outcome);
  const settled = settleWrite(run, effect, outcome);
  if (settled === undefined) {
    const waiting = [...op.active].find(([, node]) => (node.k === 'wait' || node.k === 'expand') && node.w === effect);
    if (waiting === undefined) return undefined;
    return waiting[1].k === 'wait' ? waitSeen(run, waiting[0], outcome) : expandSeen(run, waiting[0], outcome);
  }
  if (op.phase === 'givingBack') return hasPendingWrites(run) ? undefined : givenBack(run);
  if (op.phase === 'ending') return endSettled(run, settled);
  if (settled.how === 'lost') {
    stopAll(run, settled.owned.lost === 'gone' ? 'aborted' : 'superseded', lostError(settled.owned));
    // the nodes that waited hear of it after they were stopped: what is left are handlers, which go on
    workOff(run);
  }
  if (op.phase === 'running') for (const { path, error } of settled.released) released(run, path, error);
}

function fired(run: Run, type: string, timer: string, body: { readonly node?: string }): void {
  const { op } = run;
  if (type === 'timer.watchdog') {
    if (op.progress.watchdog?.id === timer && op.phase === 'running') checkDeadlines(run);
  } else if (type === 'timer.accept') {
    if (op.accepting?.timer !== timer) return;
    delete op.accepting.timer;
    acceptAgain(run, false);
  } else if (body.node !== undefined && op.phase === 'running' && !heldTimer(run, body.node, timer)) timerFired(run, body.node, timer);
}

function pathOf(op: Operation, lease: string): string | undefined {
  return lease.startsWith(`${op.key}:`) ? lease.slice(op.key.length + 1) : undefined;
}

function tasksByName(list: Iterable<TaskContract>): ReadonlyMap<string, TaskContract> {
  return new Map([...list].map((one) => [one.name, one]));
}
