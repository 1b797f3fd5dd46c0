/** What the backend's errors mean for the supervisor: told by code, never by text. */
import { Fatal, Retry } from '@troupe/task';
import { isBackendError } from '../backend/index.ts';

export async function told<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    // given up by the worker, not refused by the cloud: the worker knows why
    if (!isBackendError(error) || error.code === 'aborted') throw error;
    if (!error.retryable) throw new Fatal(error.message, { code: error.code, data: error.data, cause: error });
    if (error.retryAfterMs !== undefined && error.retryAfterMs > 0) {
      throw new Retry(error.message, { after: `${error.retryAfterMs}ms`, code: error.code, cause: error });
    }
    throw error;
  }
}

export function missing(what: string, id: string): Fatal {
  return new Fatal(`${what} ${id} is not on the backend`, { code: 'missing_on_backend', data: { id } });
}
