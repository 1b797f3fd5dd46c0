import { isBackendError } from './errors.ts';

/** `requested`: the cloud has begun. `underWay`: it had begun before. `gone`: there is nothing left to remove. */
export type Removal = 'requested' | 'underWay' | 'gone';

/** Resolves to undefined where the cloud says that there is no such object. */
export async function unlessMissing<T>(pending: Promise<T>): Promise<T | undefined> {
  try {
    return await pending;
  } catch (error) {
    if (isBackendError(error, 'not_found')) return undefined;
    throw error;
  }
}

/**
 * Removes something. A second removal is a success: of an object that is gone, and of one that the cloud refuses to remove because it is
 * removing it already, which only `isUnderWay` can tell.
 */
export async function remove(request: () => Promise<void>, isUnderWay: () => Promise<Removal | undefined>): Promise<Removal> {
  try {
    await request();
    return 'requested';
  } catch (error) {
    if (isBackendError(error, 'not_found')) return 'gone';
    if (!isBackendError(error, 'bad_request', 'conflict')) throw error;
    const state = await isUnderWay();
    if (state !== undefined) return state;
    throw error;
  }
}
