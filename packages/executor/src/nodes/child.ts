/**
 * Another operation as a part of this one: planned when it starts, its end joined. It inherits class, context, force, the
 * leases that it runs under, and the resources that this operation owns: those it neither takes nor ends.
 */
import { encodeJson, type Command, type CommandOptions, type JsonObject, type ResourceRef, type WireError } from '@troupe/protocol';
import type { ChildAnswered, ChildEnded, ChildMail, LentResource, Orphan, TouchedResource } from '../mail.ts';
import { endStep, failNode, heldAround, nodeOf, OK, planOf, type Run, send, stateOf } from '../operation/run.ts';
import type { NodeStateOf } from '../operation/state.ts';
import { watchFor } from '../operation/watchdog.ts';
import type { CompiledChild } from '../plan/compiled.ts';
import { INPUT_LIMIT_BYTES } from '../plan/compile.ts';
import { resolveInput } from '../plan/ref.ts';
import { deadlineOf } from './deadlines.ts';
import { keepOutput } from './task-message.ts';

/** `again`: it has run and not ended well, so it is told to retry; one that never had a record is made as usual. */
export function startChild(run: Run, path: string, again = false): void {
  const { op, context } = run;
  const node = nodeOf(run, path, 'child');
  if (again) return retryChild(run, path, node);
  const input = resolveInput(node.input, op.outputs);
  if (!input.ok)
    return fail(run, path, {
      code: 'missing_output',
      message: `${node.id} needs ${input.missing}, which no step has put out`,
      field: input.missing,
    });
  const bytes = encodeJson(input.value).length;
  if (bytes > INPUT_LIMIT_BYTES)
    return fail(run, path, {
      code: 'too_large',
      message: `the input of ${node.id} has ${bytes} bytes, at most ${INPUT_LIMIT_BYTES} travel`,
    });
  const state: NodeStateOf<'child'> = { k: 'child', p: 'sent', s: context.now };
  op.active.set(path, state);
  const deadline = deadlineOf(planOf(run), node, state)!;
  watchFor(run, deadline);
  const command: Command = {
    v: 1,
    id: childId(run, path),
    executor: node.executor,
    ...(node.resource === undefined ? {} : { resource: node.resource }),
    ...(node.resources === undefined ? {} : { resources: node.resources }),
    input: input.value,
    options: optionsFor(run, node),
    createdAt: new Date(context.now).toISOString(),
  };
  const lent = lend(run, node);
  const parent: ChildMail['parent'] = {
    operation: op.key,
    node: path,
    leases: heldAround(run, path),
    ...(lent.length === 0 ? {} : { lent }),
    ...(node.reject === true ? {} : { waitUntil: deadline }),
  };
  send(run, { kind: 'operation', key: command.id }, 'child', { command, parent });
}

function retryChild(run: Run, path: string, node: CompiledChild): void {
  const state: NodeStateOf<'child'> = { k: 'child', p: 'running', s: run.context.now };
  run.op.active.set(path, state);
  watchFor(run, deadlineOf(planOf(run), node, state)!);
  send(run, { kind: 'operation', key: childId(run, path) }, 'verb.retry', { reason: 'its parent was told to', node: path });
}

export function childAnswered(run: Run, path: string, body: ChildAnswered): void {
  const state = stateOf(run, path, 'child');
  if (state === undefined || body.operation !== childId(run, path)) return;
  if (body.error !== undefined) return fail(run, path, failure(run, path, body.error));
  if (state.p === 'sent') state.p = 'running';
}

export function childEnded(run: Run, path: string, body: ChildEnded): void {
  const state = stateOf(run, path, 'child');
  if (state === undefined || body.operation !== childId(run, path)) return;
  const node = nodeOf(run, path, 'child');
  keepOrphans(run, body.orphans ?? []);
  noteTouched(run, body.touched ?? []);
  if (state.late === 1) return fail(run, path, late(run, node, state));
  if (state.p === 'cancel' && body.outcome !== 'succeeded')
    return endStep(run, path, { ok: false, error: body.error ?? cancelled(), stopped: true });
  // a child that made it before the cancel reached it has still been stopped: nothing may follow
  if (state.p === 'cancel') return endStep(run, path, { ok: false, error: cancelled(), stopped: true });
  if (body.outcome !== 'succeeded')
    return fail(run, path, failure(run, path, body.error ?? { code: body.outcome, message: `it ended ${body.outcome}` }));
  const output = body.output ?? null;
  keepOutput(run, node.output ?? node.id, output, encodeJson(output).length);
  endStep(run, path, OK);
}

const ORPHANS_LIMIT = 100;

function keepOrphans(run: Run, found: readonly Orphan[]): void {
  if (found.length === 0) return;
  const orphans = (run.op.progress.orphans ??= []);
  for (const one of found) {
    const known = orphans.some((other) => other.kind === one.kind && other.id === one.id && other.backendId === one.backendId);
    if (!known && orphans.length < ORPHANS_LIMIT) orphans.push(one);
  }
}

/** What a child has created is not "never started": it would be removed, and its object forgotten. */
function noteTouched(run: Run, touched: readonly TouchedResource[]): void {
  for (const { kind, id, state, runtimeState, backendId } of touched) {
    const owned = run.op.resources.find((one) => one.kind === kind && one.id === id);
    if (owned === undefined || owned.lost !== undefined) continue;
    Object.assign(owned, { touched: true, state, runtimeState, backendId });
  }
}

/** Asked to end; the node ends when the child has, for its handling comes first (S66). */
export function stopChild(run: Run, path: string): void {
  const state = stateOf(run, path, 'child');
  if (state === undefined || state.p === 'cancel') return;
  state.p = 'cancel';
  send(run, { kind: 'operation', key: childId(run, path) }, 'verb.cancel', { reason: 'its parent was stopped', node: path });
}

export function childOverdue(run: Run, path: string): void {
  const state = stateOf(run, path, 'child');
  if (state === undefined || state.p === 'cancel') return;
  state.late = 1;
  stopChild(run, path);
}

export function childId(run: Run, path: string): string {
  return `${run.op.key}.${path}`;
}

function optionsFor(run: Run, node: CompiledChild): CommandOptions {
  const { head, progress } = run.op;
  const own = (node.options ?? {}) as CommandOptions & JsonObject;
  const force = own.force ?? progress.forced ?? head.force;
  return { ...own, class: head.class === 'regular' ? (own.class ?? 'regular') : head.class, ...(force === undefined ? {} : { force }) };
}

function lend(run: Run, node: CompiledChild): LentResource[] {
  const named: readonly ResourceRef[] = node.resources ?? (node.resource === undefined ? [] : [node.resource]);
  return run.op.resources.flatMap((owned) => {
    if (owned.lost !== undefined || owned.seen !== undefined || !named.some((one) => one.kind === owned.kind && one.id === owned.id))
      return [];
    return [{ kind: owned.kind, id: owned.id, operation: owned.lender ?? run.op.key, epoch: owned.epoch }];
  });
}

function failure(run: Run, path: string, cause: WireError): WireError {
  const node = nodeOf(run, path, 'child');
  return {
    code: 'child_failed',
    message: `${node.id} (${node.executor}): ${cause.message}`,
    data: { step: node.id, operation: childId(run, path) },
    ...(cause.userMessage === undefined ? {} : { userMessage: cause.userMessage }),
    cause,
  };
}

function late(run: Run, node: CompiledChild, state: NodeStateOf<'child'>): WireError {
  const waited = run.context.now - state.s;
  return {
    code: 'deadline_exceeded',
    message: `${node.id} did not end in ${Math.round(node.deadlineMs / 1_000)} s`,
    data: { step: node.id, waited },
  };
}

function cancelled(): WireError {
  return { code: 'cancelled', message: 'stopped with its parent' };
}

function fail(run: Run, path: string, error: WireError): void {
  run.op.progress.failedStep ??= nodeOf(run, path, 'child').id;
  if (run.op.active.has(path)) endStep(run, path, { ok: false, error });
  else failNode(run, path, error);
}
