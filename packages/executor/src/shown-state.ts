/**
 * The one word for what an operation does now, and what it waits for. Made of the root alone, so that lists, pages and
 * readers in other languages come to the same word (docs/open-wire.md has the rule as a table).
 */
import { statusOf } from './operation/first-mail.ts';
import type { NodeState, Operation } from './operation/state.ts';

/**
 *   accepting    takes its resources
 *   queued       waits for the operation that has its resource
 *   running      an attempt of a step, or a look, is out: with a worker, or in the queue of its pool
 *   retrying     the last attempt failed, the next one comes by a timer
 *   waiting      for what `waitsOn` says; nothing runs
 *   paused, parked, cancelling, ended
 *   expired      ended so long ago that only its outcome is known
 *   quarantined  put aside because its turns failed over and over
 */
export type ShownState =
  | 'accepting'
  | 'queued'
  | 'running'
  | 'retrying'
  | 'waiting'
  | 'paused'
  | 'parked'
  | 'cancelling'
  | 'ended'
  | 'expired'
  | 'quarantined';

export type WaitReason = 'lease' | 'timer' | 'signal' | 'resource' | 'child' | 'store';

export interface Shown {
  readonly state: ShownState;
  /** Of one that is waiting. */
  readonly waitsOn?: WaitReason;
}

type Doing = 'running' | 'retrying' | WaitReason | undefined;

/** What counts where several nodes are under way: work before waits, in this order. */
const ORDER = ['running', 'retrying', 'lease', 'signal', 'resource', 'child', 'timer', 'store'] as const satisfies readonly Doing[];

export function shownState(op: Pick<Operation, 'phase' | 'progress' | 'active' | 'accepting'>): Shown {
  const status = statusOf(op);
  if (status === 'accepting') return { state: op.phase === 'accepting' && op.accepting?.waitFor !== undefined ? 'queued' : 'accepting' };
  if (status !== 'running') return { state: status };
  if (op.phase === 'ending') return { state: 'waiting', waitsOn: 'store' };
  const doing = new Set([...op.active.values()].map(doingOf));
  const first = ORDER.find((one) => doing.has(one)) ?? 'running';
  return first === 'running' || first === 'retrying' ? { state: first } : { state: 'waiting', waitsOn: first };
}

function doingOf(node: NodeState): Doing {
  switch (node.k) {
    case 'step':
      return ({ delay: 'timer', write: 'store', run: 'running', retry: 'retrying' } as const)[node.p];
    case 'poll':
      return ({ delay: 'timer', write: 'store', look: 'running', pause: 'timer' } as const)[node.p];
    case 'lease':
      return node.p === 'ask' ? 'lease' : undefined;
    case 'pause':
      return 'timer';
    case 'signal':
      return 'signal';
    case 'wait':
      return 'resource';
    case 'child':
      return 'child';
    case 'expand':
    case 'transition':
      return 'store';
    case 'group':
    case 'attempt':
    case 'undo':
      return undefined;
  }
}
