/** One attempt: hooks in order, time limit, validation, and whatever happens as a `TaskOutcome`. Never throws. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import {
  encodeJson,
  type Json,
  toJson,
  type TaskMessage,
  type TaskOutcome,
  toWireError,
  TroupeError,
  type WireError,
} from '@troupe/protocol';
import { isFatal, isRetry } from './errors.ts';
import { type Handler, splitPatch, type TaskContext } from './handler.ts';

/** Encoded size of an output at the most. */
export const OUTPUT_LIMIT_BYTES = 262_144;

/** Why a running attempt was told to stop. */
export type AbortReason = 'timeLimit' | 'notWanted' | 'draining';

/** Runs `handler` or its `reconcile`. The promise settles when the handler really ended. */
export async function runAttempt(handler: Handler, message: TaskMessage, context: TaskContext, reconcile: boolean): Promise<TaskOutcome> {
  const { contract, object } = handler;
  try {
    const input = await validated(contract.input, message.input, 'input', 'invalid_input');
    let value: unknown;
    if (reconcile) {
      if (object.reconcile === undefined) {
        return {
          kind: 'unknown',
          error: { code: 'outcome_unknown', message: `${contract.name} may have run, and has no reconcile to look`, retryable: false },
        };
      }
      const found = (await object.reconcile(input, context)).found;
      if (found === 'unknown')
        return {
          kind: 'unknown',
          error: { code: 'outcome_unknown', message: `${contract.name}: the backend does not tell`, retryable: false },
        };
      value = found === false ? await runHooks(handler, input, context) : found;
    } else {
      value = await runHooks(handler, input, context);
    }
    const { output, patch } = splitPatch(value);
    if (object.after !== undefined) await object.after(output, context);
    const checked = toJsonOnce(await validated(contract.output, output, 'output', 'invalid_output'));
    const sizeBytes = encodeJson(checked).length;
    if (sizeBytes > OUTPUT_LIMIT_BYTES) {
      throw new TroupeError(
        'output_too_large',
        `the output of ${contract.name} has ${sizeBytes} bytes, at most ${OUTPUT_LIMIT_BYTES} are kept`,
        { field: 'output' },
      );
    }
    return { kind: 'succeeded', output: checked, ...(patch === undefined ? {} : { patch }) };
  } catch (thrown) {
    return failure(handler, thrown, context.signal);
  }
}

async function runHooks({ object }: Handler, input: unknown, context: TaskContext): Promise<unknown> {
  if (object.before !== undefined) await object.before(input, context);
  return object.run(input, context);
}

/** What a throw means. An `idempotent: 'no'` task that threw may have had its effect: only `reconcile` can tell. */
export function failure(handler: Handler, thrown: unknown, signal: AbortSignal): TaskOutcome {
  const reason = signal.aborted ? (signal.reason as AbortReason | undefined) : undefined;
  if (reason === 'notWanted') return { kind: 'cancelled' };
  const error = reason === 'timeLimit' ? timeout(handler) : toWireError(thrown, 'handler_error');
  const certain = isFatal(thrown) || isRetry(thrown) || error.code === 'invalid_input';
  if (handler.contract.idempotent === 'no' && !certain) return { kind: 'unknown', error };
  const retryAfterMs = isRetry(thrown) ? thrown.afterMs : undefined;
  return { kind: 'failed', error, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

export function timeout(handler: Handler): WireError {
  const { name, timeLimitMs } = handler.contract;
  return { code: 'step_timeout', message: `${name} ran past its time limit of ${timeLimitMs} ms`, retryable: true, data: { timeLimitMs } };
}

/** Encodes through JSON, so that what cannot travel becomes text here and not a failure elsewhere. */
function toJsonOnce(value: unknown): Json {
  try {
    return JSON.parse(JSON.stringify(value ?? null)) as Json;
  } catch {
    return toJson(value);
  }
}

async function validated(
  schema: StandardSchemaV1 | undefined,
  value: unknown,
  what: string,
  code: 'invalid_input' | 'invalid_output',
): Promise<unknown> {
  if (schema === undefined) return value;
  const result = await schema['~standard'].validate(value);
  if (result.issues === undefined) return result.value;
  const issue = result.issues[0];
  const path = [what, ...(issue?.path ?? []).map((p) => String(typeof p === 'object' ? p.key : p))].join('.');
  throw new TroupeError(code, `${path}: ${issue?.message ?? 'does not fit'}`, { field: path });
}
