import { ApiError } from '../core/api-error.ts';
import { metadataSchema } from './parse.ts';

/** Cinder reads a Python literal; clients in other languages send JSON, which for flat objects of texts is one. */
export function metadataFilter(text: string | null): readonly (readonly [string, string])[] {
  if (text === null) return [];
  const quoted = text.includes('"') ? text : text.replaceAll("'", '"');
  try {
    return Object.entries(metadataSchema.parse(JSON.parse(quoted)));
  } catch {
    throw new ApiError(400, `Invalid input received: Invalid filter value: ${text}`);
  }
}
