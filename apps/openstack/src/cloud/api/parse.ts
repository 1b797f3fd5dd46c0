import { z } from 'zod';
import { ApiError } from '../core/api-error.ts';

/** Checks a request body; a wrong one is refused with 400, naming the field. */
export function parseBody<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  if (body === undefined)
    throw new ApiError(400, 'The server could not comply with the request since it is either malformed or otherwise incorrect.');
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.map(String).join('.') ?? '';
  throw new ApiError(400, `Invalid input for field/attribute ${field}. ${issue?.message ?? ''}`.trim());
}

/** Python clients send numbers as strings as well, and `null` for what is not given. */
export const integerLike = z.union([
  z.int(),
  z
    .string()
    .regex(/^-?\d+$/)
    .transform(Number),
]);
export const optionalText = z
  .string()
  .nullish()
  .transform((text) => text ?? undefined);
export const metadataSchema = z.record(z.string().min(1).max(255), z.string().max(255));
