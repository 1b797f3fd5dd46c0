/**
 * One verb to many operations, found by a filter: retry after an outage, cancel of a tenant's work. Sent at a rate, so that a
 * backend that has just come back is not run over; what runs then goes through its throttles as ever.
 */
import { sleep } from '@troupe/actor';
import { TroupeError } from '@troupe/protocol';
import { type OperationInfo, operationInfo } from './operation-info.ts';
import { matches, type OperationFilter } from './operations.ts';
import type { Reader } from './reader.ts';
import type { Session } from './session.ts';
import { orderVerb } from './verbs.ts';

export interface BulkOptions extends Omit<OperationFilter, 'limit'> {
  /** Count and send nothing. */
  readonly dryRun?: boolean;
  /** Verbs per second, 1 to 10,000. Default 50. */
  readonly perSecond?: number;
  /** At most so many. Default: all. */
  readonly limit?: number;
  readonly by?: string;
  /** Kept with every operation. */
  readonly reason?: string;
  /** Told after each verb. What it throws ends the run; what was sent stays sent. */
  readonly onProgress?: (progress: { readonly sent: number; readonly matched: number; readonly id: string }) => void;
}

export interface BulkResult {
  /** Operations that the filter and the verb fit. */
  readonly matched: number;
  readonly sent: number;
}

const RATE_LIMIT = 10_000;

/**
 * Retries what did not end well and can go on, or cancels what runs; parts of other operations are left to these. Stopped in
 * the middle it may simply be run again: what was retried does not match any more. Throws `invalid_options`, `not_permitted`.
 */
export async function orderBulk(session: Session, reader: Reader, verb: 'retry' | 'cancel', options: BulkOptions): Promise<BulkResult> {
  const { dryRun, perSecond = 50, limit, by, reason, onProgress, ...filter } = options;
  const { signal } = filter;
  if (!Number.isFinite(perSecond) || perSecond < 1 || perSecond > RATE_LIMIT)
    throw new TroupeError('invalid_options', `perSecond must be from 1 to ${RATE_LIMIT}`, { field: 'perSecond' });
  // ids first: while verbs are sent the records change, and a listing would meet them again
  const ids: string[] = [];
  for await (const stored of reader.roots('operation')) {
    signal?.throwIfAborted();
    const info = operationInfo(stored);
    if (info !== undefined && fits(verb, info) && matches(info, filter)) ids.push(info.id);
    if (limit !== undefined && ids.length >= limit) break;
  }
  const matched = ids.length;
  if (dryRun === true) return { matched, sent: 0 };
  const { clock } = session.settings;
  const start = clock.monotonic();
  let sent = 0;
  for (const id of ids) {
    const due = start + (sent * 1_000) / perSecond - clock.monotonic();
    if (due > 0) await sleep(clock, due, signal);
    signal?.throwIfAborted();
    const why = { ...(by === undefined ? {} : { by }), ...(reason === undefined ? {} : { reason }) };
    await orderVerb(session, reader, id, verb, { ...why, ...(signal === undefined ? {} : { signal }) });
    sent++;
    onProgress?.({ sent, matched, id });
  }
  return { matched, sent };
}

function fits(verb: 'retry' | 'cancel', info: OperationInfo): boolean {
  if (info.parent !== undefined) return false;
  return verb === 'retry' ? info.isRetryable === true : info.status !== 'ended' && info.status !== 'cancelling';
}
