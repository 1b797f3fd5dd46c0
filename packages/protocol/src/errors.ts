/**
 * The catalogue of error codes that travel. A code is for ever: a retired one stays listed and is never used again.
 * `docs/errors.md` explains each, and a test holds both lists equal.
 */
import type { Json } from './json.ts';

export const errorCodes = {
  // answers of the front door
  malformed: 'The message is no JSON object of the expected shape.',
  invalid_input: 'The input does not fit the schema; `field` names the place.',
  unknown_executor: 'No executor of that name is registered.',
  unknown_task: 'No task of that name is registered.',
  unknown_kind: 'No resource kind of that name is registered.',
  unknown_resource: 'The resource does not exist.',
  conflict: 'Another operation owns the resource, or its state forbids this one.',
  forbidden_state: 'The state or runtime state of the resource forbids the operation.',
  too_old: 'The command is older than the records that could tell whether it ran.',
  too_large: 'The payload is over the limit.',
  overloaded: 'The front door does not take more now; send again later.',
  id_reused: 'The operation id belongs to another command.',
  unanswered: 'No answer came in time: nobody can tell whether the message was taken.',
  unknown_schedule: 'There is no schedule of that key.',
  unknown_letter: 'There is no dead letter at that place.',
  unknown_operation: 'No operation of that id is known, or not any more.',
  // ends of operations and steps
  cancelled: 'Cancelled by a verb.',
  killed: 'Ended at once by a verb, without handlers.',
  superseded: 'A newer epoch owns the resource; this message changes nothing.',
  resource_gone: 'The resource vanished while the operation ran.',
  missing_on_backend: 'The backend object is known to be missing.',
  step_failed: 'A step failed after its last attempt.',
  step_timeout: 'An attempt ran past its time limit.',
  deadline_exceeded: 'The deadline of a step, wait or operation has passed.',
  poll_timeout: 'The wanted state did not come within the time of the poll.',
  poll_failed: 'The backend reached a state that the poll counts as failure.',
  outcome_unknown: 'Nobody can tell whether the effect happened, and the step may not be repeated.',
  declined: 'A handler says that the step is not for this resource; it is passed over.',
  gate_closed: 'The task belongs to a feature that is switched off.',
  worker_lost: 'Workers died while they ran this message.',
  missing_output: 'A step names an output that was never produced.',
  output_too_large: 'An output is over the size limit.',
  state_too_large: 'The state of an entity would be larger than its record may be.',
  invalid_output: 'An output does not fit the schema of its contract.',
  invalid_plan: 'The plan is not well formed; `field` names the place.',
  plan_failed: 'The planner threw.',
  child_failed: 'A child operation did not succeed.',
  need_exceeds_limit: 'The need can never be granted: it is over the limit.',
  nested_need: 'A nested need on a root that is already held asks for more than is held.',
  lease_order: 'Roots are taken in ascending order only, else holders wait for each other.',
  unknown_lease: 'The lease is not known to its scope.',
  lease_lost: 'The lease expired or was reclaimed.',
  compensation_failed: 'Handling the failure failed as well.',
  // machinery
  internal: 'A defect; the message says where.',
  handler_error: 'A handler threw something without a code.',
  fatal: 'A handler said that trying again is of no use.',
  unsupported_version: 'The message has a version that this receiver does not read yet.',
  quarantined: 'The entity failed too often and waits for a human.',
  unavailable: 'The server or store does not answer now.',
  not_permitted: 'The sender may not say this.',
  topology_mismatch: 'Streams, consumers or tables are not as the code needs them.',
  invalid_options: 'An option has no legal value; `field` names it.',
  duplicate_name: 'Two definitions carry one name.',
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** An error as it travels and is stored. `field` is a path such as `input.size`. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly retryable?: boolean;
  readonly field?: string;
  readonly data?: Json;
  readonly stack?: string;
  /** What may be shown to whoever ordered the operation; `message` is for operators. */
  readonly userMessage?: string;
  /** Where it happened, told by the supervisor. */
  readonly where?: ErrorPlace;
  readonly cause?: WireError;
}

/** The surroundings of a step that failed, as fields: nobody has to read them out of a text. */
export interface ErrorPlace {
  readonly step: string;
  readonly task: string;
  readonly resource?: { readonly kind: string; readonly id: string };
  /** Of the resource, if it has been made there. */
  readonly backendId?: string;
  /** Of the nearest lease around the step. */
  readonly scope?: string;
  /** The backend instance: the root of that scope. */
  readonly backend?: string;
}

const BRAND = Symbol.for('troupe.error');

export interface TroupeErrorOptions {
  readonly retryable?: boolean;
  readonly field?: string;
  readonly data?: Json;
  readonly cause?: unknown;
}

/** Base of every error of the project: recognised by brand or code, never by its text, so that two copies of a package agree. */
export class TroupeError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly field: string | undefined;
  readonly data: Json | undefined;

  constructor(code: ErrorCode, message: string, options: TroupeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TroupeError';
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.field = options.field;
    this.data = options.data;
    Object.defineProperty(this, BRAND, { value: true });
  }
}

export function isTroupeError(value: unknown): value is TroupeError {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[BRAND] === true;
}
