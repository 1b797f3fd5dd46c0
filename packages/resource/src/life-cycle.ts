/**
 * The life-cycle of a resource, as data: whoever fires, guards, draws or reports a transition reads these tables.
 * Drawn in `docs/lifecycle-resource.md`; a test holds the drawing equal to the data.
 */

export const lifeCycleStates = [
  'CREATION_SCHEDULED',
  'CREATING',
  'UPDATE_SCHEDULED',
  'UPDATING',
  'DELETION_SCHEDULED',
  'DELETING',
  'OK',
  'ERRED',
] as const;

export type LifeCycleState = (typeof lifeCycleStates)[number];

/** The numbers that existing tables hold for the states. */
export const stateCodes: Readonly<Record<LifeCycleState, number>> = {
  UPDATE_SCHEDULED: 1,
  UPDATING: 2,
  OK: 3,
  ERRED: 4,
  CREATION_SCHEDULED: 5,
  CREATING: 6,
  DELETION_SCHEDULED: 7,
  DELETING: 8,
};

export const initialState: LifeCycleState = 'CREATION_SCHEDULED';

/** No operation owns a resource in one of these; the other six mean that one does, or (at first) that one must come. */
export const restingStates: readonly LifeCycleState[] = ['OK', 'ERRED'];

/** Who fires a transition: the insert, the accept of a command, the supervisor while or when an operation ends, a pull or an admin. */
export type FiredBy = 'insert' | 'accept' | 'start' | 'end' | 'finding';

export interface Transition {
  /** States in which it is legal; empty = there is no record yet. */
  readonly from: readonly LifeCycleState[];
  /** Undefined = the record is removed. */
  readonly to: LifeCycleState | undefined;
  readonly firedBy: readonly FiredBy[];
  /** Name of the event that tells it, unless its family has a better one. */
  readonly event: string;
}

const scheduled: readonly LifeCycleState[] = ['CREATION_SCHEDULED', 'UPDATE_SCHEDULED', 'DELETION_SCHEDULED'];

export const transitions = {
  insert: { from: [], to: 'CREATION_SCHEDULED', firedBy: ['insert'], event: 'creationScheduled' },
  beginCreating: { from: ['CREATION_SCHEDULED'], to: 'CREATING', firedBy: ['start'], event: 'creationStarted' },
  scheduleUpdating: { from: restingStates, to: 'UPDATE_SCHEDULED', firedBy: ['accept'], event: 'updateScheduled' },
  beginUpdating: { from: ['UPDATE_SCHEDULED'], to: 'UPDATING', firedBy: ['start'], event: 'updateStarted' },
  scheduleDeleting: { from: restingStates, to: 'DELETION_SCHEDULED', firedBy: ['accept'], event: 'deletionScheduled' },
  beginDeleting: { from: ['DELETION_SCHEDULED'], to: 'DELETING', firedBy: ['start'], event: 'deletionStarted' },
  // from a scheduled state: the plan was empty. Never from DELETING or ERRED: that would be a rescue that guesses.
  setOk: { from: ['CREATING', 'UPDATING', ...scheduled, 'OK'], to: 'OK', firedBy: ['end'], event: 'becameOk' },
  setErred: { from: lifeCycleStates, to: 'ERRED', firedBy: ['end', 'finding'], event: 'becameErred' },
  recover: { from: ['ERRED'], to: 'OK', firedBy: ['finding'], event: 'recovered' },
  remove: { from: lifeCycleStates, to: undefined, firedBy: ['end'], event: 'deleted' },
} as const satisfies Readonly<Record<string, Transition>>;

export type TransitionName = keyof typeof transitions;

/** The transition of that name; `undefined` for a name nobody defined, so that a plan can be refused with its place. */
export function transitionNamed(name: TransitionName): Transition;
export function transitionNamed(name: string): Transition | undefined;
export function transitionNamed(name: string): Transition | undefined {
  return Object.hasOwn(transitions, name) ? transitions[name as TransitionName] : undefined;
}

export function isResting(state: string): boolean {
  return restingStates.some((resting) => resting === state);
}

export function isLifeCycleState(state: string): state is LifeCycleState {
  return lifeCycleStates.some((known) => known === state);
}
