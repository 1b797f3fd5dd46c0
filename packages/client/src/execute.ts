/** Asks for operations, and follows them. */
import { type Answer, isTroupeError, parseAnswer } from '@troupe/protocol';
import { encodeCommand, type ExecuteRequest, type ExecutorContract } from './command.ts';
import { lookUp, type OperationEnd } from './ends.ts';
import { unanswered } from './errors.ts';
import { Follower, type Source } from './follower.ts';
import type { Listener } from './inbox.ts';
import type { Reader } from './reader.ts';
import type { Session } from './session.ts';
import { orAborted } from './waiting.ts';

export interface CallOptions {
  /** Ends the waiting, not the operation. */
  readonly signal?: AbortSignal;
}

export interface OperationHandle {
  readonly id: string;
  /**
   * The end, whenever it comes: across reconnects, and at once if it has come already. May be called any number of times.
   * Throws `unknown_operation`, `not_permitted`, `unavailable` (the client was stopped), or the reason of the signal.
   */
  ended(options?: CallOptions): Promise<OperationEnd>;
}

export interface AnsweredOperation extends OperationHandle {
  /** `accepted`; `queued` behind another operation, where the command asks for that; `duplicate` with the status, when the id was asked for before; `rejected` with the error. */
  readonly answer: Exclude<Answer, { answer: 'ended' }>;
}

export async function execute<E extends string | ExecutorContract>(
  session: Session,
  reader: Reader,
  request: ExecuteRequest<E>,
  { signal }: CallOptions = {},
): Promise<AnsweredOperation> {
  signal?.throwIfAborted();
  const { inbox } = await orAborted(session.ready(), signal);
  const { random, clock } = session.settings;
  const token = random.token();
  const defaults = { id: random.token(), createdAt: new Date(clock.now()).toISOString(), replyTo: inbox.subject(token) };
  const { command, body, headers } = encodeCommand(request as ExecuteRequest, defaults);
  let sends = 0;
  const send = async (): Promise<void> => {
    // an id per sending: the publisher's repetitions fall together, a command sent again arrives and is answered
    await session.publish(session.subjects.command(command.executor), body, { id: `${token}.${sends++}`, headers });
  };
  const follower = new Follower(session, command.id, {
    listen: (listener) => inbox.listen(token, listener),
    rest: () => inbox.rest(token),
    lookUp: () => lookUp(reader, command.id),
    askAgain: send,
  });
  follower.listen();
  try {
    await orAborted(send(), signal);
    follower.sent();
    const answer = await follower.answered(signal);
    return { id: command.id, answer: answer as AnsweredOperation['answer'], ended: (options) => follower.ended(options?.signal) };
  } catch (error) {
    inbox.forget(token);
    const isLost = isTroupeError(error) && error.code === 'unavailable' && !session.isStopped;
    throw isLost ? unanswered('the command', command.id, error) : error;
  }
}

/** A handle for an operation that somebody asked for. Needs the right to read STATE. */
export function follow(session: Session, reader: Reader, id: string): OperationHandle {
  const source: Source = { ...listenTo(session, id), lookUp: () => lookUp(reader, id) };
  const follower = new Follower(session, id, source);
  return { id, ended: (options) => follower.ended(options?.signal) };
}

/** On the subject where every answer of the operation is told, while somebody waits. */
function listenTo(session: Session, id: string): Pick<Source, 'listen' | 'rest'> {
  let unsubscribe: (() => void) | undefined;
  return {
    listen(listener: Listener) {
      if (unsubscribe !== undefined) return;
      const nc = session.connection;
      const subscription = nc.subscribe(session.subjects.answer(id), {
        callback(error, message) {
          // without the right to listen the looks must do
          if (error === null || error === undefined) deliver(listener, message.data);
        },
      });
      unsubscribe = () => {
        if (!nc.isClosed()) subscription.unsubscribe();
        listener.dropped();
      };
    },
    rest() {
      unsubscribe?.();
      unsubscribe = undefined;
    },
  };
}

function deliver(listener: Listener, data: Uint8Array): void {
  try {
    listener.receive(parseAnswer(data));
  } catch {
    // whoever may publish there may publish anything
  }
}
