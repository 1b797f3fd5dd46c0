/** The one place that knows all nodes: each switch is exhaustive, so a new node is refused by the compiler until it is here. */
import type { WireError } from '@troupe/protocol';
import type { CompiledNode } from '../plan/compiled.ts';
import { endNode, nodeOf, type NodeResult, OK, type Run } from '../operation/run.ts';
import type { NodeState } from '../operation/state.ts';
import { firstInner, takeUnfinished } from '../operation/unfinished.ts';
import { resolveInput } from '../plan/ref.ts';
import { partEnded, startAttempt } from './attempt.ts';
import { childOverdue, startChild, stopChild } from './child.ts';
import { expandAgain, expandInnerEnded, expandReleased, startExpand, stopExpand } from './expand.ts';
import { memberEnded, startGroup } from './group.ts';
import { pollOverdue, pollReleased, pollTimer, startPoll, stopPoll } from './poll.ts';
import { signalOverdue, startSignal } from './signal.ts';
import { startStep, stepOverdue, stepReleased, stepTimer, stopStep } from './step.ts';
import { giveBack, leaseOverdue, startThrottled, stopThrottled, throttledInnerEnded } from './throttled.ts';
import { startTransition, stopTransition, transitionReleased } from './transition.ts';
import { undoableInnerEnded } from './undoable.ts';
import { pauseTimer, startPause, startWait, stopWait, waitOverdue, waitTimer } from './wait.ts';

export function startNode(run: Run, path: string, node: CompiledNode): void {
  const before = takeUnfinished(run, path);
  switch (node.type) {
    case 'step':
      return startStep(run, path, before);
    case 'poll':
      return startPoll(run, path, before);
    case 'chain':
      return startChain(run, path);
    case 'group':
      return startGroup(run, path);
    case 'pause':
      return startPause(run, path);
    case 'wait':
      return startWait(run, path);
    case 'signal':
      return startSignal(run, path);
    case 'fail':
      return startFail(run, path);
    case 'expand':
      return startExpand(run, path);
    case 'undoable':
      run.jobs.push({ do: 'start', path: `${path}.0` });
      return;
    case 'throttled':
      return startThrottled(run, path);
    case 'giveBack':
      return giveBack(run, path);
    case 'transition':
      return startTransition(run, path);
    case 'child':
      return startChild(run, path, before !== undefined);
    case 'attempt':
      return startAttempt(run, path);
  }
}

/** Whether the start of a node is only the start of what it contains. */
export function startsNothing(node: CompiledNode): boolean {
  switch (node.type) {
    case 'chain':
    case 'group':
    case 'attempt':
    case 'undoable':
      return true;
    case 'step':
    case 'poll':
    case 'pause':
    case 'wait':
    case 'signal':
    case 'throttled':
    case 'giveBack':
    case 'transition':
    case 'child':
    case 'expand':
    case 'fail':
      return false;
  }
}

/** A node inside another has ended. */
export function innerEnded(run: Run, path: string, node: CompiledNode, index: number, result: NodeResult): void {
  switch (node.type) {
    case 'chain':
      return chainInnerEnded(run, path, index, result);
    case 'group':
      return memberEnded(run, path, index, result);
    case 'throttled':
      return throttledInnerEnded(run, path, index, result);
    case 'attempt':
      return partEnded(run, path, index, result);
    case 'expand':
      return expandInnerEnded(run, path, result);
    case 'undoable':
      return undoableInnerEnded(run, path, index, result);
    case 'step':
    case 'poll':
    case 'pause':
    case 'wait':
    case 'signal':
    case 'giveBack':
    case 'transition':
    case 'child':
    case 'fail':
      throw new Error(`a ${node.type} has no inner nodes`);
  }
}

/** Stops a leaf. What contains nodes ends when they have. */
export function stopLeaf(run: Run, path: string, state: NodeState, result: NodeResult): void {
  switch (state.k) {
    case 'step':
      return stopStep(run, path, result);
    case 'poll':
      return stopPoll(run, path, result);
    case 'pause':
    case 'wait':
    case 'signal':
      return stopWait(run, path, result);
    case 'expand':
      return stopExpand(run, path, result);
    case 'lease':
      return stopThrottled(run, path, result);
    case 'transition':
      return stopTransition(run, path, result);
    case 'child':
      return stopChild(run, path);
    case 'group':
    case 'attempt':
    case 'undo':
      return;
  }
}

/** A write that the node waited for has its answer. */
export function released(run: Run, path: string, error: WireError | undefined): void {
  const state = run.op.active.get(path);
  switch (state?.k) {
    case 'step':
      return stepReleased(run, path, error);
    case 'poll':
      return pollReleased(run, path, error);
    case 'transition':
      return transitionReleased(run, path, error);
    case 'expand':
      return expandReleased(run, path);
    case 'pause':
    case 'wait':
    case 'signal':
    case 'lease':
    case 'child':
    case 'group':
    case 'attempt':
    case 'undo':
    case undefined:
      return;
  }
}

export function timerFired(run: Run, path: string, timer: string): void {
  const state = run.op.active.get(path);
  switch (state?.k) {
    case 'step':
      return stepTimer(run, path, timer);
    case 'poll':
      return pollTimer(run, path, timer);
    case 'pause':
      return pauseTimer(run, path, timer);
    case 'wait':
      return waitTimer(run, path, timer);
    case 'expand':
      return expandAgain(run, path, timer);
    case 'signal':
    case 'lease':
    case 'transition':
    case 'child':
    case 'group':
    case 'attempt':
    case 'undo':
    case undefined:
      return;
  }
}

/** The deadline of a node has passed. */
export function nodeOverdue(run: Run, path: string): void {
  const state = run.op.active.get(path);
  switch (state?.k) {
    case 'step':
      return stepOverdue(run, path);
    case 'poll':
      return pollOverdue(run, path);
    case 'wait':
      return waitOverdue(run, path);
    case 'signal':
      return signalOverdue(run, path);
    case 'lease':
      return leaseOverdue(run, path);
    case 'child':
      return childOverdue(run, path);
    case 'expand':
    case 'pause':
    case 'transition':
    case 'group':
    case 'attempt':
    case 'undo':
    case undefined:
      return;
  }
}

function startFail(run: Run, path: string): void {
  const { code, message, data } = nodeOf(run, path, 'fail');
  const resolved = resolveInput(data, run.op.outputs);
  endNode(run, path, { ok: false, error: { code, message, ...(data === undefined || !resolved.ok ? {} : { data: resolved.value }) } });
}

function startChain(run: Run, path: string): void {
  if (nodeOf(run, path, 'chain').nodes.length === 0) endNode(run, path, OK);
  else run.jobs.push({ do: 'start', path: `${path}.${firstInner(run, path)}` });
}

function chainInnerEnded(run: Run, path: string, index: number, result: NodeResult): void {
  if (result.ok && index + 1 < nodeOf(run, path, 'chain').nodes.length) run.jobs.push({ do: 'start', path: `${path}.${index + 1}` });
  else endNode(run, path, result);
}
