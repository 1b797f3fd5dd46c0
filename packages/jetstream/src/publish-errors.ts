/** Why a publish was refused, as typed errors. */
import { TroupeError } from '@troupe/protocol';

const BRAND = Symbol.for('troupe.wrongSequence');

/**
 * You see this when a compare-and-set publish met another last sequence. It does not prove that somebody else wrote: the
 * server compares before it de-duplicates, so an own publish whose acknowledgement was lost ends here as well. Compare
 * what is stored with what you wrote.
 */
export class WrongSequence extends TroupeError {
  /** The last sequence of the subject that the server found. */
  readonly lastSequence: number;

  constructor(subject: string, lastSequence: number) {
    super('conflict', `${subject} was written since: its last sequence is ${lastSequence}`, { data: { lastSequence } });
    this.name = 'WrongSequence';
    this.lastSequence = lastSequence;
    Object.defineProperty(this, BRAND, { value: true });
  }
}

export function isWrongSequence(error: unknown): error is WrongSequence {
  return typeof error === 'object' && error !== null && (error as Record<symbol, unknown>)[BRAND] === true;
}

export interface ApiError {
  readonly code: number;
  readonly err_code?: number;
  readonly description?: string;
}

/** 10077: a bounded stream discards new; 10047, 10023, 10028, 10002: disk, memory or account are full. */
const OVERLOADED = new Set([10077, 10047, 10023, 10028, 10002]);
const TOO_LARGE = new Set([10054, 10097]);
/**
 * Not ready rather than refused: no leader (10008, 10009), switched off while the server starts or stops (10076, 10039),
 * too many at once (10167). 10164 and 10158: the same subject or id is just being written, which may be this very
 * message sent twice; asked again, the server knows.
 */
const NOT_READY = new Set([10008, 10009, 10076, 10039, 10167, 10164, 10158]);

/** The error a refused publish ends with, or undefined when it is to be sent again. */
export function publishError(error: ApiError, subject: string, sizeBytes: number): TroupeError | undefined {
  const code = error.err_code ?? 0;
  const text = error.description ?? 'no description';
  if (code === 10071) {
    const last = /(\d+)\s*$/.exec(text)?.[1];
    return last === undefined ? undefined : new WrongSequence(subject, Number(last));
  }
  const data = { errCode: code, subject };
  if (OVERLOADED.has(code)) return new TroupeError('overloaded', `${subject}: ${text}`, { retryable: true, data });
  if (TOO_LARGE.has(code)) return new TroupeError('too_large', `${subject}: ${text}`, { data: { ...data, sizeBytes } });
  if (NOT_READY.has(code) || error.code === 503) return undefined;
  return new TroupeError('internal', `${subject}: the server refused: ${text} (${code})`, { data });
}

export function tooLarge(subject: string, sizeBytes: number, limitBytes: number): TroupeError {
  return new TroupeError('too_large', `${subject}: ${sizeBytes} bytes, the server takes ${limitBytes}`, {
    data: { subject, sizeBytes, limitBytes },
  });
}

export function notPermitted(subject: string): TroupeError {
  return new TroupeError('not_permitted', `this user may not publish to ${subject}`, { data: { subject } });
}

export function unavailable(reason: string, cause?: unknown): TroupeError {
  return new TroupeError('unavailable', reason, { retryable: true, ...(cause === undefined ? {} : { cause }) });
}
