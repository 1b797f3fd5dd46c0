import { expect } from 'chai';
import { BackendError, isBackendError } from '@troupe/openstack';
import type { BackendErrorCode } from '@troupe/openstack';

/** Fails unless the call fails with a `BackendError` of this code; gives the error. */
export async function failureOf(pending: Promise<unknown>, code: BackendErrorCode): Promise<BackendError> {
  const outcome: unknown = await pending.then(
    (value) => ({ value }),
    (error: unknown) => error,
  );
  if (!isBackendError(outcome)) expect.fail(`expected a BackendError ${code}, got ${JSON.stringify(outcome)} ${String(outcome)}`);
  expect(outcome.code, outcome.message).to.equal(code);
  return outcome;
}
