/**
 * A handler in a thread of its own, one for each attempt: it may block its event loop, use up its memory or end its process,
 * and takes nobody with it. Only data passes between the two.
 *
 *     worker ──start, abort──▶ thread ──phase, log, progress, ended──▶ worker
 *
 * A thread that ends without saying how is a crash, as if its worker had died. One that ignores its signal is terminated.
 */
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { type Json, TroupeError, type WireError } from '@troupe/protocol';
import { brandFatal, brandRetry } from './errors.ts';
import { type TaskContext, withPatch } from './handler.ts';
import type { HookEnd, HookRun } from './hooks.ts';
import type { Isolation } from './isolation.ts';
import type { Phase } from './outcome.ts';

/** What the thread is told of its attempt: all of {@link TaskContext} that is data. */
export type ContextData = Omit<TaskContext, 'signal' | 'loaded' | 'log' | 'progress'>;

export interface ThreadStart {
  readonly module: string;
  readonly export: string;
  readonly input: unknown;
  readonly reconcile: boolean;
  readonly context: ContextData;
}

/** To the thread. */
export interface ThreadAbort {
  readonly abort: string;
}

/** From the thread. */
export type ThreadReport =
  | { readonly type: 'phase'; readonly phase: Phase; readonly mayHaveHappened: boolean | undefined }
  | { readonly type: 'log'; readonly message: string; readonly fields: Json }
  | { readonly type: 'progress'; readonly value: Json }
  | { readonly type: 'value'; readonly output: unknown; readonly patch: Json | undefined }
  | Extract<HookEnd, { type: 'unknown' }>
  | {
      readonly type: 'thrown';
      readonly error: WireError;
      readonly said: 'retry' | 'fatal' | undefined;
      readonly afterMs: number | undefined;
    };

const ENTRY = new URL(import.meta.url.endsWith('.ts') ? './isolated-thread.ts' : './isolated-thread.js', import.meta.url);

/** The thread has ended without an outcome: it is not known how far it came. */
export class ThreadCrashed extends Error {}

export type ThreadRun = Omit<HookRun, 'object'> & { readonly isolation: Isolation };

export interface Thread {
  /** Settles when the thread is gone. Rejects with what the handler threw, or with {@link ThreadCrashed}. */
  readonly end: Promise<HookEnd>;
  /** Ends it in the middle of whatever it does; `end` rejects. */
  terminate(): void;
}

/** Starts it. Throws `invalid_input` for an input that is no data. */
export function startThread({
  isolation: { module, export: name, memoryMb },
  reconcile,
  input,
  context,
  enter,
  signal: makeSignal,
}: ThreadRun): Thread {
  const { log, progress, ...data } = context;
  const signal = makeSignal();
  const workerData: ThreadStart = {
    module: module.href,
    export: name,
    input,
    reconcile,
    context: { ...data, headers: { ...data.headers } },
  };
  const thread = newWorker(context.task, { workerData, resourceLimits: { maxOldGenerationSizeMb: memoryMb } });
  const abort = (): void => thread.postMessage({ abort: String(signal.reason) } satisfies ThreadAbort);
  const end = new Promise<HookEnd>((resolve, reject) => {
    let last: Extract<ThreadReport, { type: 'value' | 'unknown' | 'thrown' }> | undefined;
    let fault: unknown;
    thread.on('message', (report: ThreadReport) => {
      switch (report.type) {
        case 'phase':
          return enter(report.phase, report.mayHaveHappened);
        case 'log':
          return log(report.message, report.fields as Readonly<Record<string, unknown>>);
        case 'progress':
          return progress(report.value);
        default:
          last = report;
          // whatever the handler left running ends with it
          void thread.terminate();
      }
    });
    thread.on('error', (error) => (fault = error));
    thread.on('exit', (code) => {
      signal.removeEventListener('abort', abort);
      if (last === undefined) reject(new ThreadCrashed(`the thread of ${context.task} ended with code ${code}`, { cause: fault }));
      else if (last.type === 'thrown') reject(rebuilt(last));
      else if (last.type === 'unknown') resolve(last);
      else resolve({ type: 'value', value: last.patch === undefined ? last.output : withPatch(last.output, last.patch as never) });
    });
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort);
  });
  return { end, terminate: () => void thread.terminate() };
}

function newWorker(task: string, options: WorkerOptions): Worker {
  try {
    return new Worker(ENTRY, options);
  } catch (cause) {
    throw new TroupeError('invalid_input', `the input of ${task} cannot be copied to a thread`, { field: 'input', cause });
  }
}

/** As it was thrown, as far as the worker looks at it. */
function rebuilt({ error, said, afterMs }: Extract<ThreadReport, { type: 'thrown' }>): Error {
  const { message, ...rest } = error;
  const thrown = Object.assign(new Error(message), rest);
  if (said === 'fatal') return brandFatal(thrown);
  return said === 'retry' ? brandRetry(Object.assign(thrown, afterMs === undefined ? {} : { afterMs })) : thrown;
}
