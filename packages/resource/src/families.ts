/**
 * What each family of operations does to its resource: at accept, with its first step, at its end. Data for the
 * supervisor, which is the only writer of life-cycle state.
 */
import { type LifeCycleState, restingStates, type TransitionName } from './life-cycle.ts';

export const familyNames = ['create', 'update', 'action', 'delete', 'free'] as const;
export type FamilyName = (typeof familyNames)[number];

export interface Family {
  /** States in which a command is accepted; anything else is a `conflict`. */
  readonly acceptFrom: readonly LifeCycleState[];
  /** Fired at accept. Create fires none, but takes the resource all the same: a second submit must meet an owner. */
  readonly accept: TransitionName | undefined;
  /** Fired with the first step, unless the plan names another step. */
  readonly firstStep: TransitionName | undefined;
  readonly succeeded: TransitionName | undefined;
  readonly failed: TransitionName | undefined;
  /** Instead of `failed` when the operation was forced; what is left on the backend is recorded as an orphan. */
  readonly failedForced: TransitionName | undefined;
  readonly events: { readonly succeeded?: string; readonly failed?: string };
}

export const families: Readonly<Record<FamilyName, Family>> = {
  create: {
    acceptFrom: ['CREATION_SCHEDULED'],
    accept: undefined,
    firstStep: 'beginCreating',
    succeeded: 'setOk',
    failed: 'setErred',
    failedForced: 'setErred',
    events: { succeeded: 'creationSucceeded', failed: 'creationFailed' },
  },
  update: {
    acceptFrom: restingStates,
    accept: 'scheduleUpdating',
    firstStep: 'beginUpdating',
    succeeded: 'setOk',
    failed: 'setErred',
    failedForced: 'setErred',
    events: { succeeded: 'updateSucceeded', failed: 'updateFailed' },
  },
  action: {
    acceptFrom: restingStates,
    accept: 'scheduleUpdating',
    firstStep: 'beginUpdating',
    succeeded: 'setOk',
    failed: 'setErred',
    failedForced: 'setErred',
    events: { succeeded: 'actionSucceeded', failed: 'actionFailed' },
  },
  delete: {
    acceptFrom: restingStates,
    accept: 'scheduleDeleting',
    firstStep: 'beginDeleting',
    succeeded: 'remove',
    failed: 'setErred',
    failedForced: 'remove',
    events: { failed: 'deletionFailed' },
  },
  // states are what the plan says; the operation itself always ends `failed` when a step does
  free: {
    acceptFrom: [...restingStates, 'CREATION_SCHEDULED'],
    accept: undefined,
    firstStep: undefined,
    succeeded: undefined,
    failed: undefined,
    failedForced: undefined,
    events: {},
  },
};

/**
 * Whether a Delete is forced: exactly when its resource is ERRED, or when the command says so. A healthy resource is
 * never forced by default. An explicit force also skips the runtime guards of the executor.
 */
export function isForced(stateBefore: string, asked: boolean | undefined): boolean {
  return asked ?? stateBefore === 'ERRED';
}
