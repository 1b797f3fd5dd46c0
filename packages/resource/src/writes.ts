/**
 * Builds the writes that a supervisor orders, so that the rules of the life-cycle are read from its tables in one place.
 * Pure: nothing here knows a store.
 */
import type { ResourceChange, ResourceWrite } from '@troupe/actor';
import type { Json, JsonObject, ResourcePatch, ResourceRef, WireError } from '@troupe/protocol';
import { families, type FamilyName } from './families.ts';
import { initialState, isResting, type LifeCycleState, type TransitionName, transitionNamed } from './life-cycle.ts';
import { checkFields } from './limits.ts';

/** A resource in the hands of an operation: what every write of it must name. */
export interface Hold {
  readonly ref: ResourceRef;
  readonly operation: string;
  readonly epoch: number;
}

export interface AcceptOptions {
  readonly ref: ResourceRef;
  readonly operation: string;
  /** Runtime states in which the executor may run; absent = any. A forced Delete leaves it out. */
  readonly runtime?: readonly string[];
  /** States in which a command is accepted, if the executor is stricter than its family. */
  readonly from?: readonly LifeCycleState[];
  /** Shown on the resource while an Action runs. */
  readonly action?: string;
  readonly actionDetails?: Json;
}

/** Accept: takes the resource and fires the family's acceptance transition. Clears the error, once per operation (S29). */
export function acceptWrite(family: FamilyName, options: AcceptOptions): ResourceWrite {
  const rule = families[family];
  const fired = rule.accept === undefined ? undefined : transitionNamed(rule.accept);
  const set: ResourceChange = {
    ...(fired?.to === undefined ? {} : { state: fired.to }),
    error: null,
    ...(options.action === undefined ? {} : { action: options.action }),
    ...(options.actionDetails === undefined ? {} : { actionDetails: options.actionDetails }),
  };
  checkFields(set, 'accept');
  return {
    op: 'take',
    ref: options.ref,
    operation: options.operation,
    from: options.from ?? rule.acceptFrom,
    ...(options.runtime === undefined ? {} : { runtime: options.runtime }),
    set,
    ...(fired === undefined ? {} : { event: fired.event }),
  };
}

export interface TransitionOptions {
  /** The "during" value of a step: one write with the state, after the guard (S28). */
  readonly runtimeState?: string;
  readonly patch?: ResourcePatch;
}

/**
 * A named transition in mid-operation. Its target counts as a legal source too: two steps may name one transition, and
 * the second of them changes nothing.
 */
export function transitionWrite(name: TransitionName, hold: Hold, options: TransitionOptions = {}): ResourceWrite {
  const { from, to, event } = transitionNamed(name);
  if (to === undefined) return { op: 'remove', ...pick(hold), event };
  const set: ResourceChange = { state: to, ...fieldsOf(options) };
  checkFields(set, name);
  return { op: 'change', ...pick(hold), from: from.includes(to) ? from : [...from, to], set, event };
}

/** Fields without a transition: what a handler found out, or a runtime state at the start or end of a step. */
export function patchWrite(hold: Hold, options: TransitionOptions): ResourceWrite {
  const set = fieldsOf(options);
  checkFields(set, 'patch', 'invalid_output');
  return { op: 'change', ...pick(hold), set };
}

export interface EndOptions {
  /** The state that the supervisor saw last; decides how a free-form operation leaves its resource. */
  readonly state: string;
  readonly error?: WireError;
  readonly forced?: boolean;
  readonly runtimeState?: string;
}

/**
 * The end of an operation for one of its resources: the family's last transition, action cleared, given back. A resource
 * of a free-form operation keeps a resting state and is brought to one otherwise: nothing stays half-way (S65).
 */
export function endWrite(
  family: FamilyName,
  outcome: 'succeeded' | 'failed' | 'cancelled',
  hold: Hold,
  options: EndOptions,
): ResourceWrite {
  const rule = families[family];
  const succeeded = outcome === 'succeeded';
  const named = succeeded ? rule.succeeded : options.forced === true && outcome === 'failed' ? rule.failedForced : rule.failed;
  const fallback = isResting(options.state) && (succeeded || options.error === undefined) ? undefined : succeeded ? 'setOk' : 'setErred';
  const name = named ?? fallback;
  const fired = name === undefined ? undefined : transitionNamed(name);
  if (fired !== undefined && fired.to === undefined) return { op: 'remove', ...pick(hold), event: fired.event };
  const event = succeeded ? rule.events.succeeded : outcome === 'failed' ? rule.events.failed : undefined;
  const set: ResourceChange = {
    ...(fired?.to === undefined ? {} : { state: fired.to }),
    ...(fired?.to === 'ERRED' && options.error !== undefined ? { error: options.error } : {}),
    ...(options.runtimeState === undefined ? {} : { runtimeState: options.runtimeState }),
    action: '',
    actionDetails: null,
  };
  checkFields(set, 'end');
  return {
    op: 'change',
    ...pick(hold),
    ...(fired === undefined ? {} : { from: fired.from }),
    set,
    ...(fired === undefined ? {} : { event: event ?? fired.event }),
    finish: true,
    // a cancelled operation may still have attempts running: what they were ordered under must be stale from now on
    ...(outcome === 'cancelled' ? { raise: true } : {}),
  };
}

/** Gives back what was taken and not touched since: a conflict on another resource, or a cancel before the first step. */
export function restoreWrite(hold: Hold): ResourceWrite {
  return { op: 'restore', ...pick(hold), event: 'withdrawn' };
}

/** A finding of a pull, for a resource that rests and has not changed since the pull read it. */
export function findingWrite(
  found: 'erred' | 'recovered' | 'seen',
  seen: { readonly ref: ResourceRef; readonly revision: number },
  options: TransitionOptions & { readonly error?: WireError } = {},
): ResourceWrite {
  const fired = found === 'seen' ? undefined : transitionNamed(found === 'erred' ? 'setErred' : 'recover');
  const set: ResourceChange = {
    ...(fired?.to === undefined ? {} : { state: fired.to }),
    ...(found === 'recovered' ? { error: null } : options.error === undefined ? {} : { error: options.error }),
    ...fieldsOf(options),
  };
  checkFields(set, 'finding', 'invalid_output');
  return {
    op: 'patch',
    ref: seen.ref,
    revision: seen.revision,
    ...(fired === undefined ? {} : { from: fired.from }),
    set,
    ...(fired === undefined ? {} : { event: fired.event }),
  };
}

export interface InsertOptions {
  /** Owned by the operation that makes it; else it rests in nobody's hands. */
  readonly operation?: string;
  readonly backendId?: string;
  readonly runtimeState?: string;
  /** `OK` for what is on the backend already. Default `CREATION_SCHEDULED`. */
  readonly state?: 'CREATION_SCHEDULED' | 'OK';
}

/** A new record. */
export function insertWrite(ref: ResourceRef, data: JsonObject, options: InsertOptions = {}): ResourceWrite {
  const { backendId, runtimeState } = options;
  const set: ResourceChange = {
    data,
    ...(backendId === undefined ? {} : { backendId }),
    ...(runtimeState === undefined ? {} : { runtimeState }),
  };
  checkFields(set, 'insert');
  return {
    op: 'create',
    ref,
    state: options.state ?? initialState,
    set,
    ...(options.operation === undefined ? {} : { operation: options.operation }),
    event: transitionNamed('insert').event,
  };
}

/** The privileged removal in any state: takes the resource from whoever owns it; `remove` follows under the new epoch. */
export function seizeWrite(ref: ResourceRef, operation: string): ResourceWrite {
  return { op: 'take', ref, operation, from: [], set: {}, seize: true };
}

function pick(hold: Hold): Hold {
  return { ref: hold.ref, operation: hold.operation, epoch: hold.epoch };
}

function fieldsOf(options: TransitionOptions): ResourceChange {
  const { patch } = options;
  const runtimeState = patch?.runtimeState ?? options.runtimeState;
  return {
    ...(runtimeState === undefined ? {} : { runtimeState }),
    ...(patch?.backendId === undefined ? {} : { backendId: patch.backendId }),
    ...(patch?.data === undefined ? {} : { data: patch.data }),
  };
}
