/** Resource kinds and the life-cycle machine, as data, with builders for the writes that move a resource through it. */
export { defineKind, type KindOptions, kindsByName, type ResourceKind } from './define-kind.ts';
export { families, type Family, familyNames, type FamilyName, isForced } from './families.ts';
export {
  type FiredBy,
  initialState,
  isLifeCycleState,
  isResting,
  type LifeCycleState,
  lifeCycleStates,
  restingStates,
  stateCodes,
  type Transition,
  type TransitionName,
  transitionNamed,
  transitions,
} from './life-cycle.ts';
export { ACTION_LIMIT_CHARS, BACKEND_ID_LIMIT_CHARS, RUNTIME_STATE_LIMIT_CHARS } from './limits.ts';
export {
  acceptWrite,
  type AcceptOptions,
  endWrite,
  type EndOptions,
  findingWrite,
  type Hold,
  type InsertOptions,
  insertWrite,
  patchWrite,
  restoreWrite,
  seizeWrite,
  type TransitionOptions,
  transitionWrite,
} from './writes.ts';
export { type Followed, followEvent, newParent, type OrderRecord, type ParentRecord, type Parents } from './follower.ts';
export {
  type OrderState,
  parentMove,
  type ParentMove,
  parentMoves,
  type ParentState,
  parentStateOf,
  type ResourceTransition,
} from './parent.ts';
