/**
 * Tasks sent alone, without an executor. That needs a right of its own (to publish on TASKS), for whoever has it can run
 * any task of the pool with any input; and nobody supervises it: regular tasks are combined by executors.
 */
import { readLast } from '@troupe/jetstream/internal';
import {
  cleanContext,
  contextToHeaders,
  type Duration,
  durationMs,
  encodeJson,
  isTroupeError,
  parseTaskResult,
  type TaskResult,
} from '@troupe/protocol';
import { type SentInputOf, type TaskContract, taskMessage } from '@troupe/task';
import { plain } from './command.ts';
import { readError, stopped, unanswered } from './errors.ts';
import type { CallOptions } from './execute.ts';
import type { Session } from './session.ts';
import { Change, orAborted } from './waiting.ts';

export interface SendTaskOptions extends CallOptions {
  /** Names the task and its result. The same id within the server's window is one task. Default: a random one. */
  readonly id?: string;
  /** How long the result is kept. Default: what the worker says. */
  readonly keepResult?: Duration;
  /** User, tenant, correlation, traceparent …: passed on. */
  readonly context?: Readonly<Record<string, string>>;
}

export interface TaskHandle {
  readonly id: string;
  /** The result, whenever it comes. Throws `not_permitted`, `unavailable` (the client was stopped), the reason of the signal. */
  ended(options?: CallOptions): Promise<TaskResult>;
}

const FIRST_PAUSE_MS = 20;

/** Resolves when the task is stored. Throws `invalid_input` (names the field), `unanswered`, `not_permitted`, `too_large`. */
export async function sendTask<C extends TaskContract>(
  session: Session,
  contract: C,
  input: SentInputOf<C>,
  options: SendTaskOptions = {},
): Promise<TaskHandle> {
  const { signal, context, keepResult } = options;
  const { random } = session.settings;
  const id = options.id ?? random.token();
  const task = await taskMessage(contract, plain(input, 'task') as SentInputOf<C>, {
    id,
    token: random.token(),
    now: await orAborted(session.now(), signal),
    ...(keepResult === undefined ? {} : { resultTtlMs: durationMs(keepResult, 'keepResult') }),
  });
  const subject = session.subjects.task(task.class, task.pool, contract.name);
  const headers = contextToHeaders(cleanContext(context));
  try {
    await orAborted(session.publish(subject, encodeJson(task.message), { id: `task.${id}`, headers }), signal);
  } catch (error) {
    if (isTroupeError(error) && error.code === 'unavailable' && !session.isStopped) throw unanswered('the task', id, error);
    throw error;
  }
  return followTask(session, id);
}

export function followTask(session: Session, id: string): TaskHandle {
  return { id, ended: (options) => resultWhenItComes(session, id, options?.signal) };
}

/** The result of a task, if there is one (still). */
export async function readResult(session: Session, id: string): Promise<TaskResult | undefined> {
  const { nc } = await session.ready();
  const { streams, result } = session.subjects;
  try {
    const message = await readLast(nc, streams.results, result(id));
    return message === undefined || message.data.length === 0 ? undefined : parseTaskResult(message.data);
  } catch (error) {
    throw readError(error, streams.results);
  }
}

/** Listens where the result is published, and looks besides: at the start, after a reconnect, and now and then. */
async function resultWhenItComes(session: Session, id: string, signal: AbortSignal | undefined): Promise<TaskResult> {
  const { clock, checkEveryMs } = session.settings;
  const { nc } = await session.ready();
  const change = new Change();
  let found: TaskResult | undefined;
  let look = true;
  // the server passes a message on before it has stored it: what was published just before we listened may be in neither
  let pauseMs = FIRST_PAUSE_MS;
  const subscription = nc.subscribe(session.subjects.result(id), {
    callback(error, message) {
      if (error !== null && error !== undefined) return;
      try {
        found = parseTaskResult(message.data);
        change.tell();
      } catch {
        // what can be read is in the stream
      }
    },
  });
  const unhook = session.onWake(() => {
    look = true;
    change.tell();
  });
  try {
    for (;;) {
      if (found !== undefined) return found;
      signal?.throwIfAborted();
      if (session.isStopped) throw stopped();
      if (look) {
        look = false;
        found ??= await readResult(session, id).catch(passing);
        continue;
      }
      await change.wait(clock, Math.min(pauseMs, checkEveryMs), signal);
      pauseMs *= 5;
      look = true;
    }
  } finally {
    unhook();
    if (!nc.isClosed()) subscription.unsubscribe();
  }
}

/** An outage passes; the next look comes by itself. */
function passing(error: unknown): undefined {
  if (isTroupeError(error) && error.code === 'unavailable') return undefined;
  throw error;
}
