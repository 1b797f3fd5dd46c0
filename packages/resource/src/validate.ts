/** Standard Schema, the synchronous half: a behaviour cannot wait for a validator. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type ErrorCode, TroupeError } from '@troupe/protocol';

export function validateNow<T>(
  schema: StandardSchemaV1<unknown, T>,
  value: unknown,
  place: { readonly at: string; readonly code: ErrorCode },
): T {
  const result = schema['~standard'].validate(value);
  if (result instanceof Promise) {
    throw new TroupeError('invalid_options', `${place.at}: the schema validates asynchronously, which nothing here can wait for`, {
      field: place.at,
    });
  }
  if (result.issues === undefined) return result.value;
  const issue = result.issues[0];
  const path = (issue?.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
  const field = [place.at, ...path].join('.');
  throw new TroupeError(place.code, `${field}: ${issue?.message ?? 'does not fit the schema'}`, { field });
}
