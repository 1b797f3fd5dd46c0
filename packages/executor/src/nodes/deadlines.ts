/** When a node under way has taken too long; undefined = it has no limit of its own. */
import type { CompiledNode, CompiledPlan } from '../plan/compiled.ts';
import { stepDeadlineMs } from '../plan/limits.ts';
import type { NodeState } from '../operation/state.ts';

export function deadlineOf(plan: CompiledPlan, node: CompiledNode, state: NodeState): number | undefined {
  switch (node.type) {
    case 'step':
      return state.k === 'step'
        ? state.s + (node.afterMs ?? 0) + stepDeadlineMs(node.deadlineMs, plan.tasks[node.task]!, plan.queueMs)
        : undefined;
    case 'poll':
      return state.k === 'poll' ? state.s + node.forMs : undefined;
    case 'wait':
      return state.k === 'wait' ? state.s + node.deadlineMs : undefined;
    case 'signal':
      return state.k === 'signal' ? state.s + node.deadlineMs : undefined;
    case 'child':
      return state.k === 'child' && state.p !== 'cancel' ? state.s + node.deadlineMs : undefined;
    case 'throttled':
      return state.k === 'lease' && state.p === 'ask' && node.deadlineMs !== undefined ? state.s + node.deadlineMs : undefined;
    case 'chain':
    case 'undoable':
    case 'expand':
    case 'fail':
    case 'group':
    case 'pause':
    case 'giveBack':
    case 'transition':
    case 'attempt':
      return undefined;
  }
}
