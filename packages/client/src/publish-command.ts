/**
 * Sends a command over a connection that is there already, also one of the `nats` 2.x package: a service that has such a
 * connection need not open a second one.
 */
import { systemClock, systemRandom } from '@troupe/actor';
import { type ApiError, encodeHeaders, publishError } from '@troupe/jetstream/internal';
import { createSubjects, type Duration, durationMs, TroupeError } from '@troupe/protocol';
import { encodeCommand, type ExecuteRequest, type ExecutorContract } from './command.ts';
import { isDenied, notPermitted, unanswered } from './errors.ts';

/** What is needed of a connection; those of `nats` 2.x and of `@nats-io/transport-node` have it. */
export interface RequestConnection {
  request(subject: string, payload: Uint8Array, options: { timeout: number; headers?: never }): Promise<{ readonly data: Uint8Array }>;
}

export interface PublishCommandOptions {
  /** Default `troupe`. */
  readonly ns?: string;
  /** Below an inbox prefix: where the answer and the end are told, besides `ns.answer.<id>`. */
  readonly replyTo?: string;
  /** How long the server may take to store it. Default `5s`. */
  readonly timeout?: Duration;
}

export interface PublishedCommand {
  readonly id: string;
  /** Its place in COMMANDS. */
  readonly sequence: number;
}

/**
 * Resolves when the command is stored: from then on it will be answered, whatever dies. Throws `invalid_options` (names
 * the field), `too_large`, `overloaded`, `not_permitted`, `unavailable` (no such stream, not connected: it was not
 * stored), `unanswered` (nobody can tell: send it again under its id).
 */
export async function publishCommand<E extends string | ExecutorContract>(
  connection: RequestConnection,
  request: ExecuteRequest<E>,
  options: PublishCommandOptions = {},
): Promise<PublishedCommand> {
  const defaults = {
    id: systemRandom.token(),
    createdAt: new Date(systemClock.now()).toISOString(),
    ...(options.replyTo === undefined ? {} : { replyTo: options.replyTo }),
  };
  const { command, body, headers } = encodeCommand(request as ExecuteRequest, defaults);
  const subject = createSubjects(options.ns).command(command.executor);
  const timeout = durationMs(options.timeout ?? '5s', 'timeout');
  const payload = new TextEncoder().encode(body);
  const head = encodeHeaders({ headers });
  let answer: { stream?: string; seq?: number; error?: ApiError };
  try {
    // both clients only encode what they are given as headers
    const extra = head === undefined ? {} : { headers: { encode: () => head } as never };
    const message = await connection.request(subject, payload, { timeout, ...extra });
    answer = JSON.parse(new TextDecoder().decode(message.data)) as typeof answer;
  } catch (cause) {
    throw sendError(cause, subject, command.id, payload.length);
  }
  if (answer.error !== undefined) {
    throw (
      publishError(answer.error, subject, payload.length) ??
      unavailable(`${subject}: ${answer.error.description ?? 'the server is not ready'}`, answer.error)
    );
  }
  return { id: command.id, sequence: answer.seq ?? 0 };
}

function sendError(cause: unknown, subject: string, id: string, sizeBytes: number): TroupeError {
  if (isDenied(cause)) return notPermitted(`publish to ${subject}`, cause);
  const { name, code } = (typeof cause === 'object' && cause !== null ? cause : {}) as { name?: unknown; code?: unknown };
  // 2.x has codes, 3.x has names
  if (code === 'MAX_PAYLOAD_EXCEEDED' || (name === 'InvalidArgumentError' && sizeBytes > 1_000)) {
    return new TroupeError('too_large', `${subject}: ${sizeBytes} bytes are more than the server takes`, {
      data: { subject, sizeBytes },
      cause,
    });
  }
  if (code === '503' || isNoResponders(cause)) return unavailable(`no stream takes ${subject}`, cause);
  if (
    code === 'CONNECTION_CLOSED' ||
    code === 'CONNECTION_DRAINING' ||
    name === 'ClosedConnectionError' ||
    name === 'DrainingConnectionError'
  ) {
    return unavailable('the connection is closed', cause);
  }
  return unanswered('the command', id, cause);
}

function isNoResponders(error: unknown): boolean {
  const { name, cause } = (typeof error === 'object' && error !== null ? error : {}) as { name?: unknown; cause?: unknown };
  return (typeof name === 'string' && name.startsWith('NoResponders')) || (cause !== undefined && isNoResponders(cause));
}

function unavailable(message: string, cause: unknown): TroupeError {
  return new TroupeError('unavailable', message, { retryable: true, cause });
}
