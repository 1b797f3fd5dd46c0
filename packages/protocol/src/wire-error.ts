/** Errors on their way to the wire and back. */
import { type ErrorCode, errorCodes, TroupeError, type WireError } from './errors.ts';
import { encodeJson, type Json, toJson } from './json.ts';

/** How much of an error is stored, in characters. A record holds several, and its root must stay small. */
interface Limits {
  readonly message: number;
  readonly stack: number;
  readonly data: number;
}
const OUTER: Limits = { message: 4_000, stack: 8_000, data: 8_000 };
/** Of a cause, the message is what matters. */
const CAUSE: Limits = { message: 1_000, stack: 2_000, data: 1_000 };
const NAME_LIMIT = 128;
const FIELD_LIMIT = 512;
const USER_MESSAGE_LIMIT = 500;

/** The wire form of whatever was thrown. Total: storing an error never throws, and never stores more than some 40 KB (S30). */
export function toWireError(thrown: unknown, fallback: ErrorCode = 'internal', depth = 4): WireError {
  return total(thrown, fallback, depth, OUTER);
}

function total(thrown: unknown, fallback: ErrorCode, depth: number, limits: Limits): WireError {
  try {
    return convert(thrown, fallback, depth, limits);
  } catch {
    return { code: fallback, message: 'an error that cannot be read' };
  }
}

function convert(thrown: unknown, fallback: ErrorCode, depth: number, limits: Limits): WireError {
  if ((typeof thrown !== 'object' && typeof thrown !== 'function') || thrown === null) {
    return { code: fallback, message: clip(String(thrown), limits.message) };
  }
  const code = read(thrown, 'code');
  const retryable = read(thrown, 'retryable');
  const field = read(thrown, 'field');
  const data = read(thrown, 'data');
  const stack = read(thrown, 'stack');
  const userMessage = read(thrown, 'userMessage');
  const cause = read(thrown, 'cause');
  return {
    code: typeof code === 'string' && code !== '' ? clip(code, NAME_LIMIT) : fallback,
    message: clip(textOf(read(thrown, 'message')) ?? encodeJson(toJson(thrown)), limits.message),
    ...(typeof retryable === 'boolean' ? { retryable } : {}),
    ...(typeof field === 'string' ? { field: clip(field, FIELD_LIMIT) } : {}),
    ...(data === undefined ? {} : { data: within(toJson(data), limits.data) }),
    ...(typeof stack === 'string' ? { stack: clip(stack, limits.stack) } : {}),
    ...(typeof userMessage === 'string' && userMessage !== '' ? { userMessage: clip(userMessage, USER_MESSAGE_LIMIT) } : {}),
    ...(cause === undefined || cause === null || depth === 0 ? {} : { cause: total(cause, fallback, depth - 1, CAUSE) }),
  };
}

/** One getter that throws must not cost the rest of the error. */
function read(thrown: object, name: string): unknown {
  try {
    return (thrown as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function clip(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`;
}

/** Data is for machines: half of it would mislead, so what is too large is left out and says so. */
function within(data: Json, limit: number): Json {
  const size = encodeJson(data).length;
  return size <= limit ? data : `[too large: ${size} characters]`;
}

/** Rebuilds an error from the wire by its code; a code that this version does not know becomes `handler_error`. */
export function fromWireError(error: WireError): TroupeError {
  const code = Object.hasOwn(errorCodes, error.code) ? (error.code as ErrorCode) : 'handler_error';
  return new TroupeError(code, error.message, {
    ...(error.retryable === undefined ? {} : { retryable: error.retryable }),
    ...(error.field === undefined ? {} : { field: error.field }),
    ...(error.data === undefined ? {} : { data: error.data }),
    ...(error.cause === undefined ? {} : { cause: fromWireError(error.cause) }),
  });
}
