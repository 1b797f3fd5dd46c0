/** Errors of the client. Codes are those of the protocol: docs/errors.md says what to do. */
import { isTroupeError, TroupeError } from '@troupe/protocol';

/** You see this when no answer came in time. The command or verb may have been taken; sent again under its id it is harmless. */
export function unanswered(what: string, id: string, cause?: unknown): TroupeError {
  return new TroupeError('unanswered', `${what} ${id} was not answered in time; whether it was taken is not known`, {
    retryable: true,
    data: { id },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** You see this when you ask for an operation that was never accepted, or that is forgotten by now. */
export function unknownOperation(id: string): TroupeError {
  return new TroupeError('unknown_operation', `no operation ${id} is known`, { field: 'id' });
}

export function notPermitted(what: string, cause: unknown): TroupeError {
  return new TroupeError('not_permitted', `this user may not ${what}`, { cause });
}

export function stopped(): TroupeError {
  return new TroupeError('unavailable', 'the client was stopped', { retryable: true });
}

/** Whether the server said that this user has no right; both NATS clients say it somewhere along the causes. */
export function isDenied(error: unknown): boolean {
  for (let e = error, depth = 0; typeof e === 'object' && e !== null && depth < 8; e = (e as { cause?: unknown }).cause, depth++) {
    if (isTroupeError(e) && e.code === 'not_permitted') return true;
    const { name, code } = e as { name?: unknown; code?: unknown };
    if (name === 'PermissionViolationError' || code === 'PERMISSIONS_VIOLATION') return true;
  }
  return false;
}

/** What a read that failed ends with: `not_permitted`, or `unavailable`, which may pass. */
export function readError(error: unknown, what: string): TroupeError {
  if (isDenied(error)) return notPermitted(`read ${what}`, error);
  if (isTroupeError(error)) return error;
  return new TroupeError('unavailable', `${what} cannot be read now`, { retryable: true, cause: error });
}
