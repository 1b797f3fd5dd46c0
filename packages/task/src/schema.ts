import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type ErrorCode, TroupeError } from '@troupe/protocol';

/** The value as the schema returns it. Throws `code` with the path of the first field that does not fit. */
export async function validated(schema: StandardSchemaV1 | undefined, value: unknown, what: string, code: ErrorCode): Promise<unknown> {
  if (schema === undefined) return value;
  let result = schema['~standard'].validate(value);
  if (result instanceof Promise) result = await result;
  if (result.issues === undefined) return result.value;
  const issue = result.issues[0];
  const path = [what, ...(issue?.path ?? []).map((p) => String(typeof p === 'object' ? p.key : p))].join('.');
  throw new TroupeError(code, `${path}: ${issue?.message ?? 'does not fit'}`, { field: path });
}

export function isSchema(value: unknown): value is StandardSchemaV1 {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard = (value as Record<string, unknown>)['~standard'];
  return typeof standard === 'object' && standard !== null && typeof (standard as Record<string, unknown>)['validate'] === 'function';
}
