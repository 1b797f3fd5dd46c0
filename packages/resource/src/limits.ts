/** Field limits of a resource record. What is over a limit is refused with the place, never cut: a cut value lies. */
import { type ErrorCode, isLonger, type ResourcePatch, TroupeError } from '@troupe/protocol';
import type { ResourceChange } from '@troupe/actor';

export const RUNTIME_STATE_LIMIT_CHARS = 150;
export const ACTION_LIMIT_CHARS = 50;
export const BACKEND_ID_LIMIT_CHARS = 255;

const TEXTS = { runtimeState: RUNTIME_STATE_LIMIT_CHARS, action: ACTION_LIMIT_CHARS, backendId: BACKEND_ID_LIMIT_CHARS } as const;

/**
 * Throws unless every text field is text within its limit. `code` says whose mistake it is: `invalid_options` of a
 * definition or `invalid_output` of a handler; `at` is where the fields stand, for the error's `field`.
 */
export function checkFields(fields: ResourceChange | ResourcePatch, at: string, code: ErrorCode = 'invalid_options'): void {
  for (const [name, limit] of Object.entries(TEXTS)) {
    const value = (fields as Readonly<Record<string, unknown>>)[name];
    if (value === undefined) continue;
    const field = `${at}.${name}`;
    if (typeof value !== 'string') throw new TroupeError(code, `${field} must be text`, { field });
    if (isLonger(value, limit)) throw new TroupeError(code, `${field} has more than the ${limit} characters that are kept`, { field });
  }
}
