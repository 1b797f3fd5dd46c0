/** What a handler throws to say more than "it failed". Recognised by brand, so that two copies of the package agree. */
import { type Duration, durationMs } from '@troupe/protocol';

const RETRY = Symbol.for('troupe.task.retry');
const FATAL = Symbol.for('troupe.task.fatal');

/** Try again, after so long if given: the backend said when. Counts as an attempt. */
export class Retry extends Error {
  readonly code = 'retry';
  readonly retryable = true;
  readonly afterMs: number | undefined;

  constructor(message: string, options: { readonly after?: Duration; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Retry';
    this.afterMs = options.after === undefined ? undefined : durationMs(options.after, 'after');
    Object.defineProperty(this, RETRY, { value: true });
  }
}

/** Trying again is of no use. */
export class Fatal extends Error {
  readonly code: string;
  readonly retryable = false;
  readonly data: unknown;

  constructor(message: string, options: { readonly code?: string; readonly data?: unknown; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Fatal';
    this.code = options.code ?? 'fatal';
    this.data = options.data;
    Object.defineProperty(this, FATAL, { value: true });
  }
}

export function isRetry(value: unknown): value is Retry {
  return hasBrand(value, RETRY);
}

export function isFatal(value: unknown): value is Fatal {
  return hasBrand(value, FATAL);
}

function hasBrand(value: unknown, brand: symbol): boolean {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === true;
}
