/**
 * The log of errors: every failed attempt leaves an entry until there are too many, then the first and the last ones
 * are kept. Each entry is an item of its own, so that an attempt costs its entry and not the log.
 */
import type { WireError } from '@troupe/protocol';
import { boundError } from './bound.ts';
import { logItem } from './items.ts';
import type { Run } from './run.ts';

export interface LogEntry {
  /** Counts all errors of the operation. */
  readonly n: number;
  readonly at: number;
  readonly step?: string;
  readonly attempt?: number;
  readonly error: WireError;
}

export const LOG_FIRST = 8;
export const LOG_LAST = 8;

export function logError(run: Run, entry: Omit<LogEntry, 'n' | 'at' | 'error'> & { readonly error: WireError }): void {
  const { op, context } = run;
  const n = op.progress.logged++;
  const slot = slotOf(n);
  const stored: LogEntry = { ...entry, n, at: context.now, error: boundError(entry.error, 400) };
  op.log.set(slot, stored);
  // of an ended operation they lie in the root
  if (op.phase !== 'ended') run.effects.push({ type: 'putItem', item: logItem(slot), body: stored as never });
}

/** Puts the entries of an ended operation where those of a running one lie. */
export function restoreLog(run: Run): void {
  for (const [slot, entry] of run.op.log) run.effects.push({ type: 'putItem', item: logItem(slot), body: entry as never });
}

/** Where the n-th error lies. */
export function slotOf(n: number): number {
  return n < LOG_FIRST ? n : LOG_FIRST + ((n - LOG_FIRST) % LOG_LAST);
}
