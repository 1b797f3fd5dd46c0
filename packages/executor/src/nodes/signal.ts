/**
 * A wait for a signal: a word from outside with data, such as an approval. One that comes before anybody waits for it is
 * kept, the last of each name.
 */
import { encodeJson, formatMs, type Json } from '@troupe/protocol';
import { signalItem } from '../operation/items.ts';
import { logError } from '../operation/log.ts';
import { endStep, nodeOf, OK, planOf, type Run, stateOf } from '../operation/run.ts';
import type { NodeStateOf } from '../operation/state.ts';
import { watchFor } from '../operation/watchdog.ts';
import { SIGNAL_LIMIT_CHARS } from '../plan/compile-nodes.ts';
import { deadlineOf } from './deadlines.ts';
import { keepOutput } from './task-message.ts';

/** Encoded size of the data of one signal at the most. */
export const SIGNAL_LIMIT_BYTES = 16_384;
const SIGNALS_KEPT = 32;

export function startSignal(run: Run, path: string): void {
  const { op, context } = run;
  const node = nodeOf(run, path, 'signal');
  const state: NodeStateOf<'signal'> = { k: 'signal', s: context.now };
  op.active.set(path, state);
  const kept = op.signals.get(node.signal);
  if (kept !== undefined) {
    op.signals.delete(node.signal);
    run.effects.push({ type: 'removeItem', item: signalItem(node.signal) });
    return heard(run, path, kept);
  }
  watchFor(run, deadlineOf(planOf(run), node, state)!);
}

/** Ends all waits for it; if there are none it is kept. What is too large or too much is refused, and the log says so. */
export function signalled(run: Run, name: string, data: Json): void {
  const { op } = run;
  const bytes = encodeJson(data).length;
  if (name === '' || name.length > SIGNAL_LIMIT_CHARS || bytes > SIGNAL_LIMIT_BYTES) {
    const message = `a signal has a name of 1 to ${SIGNAL_LIMIT_CHARS} characters and at most ${SIGNAL_LIMIT_BYTES} bytes; this one has ${bytes}`;
    return logError(run, { error: { code: 'invalid_input', message, field: bytes > SIGNAL_LIMIT_BYTES ? 'data' : 'name' } });
  }
  const waiting = [...op.active].filter(([path, state]) => state.k === 'signal' && nodeOf(run, path, 'signal').signal === name);
  for (const [path] of waiting) heard(run, path, data);
  if (waiting.length > 0) return;
  if (op.signals.size >= SIGNALS_KEPT && !op.signals.has(name)) {
    return logError(run, { error: { code: 'overloaded', message: `${SIGNALS_KEPT} signals wait already: ${name} was not kept` } });
  }
  op.signals.set(name, data);
  run.effects.push({ type: 'putItem', item: signalItem(name), body: data });
}

export function signalOverdue(run: Run, path: string): void {
  const state = stateOf(run, path, 'signal');
  if (state === undefined) return;
  const node = nodeOf(run, path, 'signal');
  const waited = run.context.now - state.s;
  run.op.progress.failedStep ??= node.id;
  const message = `${node.id} waited ${formatMs(waited)} for the signal ${node.signal}`;
  endStep(run, path, { ok: false, error: { code: 'deadline_exceeded', message, data: { step: node.id, signal: node.signal, waited } } });
}

function heard(run: Run, path: string, data: Json): void {
  const node = nodeOf(run, path, 'signal');
  keepOutput(run, node.output ?? node.id, data, encodeJson(data).length);
  endStep(run, path, OK);
}
