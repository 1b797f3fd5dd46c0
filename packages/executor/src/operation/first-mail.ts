/** The mail that makes an operation, and the same mail again. */
import type { Incoming, TurnContext } from '@troupe/actor';
import { type Command, type Context, encodeJson, type Json, type OperationStatus, type Outcome, type WireError } from '@troupe/protocol';
import type { ChildMail, CommandMail } from '../mail.ts';
import { classOf } from '../nodes/task-message.ts';
import { startAccepting } from './accept.ts';
import { commandDigest } from './digest.ts';
import { finish, tellParent } from './finish.ts';
import { INPUT_ITEM } from './items.ts';
import { emptyOperation } from './record.ts';
import { createRun, type OperationSettings, type Run } from './run.ts';
import type { Head, Operation } from './state.ts';

const INPUT_INLINE_BYTES = 2_048;
const CONTEXT_LIMIT_BYTES = 4_096;

/** Makes the record and orders the first take. */
export function createOperation(
  settings: OperationSettings,
  key: string,
  { command }: CommandMail,
  parent: ChildMail['parent'] | undefined,
  message: Incoming,
  context: TurnContext,
): Run {
  const definition = settings.executors.get(command.executor);
  const { options } = command;
  const kept = boundContext(message.context);
  const head: Head = {
    executor: command.executor,
    family: definition?.family ?? 'free',
    digest: commandDigest(command),
    class: classOf(definition?.class ?? 'regular', options?.class ?? 'regular', false),
    createdAt: command.createdAt,
    ...(options?.force === undefined ? {} : { force: options.force }),
    // a pull takes nothing, so it can be promised nothing
    ...(options?.onConflict === 'queue' && definition?.options.pull === undefined ? { queue: true } : {}),
    ...(definition?.options.action === undefined ? {} : { action: definition.options.action }),
    ...(definition?.deadlineMs === undefined ? {} : { deadlineMs: definition.deadlineMs }),
    ...(command.replyTo === undefined ? {} : { replyTo: command.replyTo }),
    ...(kept === undefined ? {} : { context: kept }),
    ...(parent === undefined ? {} : { parent }),
  };
  const run = createRun(settings, emptyOperation(key, head), context);
  startAccepting(run, command.resources ?? (command.resource === undefined ? [] : [command.resource]), command.input ?? null);
  keepInput(run);
  return run;
}

/** Over before it began, so that the mail which would have begun it is answered with its end. */
export function endUnborn(settings: OperationSettings, key: string, message: Incoming, context: TurnContext): Run {
  const { node } = message.body as { node?: string };
  const kind = message.from?.kind === 'schedule' ? { kind: 'schedule' as const } : {};
  const parent = message.from === undefined || node === undefined ? undefined : { operation: message.from.key, ...kind, node, leases: [] };
  const head: Head = {
    executor: '',
    family: 'free',
    digest: '',
    class: 'regular',
    createdAt: '',
    ...(parent === undefined ? {} : { parent }),
  };
  const run = createRun(settings, emptyOperation(key, head), context);
  finish(run, 'cancelled', { code: 'cancelled', message: 'cancelled before it began' });
  return run;
}

/** The same command again is answered from the record; another one under its id is refused. */
export function repeated(run: Run, command: Command, parent?: ChildMail['parent']): void {
  const { op } = run;
  const { head, progress } = op;
  if (parent !== undefined) {
    if (
      head.parent?.operation === parent.operation &&
      head.parent.kind === parent.kind &&
      op.phase !== 'accepting' &&
      op.phase !== 'givingBack'
    )
      tellParent(run);
    return;
  }
  const reply = command.replyTo === undefined ? {} : { replyTo: command.replyTo };
  if (head.digest !== commandDigest(command)) {
    const error = { code: 'id_reused', message: `${op.key} is the id of another command`, field: 'id' };
    run.effects.push({ type: 'answer', answer: { v: 1, operation: op.key, answer: 'rejected', error }, ...reply });
    return;
  }
  if (progress.outcome === 'rejected' && progress.error !== undefined) {
    run.effects.push({ type: 'answer', answer: { v: 1, operation: op.key, answer: 'rejected', error: progress.error }, ...reply });
    return;
  }
  const behind = op.phase === 'accepting' && head.queue === true ? op.accepting?.waitFor?.operation : undefined;
  if (behind !== undefined && behind !== null) {
    run.effects.push({ type: 'answer', answer: { v: 1, operation: op.key, answer: 'queued', behind }, ...reply });
    return;
  }
  const ended = op.phase !== 'ended' || progress.outcome === undefined ? {} : endOf(progress.outcome, progress);
  run.effects.push({ type: 'answer', answer: { v: 1, operation: op.key, answer: 'duplicate', status: statusOf(op), ...ended }, ...reply });
}

/** All of the end: a sender that may only publish commands asks by the same command again when it has missed it. */
function endOf(outcome: Outcome, { output, error }: Operation['progress']): { outcome: Outcome; output?: Json; error?: WireError } {
  return { outcome, ...(output === undefined ? {} : { output }), ...(error === undefined ? {} : { error }) };
}

export function statusOf(op: Pick<Operation, 'phase' | 'progress' | 'active'>): OperationStatus {
  switch (op.phase) {
    case 'accepting':
    case 'givingBack':
      return 'accepting';
    case 'running':
      if (op.progress.stop !== undefined) return 'cancelling';
      if (op.progress.paused !== undefined) return 'paused';
      return [...op.active.values()].some((node) => node.k === 'expand' && node.p === 'parked') ? 'parked' : 'running';
    case 'ending':
      return op.progress.outcome === 'cancelled' ? 'cancelling' : 'running';
    case 'ended':
      return 'ended';
  }
}

function keepInput(run: Run): void {
  const { op } = run;
  if (encodeJson(op.input).length <= INPUT_INLINE_BYTES) return;
  op.inputInItem = true;
  run.effects.push({ type: 'putItem', item: INPUT_ITEM, body: op.input });
}

/** Context is a convenience: what would crowd the root is left out. */
function boundContext(context: Context): Context | undefined {
  const out: Record<string, string> = {};
  let bytes = 0;
  for (const [name, value] of Object.entries(context)) {
    bytes += name.length + value.length;
    if (bytes > CONTEXT_LIMIT_BYTES) break;
    out[name] = value;
  }
  return Object.keys(out).length === 0 ? undefined : out;
}
