/** Standard Schema with typed refusals that name the field. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type ErrorCode, type Json, toJson, TroupeError } from '@troupe/protocol';

type Result = StandardSchemaV1.Result<unknown>;

/** For where one may wait: front doors. */
export async function validate(schema: StandardSchemaV1, value: unknown, at: string): Promise<Json> {
  return unwrap(await schema['~standard'].validate(value), at, 'invalid_input');
}

/** For behaviours, which cannot wait: a schema that validates asynchronously was asked at the front door, or by the worker. */
export function validateNow(schema: StandardSchemaV1, value: Json, at: string, code: ErrorCode = 'invalid_input'): Json {
  const result = schema['~standard'].validate(value);
  return result instanceof Promise ? value : unwrap(result, at, code);
}

function unwrap(result: Result, at: string, code: ErrorCode): Json {
  if (result.issues === undefined) return toJson(result.value, 64);
  const issue = result.issues[0];
  const path = (issue?.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
  const field = [at, ...path].join('.');
  throw new TroupeError(code, `${field}: ${issue?.message ?? 'does not fit the schema'}`, { field });
}
