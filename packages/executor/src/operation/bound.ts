import { encodeJson, type WireError } from '@troupe/protocol';

/** An error that fits into a record: text clipped, large data and long chains of causes left out. */
export function boundError(error: WireError, textLimit = 1_000, depth = 3): WireError {
  const clip = (text: string, limit: number): string => (text.length <= limit ? text : `${text.slice(0, limit)}…`);
  const data = error.data === undefined || encodeJson(error.data).length > 2 * textLimit ? undefined : error.data;
  return {
    code: clip(String(error.code), 100),
    message: clip(String(error.message), textLimit),
    ...(error.retryable === undefined ? {} : { retryable: error.retryable }),
    ...(error.field === undefined ? {} : { field: clip(String(error.field), 200) }),
    ...(data === undefined ? {} : { data }),
    ...(error.stack === undefined ? {} : { stack: clip(String(error.stack), textLimit) }),
    ...(error.userMessage === undefined ? {} : { userMessage: clip(String(error.userMessage), 500) }),
    ...(error.where === undefined ? {} : { where: error.where }),
    ...(error.cause === undefined || depth === 0 ? {} : { cause: boundError(error.cause, Math.min(textLimit, 300), depth - 1) }),
  };
}
