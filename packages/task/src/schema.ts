import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type ErrorCode, TroupeError } from '@troupe/protocol';

type Result = StandardSchemaV1.Result<unknown>;

/** The value as the schema returns it. Throws `code` with the path of the first field that does not fit. */
export async function validated(schema: StandardSchemaV1 | undefined, value: unknown, what: string, code: ErrorCode): Promise<unknown> {
  if (schema === undefined) return value;
  // most schemas answer at once, and a wait that is none costs a turn of the loop's queue for each of the three checks of a task
  const validating = schema['~standard'].validate(value);
  const result = validating instanceof Promise ? await validating : validating;
  refuseIssues(result, what, code);
  return (result as StandardSchemaV1.SuccessResult<unknown>).value;
}

/** Where one cannot wait: throws `invalid_input` as {@link validated} does. A schema that validates asynchronously is not asked. */
export function checkNow(schema: StandardSchemaV1 | undefined, value: unknown, what: string): void {
  const result = schema?.['~standard'].validate(value);
  if (result !== undefined && !(result instanceof Promise)) refuseIssues(result, what, 'invalid_input');
}

function refuseIssues(result: Result, what: string, code: ErrorCode): void {
  if (result.issues === undefined) return;
  const issue = result.issues[0];
  const path = [what, ...(issue?.path ?? []).map((p) => String(typeof p === 'object' ? p.key : p))].join('.');
  throw new TroupeError(code, `${path}: ${issue?.message ?? 'does not fit'}`, { field: path });
}

export function isSchema(value: unknown): value is StandardSchemaV1 {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard = (value as Record<string, unknown>)['~standard'];
  return typeof standard === 'object' && standard !== null && typeof (standard as Record<string, unknown>)['validate'] === 'function';
}
