/** The other side of `isolated.ts`: runs one attempt of one handler, tells how it ended, and is terminated then. */
import { parentPort, workerData } from 'node:worker_threads';
import { toJson, toWireError } from '@troupe/protocol';
import { Fatal, askedPauseMs, isFatal, isRetry } from './errors.ts';
import { type HandlerObject, handlerObject, splitPatch } from './handler.ts';
import { runHooks } from './hooks.ts';
import type { ThreadAbort, ThreadReport, ThreadStart } from './isolated.ts';
import { throughJson } from './outcome.ts';

const port = parentPort!;
const start = workerData as ThreadStart;
const controller = new AbortController();

function tell(report: ThreadReport): void {
  port.postMessage(report);
}

port.on('message', ({ abort }: ThreadAbort) => controller.abort(abort));

async function loaded(): Promise<HandlerObject<unknown, unknown, unknown>> {
  const module = (await import(start.module)) as Readonly<Record<string, unknown>>;
  const exported = module[start.export];
  if (exported === undefined) throw new Fatal(`${start.module} exports no ${start.export}`, { code: 'invalid_options' });
  return handlerObject(start.context.task, exported as never);
}

try {
  const end = await runHooks({
    object: await loaded(),
    reconcile: start.reconcile,
    input: start.input,
    signal: () => controller.signal,
    context: {
      ...start.context,
      log: (message, fields = {}) => tell({ type: 'log', message: String(message), fields: toJson(fields) }),
      progress: (value) => tell({ type: 'progress', value: toJson(value) }),
    },
    enter: (phase, mayHaveHappened) => tell({ type: 'phase', phase, mayHaveHappened }),
  });
  if (end.type === 'unknown') {
    tell(end);
  } else {
    tell({ type: 'phase', phase: 'encode', mayHaveHappened: undefined });
    const { output, patch } = splitPatch(end.value);
    const change = patch === undefined ? undefined : throughJson(patch);
    try {
      tell({ type: 'value', output, patch: change });
    } catch {
      // it cannot be copied: functions, for one
      tell({ type: 'value', output: throughJson(output), patch: change });
    }
  }
} catch (thrown) {
  const said = isFatal(thrown) ? 'fatal' : isRetry(thrown) ? 'retry' : undefined;
  tell({ type: 'thrown', error: toWireError(thrown, 'handler_error'), said, afterMs: isRetry(thrown) ? askedPauseMs(thrown) : undefined });
}
