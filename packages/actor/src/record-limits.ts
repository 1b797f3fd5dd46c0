/**
 * What a record may cost. The root is written with every turn, so a state that grows into it would make every turn dearer
 * until no server takes it any more; what grows belongs into items. A turn that would go over a limit is not committed:
 * its message fails, with a typed error, under the rules of supervision.
 */
import { type ErrorCode, isTroupeError, TroupeError } from '@troupe/protocol';
import type { Delivery } from './ports.ts';

export interface RecordLimits {
  /** State of a behaviour as it is encoded in the root. */
  readonly maxRootBytes: number;
  /** The root with the effects of its turn: what the server must take as one message. */
  readonly maxRecordBytes: number;
  readonly maxBatch: number;
  readonly maxBatchBytes: number;
}

export const recordLimits: RecordLimits = Object.freeze({
  maxRootBytes: 65_536,
  maxRecordBytes: 1_000_000,
  maxBatch: 512,
  maxBatchBytes: 1_048_576,
});

/** Takes the messages of the next turn from the queue: at least one, and no more than fit. */
export function takeBatch(queue: Delivery[], { maxBatch, maxBatchBytes }: RecordLimits): Delivery[] {
  let count = 0;
  let bytes = 0;
  for (const { sizeBytes } of queue) {
    bytes += sizeBytes;
    if (count === maxBatch || (count > 0 && bytes > maxBatchBytes)) break;
    count++;
  }
  return queue.splice(0, count);
}

/** Throws `state_too_large` with size and limit. */
export function checkSize(what: string, text: string | undefined, limitBytes: number): void {
  // three bytes per unit at most: most texts need not be measured
  if (text === undefined || text.length * 3 <= limitBytes) return;
  const sizeBytes = new TextEncoder().encode(text).length;
  if (sizeBytes <= limitBytes) return;
  throw new TroupeError('state_too_large', `${what} would have ${sizeBytes} bytes, at most ${limitBytes} are kept`, {
    data: { sizeBytes, limitBytes },
  });
}

const TOO_LARGE: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['state_too_large', 'too_large']);

/** Throws again what is anything else: an item that is too large will not be smaller when it is tried again, an outage ends. */
export function tooLargeOnly(error: unknown): unknown {
  if (isTooLarge(error)) return error;
  throw error;
}

/** Ours, or that of a server that took less than we thought. */
export function isTooLarge(error: unknown): boolean {
  return isTroupeError(error) && TOO_LARGE.has(error.code);
}
