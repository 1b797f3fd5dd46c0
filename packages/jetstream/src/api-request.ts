/**
 * Requests to the API of JetStream from any account.
 *
 * A user in an account without streams of its own (see `rights-config.ts`) is answered twice: by the JetStream of its own
 * account, which is not there and says so at once, and by that of the account from which the request is imported.
 */
import type { Msg, NatsConnection } from '@nats-io/nats-core';

const NOT_ENABLED = 10_039;

/** Connections that were answered so once: they need not ask the short way again. */
const guests = new WeakSet<NatsConnection>();

/** The answer, which may be an error of the API. Rejects as `request` does: refused at once, or not answered in time. */
export async function askApi(nc: NatsConnection, subject: string, body: string, timeoutMs: number): Promise<Msg> {
  if (!guests.has(nc)) {
    const only = await nc.request(subject, body, { timeout: timeoutMs });
    if (!isNotEnabled(only)) return only;
    guests.add(nc);
  }
  let last: Msg | undefined;
  for await (const answer of await nc.requestMany(subject, body, { strategy: 'count', maxMessages: 2, maxWait: timeoutMs })) {
    last = answer;
    if (!isNotEnabled(answer)) break;
  }
  // as a guest without that import, or without any JetStream
  return last ?? nc.request(subject, body, { timeout: timeoutMs });
}

function isNotEnabled(answer: Msg): boolean {
  if (answer.data.length === 0) return false;
  const { error } = answer.json<{ error?: { err_code?: number } }>();
  return error?.err_code === NOT_ENABLED;
}

/** The server has refused the request, rather than not answered it. */
export function isRefusal(error: unknown): boolean {
  for (let e = error; typeof e === 'object' && e !== null; e = (e as { cause?: unknown }).cause) {
    if ((e as { name?: unknown }).name === 'PermissionViolationError') return true;
  }
  return false;
}
