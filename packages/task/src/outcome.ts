/** What a handler returned or threw, as a `TaskOutcome`. Total: encoding never fails an attempt by throwing (S15). */
import {
  encodeJson,
  type ErrorCode,
  type Json,
  type ResourcePatch,
  type TaskOutcome,
  toJson,
  toWireError,
  TroupeError,
  type WireError,
} from '@troupe/protocol';
import { askedPauseMs, isFatal, isRetry } from './errors.ts';
import { type Handler, splitPatch } from './handler.ts';
import { validated } from './schema.ts';

/** Encoded size of an output, and of a patch, at the most. */
export const OUTPUT_LIMIT_BYTES = 262_144;

/** Where an attempt stands: input → load → (reconcile) → before → run → after → encode. */
export type Phase = 'input' | 'load' | 'before' | 'reconcile' | 'run' | 'after' | 'encode';

export interface Standing {
  readonly phase: Phase;
  /** The effect may have happened, in this attempt or in an earlier one that nobody heard of. */
  readonly mayHaveHappened: boolean;
}

/** Throws `invalid_output` or `output_too_large`. */
export async function encodeSuccess({ contract }: Handler, value: unknown): Promise<TaskOutcome> {
  const { output, patch } = splitPatch(value);
  const encoded = throughJson(await validated(contract.output, output, 'output', 'invalid_output'));
  limit(contract.name, 'output', encoded);
  if (patch === undefined) return { kind: 'succeeded', output: encoded };
  const change = throughJson(patch);
  limit(contract.name, 'patch', change);
  return { kind: 'succeeded', output: encoded, patch: change as ResourcePatch };
}

/** What a throw means. */
export function failureOf({ contract }: Handler, { phase, mayHaveHappened }: Standing, thrown: unknown): TaskOutcome {
  const error = toWireError(thrown, 'handler_error');
  if (isFatal(thrown)) return { kind: 'failed', error };
  // it has happened and cannot be told: the same would come out again
  if (phase === 'encode') return { kind: 'failed', error: { ...error, retryable: false } };
  const said = isRetry(thrown) && (phase === 'run' || phase === 'after');
  if (contract.idempotent === 'no' && mayHaveHappened && !said) return unknown(error);
  const retryAfterMs = isRetry(thrown) ? askedPauseMs(thrown) : undefined;
  return { kind: 'failed', error, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** What passing the time limit means. */
export function timeoutOf({ contract }: Handler, { phase, mayHaveHappened }: Standing, timeLimitMs: number): TaskOutcome {
  const error: WireError = {
    code: 'step_timeout' satisfies ErrorCode,
    message: `${contract.name} ran past its time limit of ${timeLimitMs} ms`,
    data: { timeLimitMs, phase },
    retryable: true,
  };
  return contract.idempotent === 'no' && mayHaveHappened ? unknown(error) : { kind: 'failed', error };
}

/** Looking may tell. What the thrower thought of retries says nothing about that, so it is left out. */
function unknown({ retryable: _retryable, ...error }: WireError): TaskOutcome {
  return { kind: 'unknown', error };
}

/** Looking does not tell, or nobody can look. */
export function unknownForGood(message: string): TaskOutcome {
  return { kind: 'unknown', error: { code: 'outcome_unknown' satisfies ErrorCode, message, retryable: false } };
}

/** As JSON has it; what cannot be encoded becomes text. */
export function throughJson(value: unknown): Json {
  try {
    return JSON.parse(JSON.stringify(value ?? null)) as Json;
  } catch {
    return toJson(value);
  }
}

function limit(task: string, what: string, value: Json): void {
  const sizeBytes = Buffer.byteLength(encodeJson(value));
  if (sizeBytes <= OUTPUT_LIMIT_BYTES) return;
  throw new TroupeError('output_too_large', `the ${what} of ${task} has ${sizeBytes} bytes, at most ${OUTPUT_LIMIT_BYTES} are kept`, {
    field: what,
    data: { sizeBytes, limitBytes: OUTPUT_LIMIT_BYTES },
  });
}
