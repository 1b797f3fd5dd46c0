/**
 * Verbs: what people do to an operation. Each is a message, durable and audited; one that finds nothing to do changes
 * nothing. They answer nothing that the state could name, so the last ones are listed by id.
 */
import type { Incoming } from '@troupe/actor';
import type { Json, WireError } from '@troupe/protocol';
import { expandAgain } from '../nodes/expand.ts';
import { signalled } from '../nodes/signal.ts';
import { cancelAccepting } from './accept.ts';
import { stopAll } from './engine.ts';
import { kill } from './kill.ts';
import { logError } from './log.ts';
import { pause, resume } from './pause.ts';
import { publish, type Run } from './run.ts';
import { tellRefused } from './retaking.ts';
import { retry, tellStill } from './retry.ts';
import { skip } from './skip.ts';

const REMEMBERED = 64;
const ID_KEPT_CHARS = 40;
const AUDIT_KEPT = 16;
const TEXT_LIMIT_CHARS = 200;

interface VerbBody {
  readonly by?: unknown;
  readonly reason?: unknown;
  readonly compensate?: unknown;
  readonly name?: unknown;
  readonly data?: Json;
  readonly step?: unknown;
  readonly output?: Json;
}

export function verb(run: Run, message: Incoming): void {
  const { op } = run;
  const body = (message.body ?? {}) as VerbBody;
  if (message.type === 'verb.retry') return again(run, message, body);
  if (op.phase === 'ended' || op.phase === 'ending' || !isNew(run, message.id)) return;
  switch (message.type) {
    case 'verb.signal':
      return signalled(run, text(body.name) ?? '', body.data ?? null);
    case 'verb.cancel':
      return cancel(run, body);
    case 'verb.pause':
      note(run, 'pause', body);
      return pause(run, whyOf(body));
    case 'verb.resume':
      note(run, 'resume', body);
      for (const [path, state] of op.active) if (state.k === 'expand') expandAgain(run, path);
      return resume(run, whyOf(body));
    case 'verb.skip':
      return skipStep(run, body);
    case 'verb.kill':
      note(run, 'kill', body);
      if (op.phase === 'running') return kill(run, said('killed', body));
      return cancel(run, body);
    default:
  }
}

function cancel(run: Run, body: VerbBody): void {
  const { op } = run;
  const error = said('cancelled', body);
  note(run, 'cancel', body);
  if (op.phase === 'running') return stopAll(run, 'cancelled', error, body.compensate === false);
  op.progress.stop ??= { outcome: 'cancelled', error };
  cancelAccepting(run);
}

/** Ended otherwise than well: on from there. While it runs there is nothing to do. */
function again(run: Run, message: Incoming, body: VerbBody): void {
  const { op } = run;
  if (op.phase !== 'ended' || !isNew(run, message.id)) return;
  note(run, 'retry', body);
  const refused = retry(run, message);
  if (refused === undefined) {
    const step = text(body.step);
    const output = body.output ?? null;
    if (step !== undefined) op.progress.skips = [{ step, ...(output === null ? {} : { output }) }];
    return;
  }
  tellRefused(run, { code: 'conflict', message: `retry: ${refused}` });
  if (message.from?.kind === 'operation') tellStill(run);
}

function skipStep(run: Run, body: VerbBody): void {
  const step = text(body.step) ?? '';
  note(run, 'skip', body);
  const refused = run.op.phase === 'running' ? skip(run, step, body.output ?? null) : 'it has no plan yet';
  if (refused !== undefined) logError(run, { error: { code: 'invalid_input', message: `skip ${step}: ${refused}`, field: 'step' } });
}

/** Who did what, kept with the operation and told to whoever watches. */
function note(run: Run, what: string, body: VerbBody): void {
  const { op, context } = run;
  const step = text(body.step);
  const entry = { verb: what, at: context.now, ...whyOf(body), ...(step === undefined ? {} : { step }) };
  const audit = (op.progress.audit ??= []);
  audit.push(entry);
  if (audit.length > AUDIT_KEPT) audit.splice(0, audit.length - AUDIT_KEPT);
  publish(run, 'verb', entry);
}

/** Whether it has not been folded before; from now on it has. */
function isNew(run: Run, id: string): boolean {
  const { progress } = run.op;
  const kept = id.slice(-ID_KEPT_CHARS);
  const known = (progress.verbs ??= []);
  if (known.includes(kept)) return false;
  known.push(kept);
  if (known.length > REMEMBERED) known.splice(0, known.length - REMEMBERED);
  return true;
}

function said(code: 'cancelled' | 'killed', body: VerbBody): WireError {
  const { by, reason } = whyOf(body);
  return { code, message: `${code}${by === undefined ? '' : ` by ${by}`}${reason === undefined ? '' : `: ${reason}`}` };
}

function whyOf(body: VerbBody): { readonly by?: string; readonly reason?: string } {
  const by = text(body.by);
  const reason = text(body.reason);
  return { ...(by === undefined ? {} : { by }), ...(reason === undefined ? {} : { reason }) };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, TEXT_LIMIT_CHARS) : undefined;
}
