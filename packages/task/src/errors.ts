/** What a handler throws to say more than "it failed". Recognised by brand, so that two copies of the package agree. */
import { type Duration, durationMs } from '@troupe/protocol';

const RETRY = Symbol.for('troupe.task.retry');
const FATAL = Symbol.for('troupe.task.fatal');

/** What both may say besides their text. */
export interface SaidOptions {
  /** Default `handler_error`, of a {@link Fatal} `fatal`. */
  readonly code?: string;
  /** For whoever ordered the operation, at most 500 characters: shown with it and on the resource. The message is for operators. */
  readonly userMessage?: string;
  readonly data?: unknown;
  readonly cause?: unknown;
}

export interface RetryErrorOptions extends SaidOptions {
  /** What the backend said; counts instead of the pause of the policy. */
  readonly after?: Duration;
}

/**
 * Try again, after so long if given. Counts as an attempt. With `idempotent: 'no'` it also says that nothing has happened,
 * so that the step need not be reconciled.
 */
export class Retry extends Error {
  readonly code: string;
  readonly retryable = true;
  readonly afterMs: number | undefined;
  readonly userMessage: string | undefined;
  readonly data: unknown;

  constructor(message: string, options: RetryErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Retry';
    this.code = options.code ?? 'handler_error';
    this.afterMs = options.after === undefined ? undefined : durationMs(options.after, 'after');
    this.userMessage = options.userMessage;
    this.data = options.data;
    brandRetry(this);
  }
}

/** Trying again is of no use. With `idempotent: 'no'` it also says that nothing has happened. */
export class Fatal extends Error {
  readonly code: string;
  readonly retryable = false;
  readonly userMessage: string | undefined;
  readonly data: unknown;

  constructor(message: string, options: SaidOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Fatal';
    this.code = options.code ?? 'fatal';
    this.userMessage = options.userMessage;
    this.data = options.data;
    brandFatal(this);
  }
}

/**
 * The step is not for this resource: it is passed over (event `skipped`, reason `declined`), its output is null, and the plan goes on.
 * Says that nothing has happened.
 */
export class Declined extends Fatal {
  constructor(message: string, options: Omit<SaidOptions, 'code' | 'userMessage'> = {}) {
    super(message, { ...options, code: 'declined' });
    this.name = 'Declined';
  }
}

export function isRetry(value: unknown): value is Retry {
  return hasBrand(value, RETRY);
}

export function isFatal(value: unknown): value is Fatal {
  return hasBrand(value, FATAL);
}

export function brandRetry<E extends Error>(error: E): E {
  return Object.defineProperty(error, RETRY, { value: true });
}

export function brandFatal<E extends Error>(error: E): E {
  return Object.defineProperty(error, FATAL, { value: true });
}

/** The pause that a `Retry` asks for; anything else than a number, as an object that only looks like one may have, is none. */
export function askedPauseMs(thrown: Retry): number | undefined {
  try {
    const { afterMs } = thrown;
    return typeof afterMs === 'number' && afterMs >= 0 ? afterMs : undefined;
  } catch {
    return undefined;
  }
}

/** Total: what is thrown may refuse to be looked at. */
function hasBrand(value: unknown, brand: symbol): boolean {
  try {
    return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[brand] === true;
  } catch {
    return false;
  }
}
