/** What a stored record says about its operation, for lists and pages. Pure: no definitions are needed. */
import type { EntityRecord } from '@troupe/actor';
import type { Json, OperationStatus, Outcome, ResourceRef, TaskMessage, WireError } from '@troupe/protocol';
import { deadlineOf } from './nodes/deadlines.ts';
import { statusOf } from './operation/first-mail.ts';
import type { LogEntry } from './operation/log.ts';
import { type OperationRoot, shownOperation } from './operation/record.ts';
import type { AuditEntry, NodeState, Operation } from './operation/state.ts';
import { type CompiledNode, type CompiledPlan, nodeAt } from './plan/compiled.ts';
import { shownState, type ShownState, type WaitReason } from './shown-state.ts';

export interface OperationView {
  readonly id: string;
  readonly executor: string;
  readonly status: OperationStatus;
  /** What it does now, in one word that no other state shares. */
  readonly state: ShownState;
  /** What one that is `waiting` waits for. */
  readonly waitsOn?: WaitReason;
  readonly outcome?: Outcome;
  readonly class: string;
  readonly resources: readonly (ResourceRef & { readonly state: string })[];
  readonly parent?: string;
  /** Key of the schedule whose run it is. */
  readonly schedule?: string;
  readonly action?: string;
  readonly actionDetails?: Json;
  readonly createdAt: string;
  /** Epoch milliseconds. */
  readonly acceptedAt?: number;
  readonly endedAt?: number;
  readonly deadline?: number;
  readonly steps: { readonly done: number; readonly total: number };
  /** Nodes under way, groups and attempts apart. */
  readonly current: readonly NodeView[];
  /** Nothing new starts since (epoch milliseconds). */
  readonly paused?: { readonly since: number; readonly by?: string; readonly reason?: string };
  /** Who did what to it, the newest last. */
  readonly audit?: readonly AuditEntry[];
  /** What was done is being taken back. */
  readonly isUndoing?: true;
  /** Steps that could not be taken back. */
  readonly left?: readonly string[];
  /** Ended, and the verb `retry` lets it go on from where it stood. */
  readonly isRetryable?: true;
  readonly failedStep?: string;
  readonly error?: WireError;
  readonly output?: Json;
  /** What a forced delete left on the backend, and why it could not be removed. */
  readonly orphans?: readonly {
    readonly kind: string;
    readonly id: string;
    readonly backendId: string;
    readonly error?: { readonly code: string; readonly message: string };
  }[];
  readonly log: readonly LogEntry[];
}

export interface NodeView {
  readonly path: string;
  readonly type: CompiledNode['type'];
  /** Its id in the plan; the path for what has none. */
  readonly name: string;
  readonly phase: string;
  /** Epoch milliseconds. */
  readonly since: number;
  readonly deadline?: number;
  readonly attempt?: number;
  readonly progress?: string;
}

export function operationView(key: string, record: EntityRecord): OperationView {
  return viewOf(shownOperation(key, record));
}

export function viewOf(op: Operation): OperationView {
  const { head, progress } = op;
  const view: OperationView = {
    id: op.key,
    executor: head.executor,
    status: statusOf(op),
    ...shownState(op),
    class: head.class,
    resources: op.resources.map(({ kind, id, state }) => ({ kind, id, state })),
    createdAt: head.createdAt,
    steps: { done: progress.done, total: progress.total },
    current: op.plan === undefined ? [] : [...op.active].flatMap(([path, state]) => nodeView(op.plan!, path, state) ?? []),
    log: [...op.log.values()].sort((a, b) => a.n - b.n),
  };
  const more: Partial<OperationView> = definedOnly({
    outcome: op.phase === 'ended' ? progress.outcome : undefined,
    parent: head.parent?.kind === undefined ? head.parent?.operation : undefined,
    schedule: head.parent?.kind === undefined ? undefined : head.parent.operation,
    action: head.action,
    actionDetails: progress.actionDetails,
    acceptedAt: progress.acceptedAt,
    endedAt: progress.endedAt,
    deadline: progress.deadline,
    paused: pausedOf(op),
    audit: progress.audit,
    isUndoing: progress.undoing === undefined ? undefined : (true as const),
    left: progress.left,
    isRetryable: progress.retryable,
    failedStep: progress.failedStep,
    error: progress.error ?? progress.stop?.error,
    output: progress.output,
    orphans: progress.orphans,
  });
  return { ...view, ...more };
}

function pausedOf({ progress: { paused } }: Operation): OperationView['paused'] {
  if (paused === undefined) return undefined;
  const { at, by, reason } = paused;
  return { since: at, ...(by === undefined ? {} : { by }), ...(reason === undefined ? {} : { reason }) };
}

function nodeView(plan: CompiledPlan, path: string, state: NodeState): NodeView | undefined {
  const node = nodeAt(plan, path);
  if (node === undefined || state.k === 'group' || state.k === 'attempt' || state.k === 'undo') return undefined;
  return {
    path,
    type: node.type,
    name: nameOf(node, path),
    phase: 'p' in state ? state.p : 'wait',
    since: state.s,
    ...definedOnly({
      deadline: deadlineOf(plan, node, state),
      attempt: state.k === 'step' || state.k === 'poll' ? state.n : undefined,
      progress: state.k === 'step' ? state.pr : undefined,
    }),
  };
}

export function nameOf(node: CompiledNode, path: string): string {
  return 'id' in node && node.id !== undefined ? node.id : path;
}

/**
 * Whether an operation still waits for an attempt, judged by its stored root: what a worker asks before it runs a message
 * that comes again or late. `undefined` = there is no record, so nobody waits.
 */
export function wantsAttempt(root: Json | undefined, message: Pick<TaskMessage, 'step' | 'attempt' | 'token'>): boolean {
  if (root === undefined) return false;
  const { phase, active } = root as unknown as OperationRoot;
  if (phase !== 'running' || message.step === undefined) return false;
  // tokens are unguessable and never used twice: whoever holds one is meant
  return Object.values(active ?? {}).some((state) => {
    if (state.k === 'step') return state.p === 'run' && state.x !== 1 && state.n === message.attempt && state.t.at(-1) === message.token;
    return state.k === 'poll' && state.p === 'look' && state.n === message.attempt && state.t === message.token;
  });
}

function definedOnly<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
