/** Requests to the JetStream API by hand: one right each, and errors by code. */
import type { Msg, NatsConnection } from '@nats-io/nats-core';
import { type JsonObject, TroupeError } from '@troupe/protocol';
import { unavailable } from './publish-errors.ts';

const TIMEOUT_MS = 5_000;

/** The error of the API, with the server's own code: `10059` no such stream, `10014` no such consumer … */
export class JetStreamApiError extends TroupeError {
  readonly errCode: number;

  constructor(api: string, errCode: number, text: string, isTransient: boolean) {
    super(isTransient ? 'unavailable' : 'internal', `${api}: ${text} (${errCode})`, { retryable: isTransient, data: { errCode } });
    this.name = 'JetStreamApiError';
    this.errCode = errCode;
  }
}

/** Throws `unavailable`, `not_permitted`, or a {@link JetStreamApiError}. */
export async function jsApi<T>(nc: NatsConnection, name: string, body: JsonObject | undefined): Promise<T> {
  const api = `$JS.API.${name}`;
  let message: Msg;
  try {
    message = await nc.request(api, body === undefined ? '' : JSON.stringify(body), { timeout: TIMEOUT_MS });
  } catch (cause) {
    if (isPermission(cause)) throw new TroupeError('not_permitted', `this user may not ask ${api}`, { cause });
    throw unavailable(`no answer to ${api}`, cause);
  }
  const answer = message.json<T & { error?: { code: number; err_code?: number; description?: string } }>();
  const { error } = answer;
  if (error !== undefined) throw new JetStreamApiError(api, error.err_code ?? 0, error.description ?? 'no description', error.code === 503);
  return answer;
}

function isPermission(error: unknown, depth = 3): boolean {
  if (!(error instanceof Error) || depth === 0) return false;
  return error.name === 'PermissionViolationError' || isPermission(error.cause, depth - 1);
}
