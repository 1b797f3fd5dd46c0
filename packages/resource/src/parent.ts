/**
 * What a record that follows a resource makes of each of its transitions: the order that asked for it, and the record of whoever
 * owns it elsewhere (a marketplace resource, a row of another service). Data: every pair of states that the life-cycle can make is
 * here, and a pair that is not is unknown, which a follower records and does not guess.
 */
import type { WireError } from '@troupe/protocol';
import type { LifeCycleState } from './life-cycle.ts';

export type ParentState = 'creating' | 'updating' | 'terminating' | 'ok' | 'erred' | 'terminated';
export type OrderState = 'executing' | 'done' | 'erred' | 'cancelled';

export interface ParentMove {
  /** What happened, in one word. */
  readonly name:
    | 'begun'
    | 'created'
    | 'creationFailed'
    | 'updated'
    | 'updateFailed'
    | 'deletionFailed'
    | 'withdrawn'
    | 'retried'
    | 'broken'
    | 'missing'
    | 'recovered'
    | 'terminated';
  readonly parent: ParentState;
  /** Of the order whose operation made the transition; absent where none did, as with the findings of pulls. */
  readonly order?: OrderState;
  /** To be copied; what was copied before is cleared by every move to `ok`. */
  readonly error?: WireError;
}

/** A transition as its event tells it. Null = there was, or is, no record. */
export interface ResourceTransition {
  readonly from: string | null;
  readonly to: string | null;
  readonly event: string;
  readonly error?: WireError;
}

type Pair = `${LifeCycleState | '-'} ${LifeCycleState | '-'}`;
type Rule = Pick<ParentMove, 'name' | 'parent' | 'order'>;

const creating: Rule = { name: 'begun', parent: 'creating', order: 'executing' };
const updating: Rule = { name: 'begun', parent: 'updating', order: 'executing' };
const terminating: Rule = { name: 'begun', parent: 'terminating', order: 'executing' };
const created: Rule = { name: 'created', parent: 'ok', order: 'done' };
const creationFailed: Rule = { name: 'creationFailed', parent: 'erred', order: 'erred' };
const updated: Rule = { name: 'updated', parent: 'ok', order: 'done' };
const updateFailed: Rule = { name: 'updateFailed', parent: 'erred', order: 'erred' };
/** What could not be deleted is there, and its owner has it again. */
const deletionFailed: Rule = { name: 'deletionFailed', parent: 'ok', order: 'erred' };
const terminated: Rule = { name: 'terminated', parent: 'terminated', order: 'done' };

/** Pairs, the absence of a record written as `-`. */
export const parentMoves: Readonly<Partial<Record<Pair, Rule>>> = {
  '- CREATION_SCHEDULED': creating,
  'CREATION_SCHEDULED CREATING': creating,
  'OK UPDATE_SCHEDULED': updating,
  'ERRED UPDATE_SCHEDULED': updating,
  'UPDATE_SCHEDULED UPDATING': updating,
  'OK DELETION_SCHEDULED': terminating,
  'ERRED DELETION_SCHEDULED': terminating,
  'DELETION_SCHEDULED DELETING': terminating,
  // imports are inserted as OK
  '- OK': { name: 'created', parent: 'ok' },
  'CREATING OK': created,
  'CREATION_SCHEDULED OK': created,
  'CREATING ERRED': creationFailed,
  'CREATION_SCHEDULED ERRED': creationFailed,
  'UPDATING OK': updated,
  'UPDATE_SCHEDULED OK': updated,
  'UPDATING ERRED': updateFailed,
  'UPDATE_SCHEDULED ERRED': updateFailed,
  // a plan that had nothing to do, of a Delete that its executor ends with OK
  'DELETION_SCHEDULED OK': { name: 'withdrawn', parent: 'ok', order: 'cancelled' },
  'DELETION_SCHEDULED ERRED': deletionFailed,
  'DELETING ERRED': deletionFailed,
  'OK ERRED': { name: 'broken', parent: 'erred' },
  'ERRED ERRED': { name: 'broken', parent: 'erred' },
  'ERRED OK': { name: 'recovered', parent: 'ok' },
  'CREATION_SCHEDULED -': terminated,
  'CREATING -': terminated,
  'UPDATE_SCHEDULED -': terminated,
  'UPDATING -': terminated,
  'DELETION_SCHEDULED -': terminated,
  'DELETING -': terminated,
  'OK -': terminated,
  'ERRED -': terminated,
};

/** While an operation has it: what its parent is. */
const whileIn: Readonly<Record<string, ParentState>> = {
  CREATION_SCHEDULED: 'creating',
  CREATING: 'creating',
  UPDATE_SCHEDULED: 'updating',
  UPDATING: 'updating',
  DELETION_SCHEDULED: 'terminating',
  DELETING: 'terminating',
  OK: 'ok',
  ERRED: 'erred',
};

/** What a parent is by the state of its resource alone; undefined for a state of another life-cycle. Null = there is no record. */
export function parentStateOf(state: string | null): ParentState | undefined {
  return state === null ? 'terminated' : Object.hasOwn(whileIn, state) ? whileIn[state] : undefined;
}

/**
 * The move of one transition, or undefined for a pair that no rule names. An object that is known to be missing on the backend
 * terminates the parent, and nothing else that makes a resting resource ERRED does. Pure.
 */
export function parentMove({ from, to, event, error }: ResourceTransition): ParentMove | undefined {
  const rule = ruleOf(from, to, event);
  if (rule === undefined) return undefined;
  const copied = to === 'ERRED' && error !== undefined ? { error } : {};
  if (rule.name === 'broken' && error?.code === 'missing_on_backend') return { name: 'missing', parent: 'terminated', ...copied };
  if (rule.order === 'erred' && error?.code === 'cancelled') return { ...rule, order: 'cancelled', ...copied };
  return { ...rule, ...copied };
}

function ruleOf(from: string | null, to: string | null, event: string): Rule | undefined {
  const parent = parentStateOf(to);
  // a take that was given back: whatever it was is what it is again
  if (event === 'withdrawn' && parent !== undefined && from !== null) return { name: 'withdrawn', parent, order: 'cancelled' };
  if (event === 'retried' && parent !== undefined && from !== null) return { name: 'retried', parent, order: 'executing' };
  const pair = `${from ?? '-'} ${to ?? '-'}`;
  return Object.hasOwn(parentMoves, pair) ? parentMoves[pair as Pair] : undefined;
}
