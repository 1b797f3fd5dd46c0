/** Holds an input against a Standard Schema. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { TroupeError } from '@troupe/protocol';

/**
 * Throws `invalid_input` that names the place. What the schema makes of the input (defaults, conversions) is left to the
 * receiver, who validates again: applied twice it would not be the same.
 */
export async function validateInput(schema: StandardSchemaV1, input: unknown): Promise<void> {
  const result = await schema['~standard'].validate(input);
  const [issue] = result.issues ?? [];
  if (issue === undefined) return;
  const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
  const field = ['input', ...path].join('.');
  throw new TroupeError('invalid_input', `${field}: ${issue.message}`, { field });
}
