/** Why an operation is not finished yet: one sentence for each thing that it waits for. */
import type { EntityRecord } from '@troupe/actor';
import { formatMs, type ResourceRef } from '@troupe/protocol';
import { heldLeases } from './explain-leases.ts';
import { shownOperation } from './operation/record.ts';
import type { NodeState, Operation } from './operation/state.ts';
import { type CompiledNode, nodeAt } from './plan/compiled.ts';
import type { Need } from './plan/nodes.ts';
import { nameOf, type OperationView, viewOf } from './view.ts';

/** What the record cannot know and the caller can look up; each is optional. */
export interface ExplainLookups {
  /** Epoch milliseconds, server time. */
  readonly now: number;
  /** What the scope's throttle says about a waiting lease: what is missing, who holds it, the position. */
  lease?(wait: { readonly lease: string; readonly scope: string; readonly need: Need }): Promise<string | undefined> | string | undefined;
  /** What becomes of another operation that this one waits for. */
  operation?(id: string): Promise<string | undefined> | string | undefined;
}

export type Wait = {
  /** Dotted path of the node; empty while it is being accepted. */
  readonly path: string;
  readonly name: string;
  readonly sinceMs: number;
  /** Epoch milliseconds. */
  readonly deadline?: number;
  readonly sentence: string;
} & (
  | { readonly on: 'task'; readonly attempt: number }
  | { readonly on: 'timer'; readonly until?: number }
  | { readonly on: 'lease'; readonly lease: string; readonly scope: string; readonly need: Need }
  | { readonly on: 'child' | 'operation'; readonly operation: string }
  | { readonly on: 'planner'; readonly planner: string }
  | { readonly on: 'signal'; readonly signal: string }
  | { readonly on: 'resource'; readonly resource: ResourceRef }
  | { readonly on: 'store' }
);

export interface Explanation {
  readonly view: OperationView;
  readonly waits: readonly Wait[];
  /** Leases that it holds meanwhile. */
  readonly holds: readonly { readonly lease: string; readonly scope: string; readonly need: Need; readonly since: number }[];
  /** The whole in one line. */
  readonly summary: string;
}

export async function explainOperation(key: string, record: EntityRecord, lookups: ExplainLookups): Promise<Explanation> {
  const op = shownOperation(key, record);
  const view = viewOf(op);
  const waits = await Promise.all([...waitsOf(op, lookups.now)].map((wait) => complete(wait, lookups)));
  return { view, waits, holds: heldLeases(op), summary: summaryOf(view, waits, lookups.now) };
}

function* waitsOf(op: Operation, now: number): Generator<Wait> {
  if (op.phase === 'accepting' || op.phase === 'givingBack') yield acceptWait(op, now);
  if (op.phase === 'ending')
    yield { path: '', name: 'end', sinceMs: 0, on: 'store', sentence: 'the store writes the last states of its resources' };
  if (op.phase !== 'running' || op.plan === undefined) return;
  for (const [path, state] of op.active) {
    const node = nodeAt(op.plan, path);
    const wait = node === undefined ? undefined : nodeWait(op, path, node, state, now);
    if (wait !== undefined) yield wait;
  }
}

function acceptWait(op: Operation, now: number): Wait {
  const waitFor = op.accepting?.waitFor;
  const base = { path: '', name: 'accept', sinceMs: Math.max(0, now - Date.parse(op.head.createdAt || '') || 0) };
  if (waitFor !== undefined && op.phase === 'accepting') {
    const { ref, operation } = waitFor;
    const sentence = `waits for ${ref.kind} ${ref.id}, which ${operation === null ? 'is not at rest' : `operation ${operation} owns`}`;
    return operation === null ? { ...base, on: 'resource', resource: ref, sentence } : { ...base, on: 'operation', operation, sentence };
  }
  const owned = op.resources[op.accepting?.index ?? 0];
  const verb =
    op.phase === 'givingBack' ? 'gives back what it took' : `takes ${owned === undefined ? 'its resources' : `${owned.kind} ${owned.id}`}`;
  return { ...base, on: 'store', sentence: verb };
}

function nodeWait(op: Operation, path: string, node: CompiledNode, state: NodeState, now: number): Wait | undefined {
  if (state.k === 'group' || state.k === 'attempt' || state.k === 'undo') return undefined;
  const name = nameOf(node, path);
  const sinceMs = Math.max(0, now - state.s);
  const base = { path, name, sinceMs };
  const ago = formatMs(sinceMs);
  switch (state.k) {
    case 'step':
      return stepWait(op, base, node, state, ago);
    case 'poll': {
      if (node.type !== 'poll') return undefined;
      const goal = node.until?.join(' or ') ?? 'done';
      const deadline = state.s + node.forMs;
      const seen = state.rs === undefined ? '' : `, last seen ${state.rs}`;
      const bad = state.e === undefined ? '' : `, ${state.e} of ${node.tolerate} looks in a row failed`;
      const left = `gives up in ${formatMs(Math.max(0, deadline - now))}`;
      if (state.p === 'look')
        return {
          ...base,
          deadline,
          on: 'task',
          attempt: state.n,
          sentence: `${name} polls for ${goal} since ${ago}: look ${state.n} is with task ${taskName(op, node.task)}${seen}${bad}; ${left}`,
        };
      if (state.p === 'write')
        return { ...base, deadline, on: 'store', sentence: `${name} waits until the store has written the start of its poll` };
      return {
        ...base,
        deadline,
        on: 'timer',
        sentence: `${name} polls for ${goal} since ${ago}, ${state.n} looks so far${seen}${bad}; ${left}`,
      };
    }
    case 'pause': {
      const until = state.s + (node.type === 'pause' ? node.forMs : 0);
      return { ...base, on: 'timer', until, sentence: `${name} pauses for another ${formatMs(Math.max(0, until - now))}` };
    }
    case 'expand': {
      if (node.type !== 'expand') return undefined;
      if (state.p !== 'parked') return { ...base, on: 'store', sentence: `${name} looks at the resources before it is planned` };
      const sentence = `${name} is parked since ${ago}: no host here knows the planner ${node.planner}; deploy it, or cancel`;
      return { ...base, on: 'planner', planner: node.planner, sentence };
    }
    case 'signal': {
      if (node.type !== 'signal') return undefined;
      const deadline = state.s + node.deadlineMs;
      const left = formatMs(Math.max(0, deadline - now));
      return {
        ...base,
        deadline,
        on: 'signal',
        signal: node.signal,
        sentence: `${name} waits since ${ago} for the signal ${node.signal}; gives up in ${left}`,
      };
    }
    case 'wait': {
      if (node.type !== 'wait') return undefined;
      const by = state.of === undefined ? '' : `, owned by operation ${state.of}`;
      const sentence = `${name} waits since ${ago} for ${node.resource.kind} ${node.resource.id} to be ${node.until.join(' or ')}; it is ${state.st ?? 'not seen yet'}${by}`;
      return { ...base, deadline: state.s + node.deadlineMs, on: 'resource', resource: node.resource, sentence };
    }
    case 'lease': {
      if (state.p !== 'ask' || node.type !== 'throttled') return undefined;
      const need = Object.entries(node.need).map(([kind, n]) => `${n} ${kind}`);
      for (const [rate, n] of Object.entries(node.spend ?? {})) need.push(`${n} of the rate ${rate}`);
      const deadline = node.deadlineMs === undefined ? {} : { deadline: state.s + node.deadlineMs };
      return {
        ...base,
        ...deadline,
        on: 'lease',
        lease: `${op.key}:${path}`,
        scope: node.scope,
        need: node.need,
        sentence: `waits since ${ago} for ${need.join(' and ')} of ${node.scope}`,
      };
    }
    case 'transition':
      return { ...base, on: 'store', sentence: 'the store writes a transition' };
    case 'child': {
      if (node.type !== 'child') return undefined;
      const operation = `${op.key}.${path}`;
      const verb =
        state.p === 'cancel'
          ? 'waits for the end of its cancelled child'
          : state.p === 'sent'
            ? 'waits since its start for the answer of'
            : `runs since ${ago} as`;
      return {
        ...base,
        deadline: state.s + node.deadlineMs,
        on: 'child',
        operation,
        sentence: `${name} ${verb} operation ${operation} (${node.executor})`,
      };
    }
  }
}

function stepWait(
  op: Operation,
  base: Pick<Wait, 'path' | 'name' | 'sinceMs'>,
  node: CompiledNode,
  state: Extract<NodeState, { k: 'step' }>,
  ago: string,
): Wait | undefined {
  if (node.type !== 'step') return undefined;
  const { name } = base;
  const attempts = op.plan?.tasks[node.task]?.attempts ?? 1;
  switch (state.p) {
    case 'delay':
      return { ...base, on: 'timer', until: state.s + (node.afterMs ?? 0), sentence: `${name} starts after its delay` };
    case 'write':
      return { ...base, on: 'store', sentence: `${name} waits until the store has written the start of the step` };
    case 'run': {
      if (state.x === 1)
        return {
          ...base,
          on: 'task',
          attempt: state.n,
          sentence: `${name} was told to stop and is waited for: it may have made something`,
        };
      const what = state.r === 1 ? 'looks whether an earlier attempt happened' : `attempt ${state.n} of ${attempts}`;
      const progress = state.pr === undefined ? '' : `, progress ${state.pr}`;
      return {
        ...base,
        on: 'task',
        attempt: state.n,
        sentence: `${name} is queued or running as task ${taskName(op, node.task)} since ${ago}, ${what}${progress}`,
      };
    }
    case 'retry':
      return { ...base, on: 'timer', sentence: `${name} tries again after attempt ${state.n} of ${attempts} failed${lastError(op, name)}` };
  }
}

function lastError(op: Operation, step: string): string {
  const last = [...op.log.values()].filter((entry) => entry.step === step).sort((a, b) => b.n - a.n)[0];
  return last === undefined ? '' : `: ${last.error.message}`;
}

function taskName(op: Operation, key: string): string {
  return op.plan?.tasks[key]?.name ?? key;
}

async function complete(wait: Wait, lookups: ExplainLookups): Promise<Wait> {
  const more =
    wait.on === 'lease'
      ? await lookups.lease?.({ lease: wait.lease, scope: wait.scope, need: wait.need })
      : wait.on === 'child' || wait.on === 'operation'
        ? await lookups.operation?.(wait.operation)
        : undefined;
  return more === undefined ? wait : { ...wait, sentence: `${wait.sentence}: ${more}` };
}

function summaryOf(view: OperationView, waits: readonly Wait[], now: number): string {
  if (view.outcome !== undefined) return `ended ${view.outcome}${view.error === undefined ? '' : `: ${view.error.message}`}`;
  const steps = `${view.steps.done} of ${view.steps.total} steps`;
  const left = view.deadline === undefined ? '' : `, ${formatMs(Math.max(0, view.deadline - now))} to its deadline`;
  const first = waits[0];
  const { paused } = view;
  if (paused !== undefined) {
    const by = `${paused.by === undefined ? '' : ` by ${paused.by}`}${paused.reason === undefined ? '' : `: ${paused.reason}`}`;
    return `paused since ${formatMs(Math.max(0, now - paused.since))}${by}; ${steps}; nothing new starts until it is resumed`;
  }
  const back = view.isUndoing === true ? ', taking back what was done' : '';
  const others = waits.length > 1 ? ` (and ${waits.length - 1} more)` : '';
  return `${view.state}, ${steps}${back}${left}${first === undefined ? '' : `: ${first.sentence}${others}`}`;
}
