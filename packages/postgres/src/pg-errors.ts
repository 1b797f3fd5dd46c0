/** What the five characters of an SQLSTATE mean for whoever waits for an answer. */
import { isTroupeError, TroupeError } from '@troupe/protocol';

/** Try again: connection (08), resources (53), locks and limits of time (55P03, 57014), shutdown (57P), serialization and deadlock (40). */
const PASSING = /^(?:08|53|57P|40|55P03|57014|25P03)/;
/** A table, column, function or schema is not there, or may not be used: the migration is missing. */
const SCHEMA = /^(?:42P01|42703|42883|3F000)/;
/** A constraint of the table, or text too long for its column. */
const CONSTRAINT = /^(?:23|22001)/;
/** Text that is no value of the column's type. */
const NO_VALUE = /^(?:22P02|22003|22007|22008)/;

function stateOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** Whether it is the driver that failed, and not the server that refused or our own code that threw. */
export function isLost(error: unknown): boolean {
  return !isTroupeError(error) && stateOf(error) === undefined && !isDefect(error);
}

/** A defect of ours is no outage. */
function isDefect(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError;
}

/**
 * The error of a failed transaction as one of ours: `unavailable` when asking again may help, also for whatever the driver
 * threw without an SQLSTATE, which is the network; `topology_mismatch` where the migration is missing; `not_permitted`.
 */
export function unavailableOr(error: unknown): unknown {
  if (isTroupeError(error)) return error;
  const state = stateOf(error);
  const text = error instanceof Error ? error.message : String(error);
  if (state === undefined) {
    if (isDefect(error)) return error;
    return new TroupeError('unavailable', `no answer from PostgreSQL: ${text}`, { retryable: true, cause: error });
  }
  const data = { sqlState: state };
  if (PASSING.test(state)) return new TroupeError('unavailable', `PostgreSQL: ${text}`, { retryable: true, data, cause: error });
  if (SCHEMA.test(state)) {
    return new TroupeError('topology_mismatch', `PostgreSQL: ${text}; was the schema migrated?`, { data, cause: error });
  }
  if (state === '42501' || state.startsWith('28')) return new TroupeError('not_permitted', `PostgreSQL: ${text}`, { data, cause: error });
  return error;
}

export function isConstraint(error: unknown): boolean {
  return CONSTRAINT.test(stateOf(error) ?? '');
}

export function isNoValue(error: unknown): boolean {
  return NO_VALUE.test(stateOf(error) ?? '');
}
