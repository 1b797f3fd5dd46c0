/** What `step` and `poll` have in common: sending one attempt, and what its success leaves behind. */
import type { ResourceChange } from '@troupe/actor';
import { encodeJson, type Json, type QueueClass, type ResourcePatch, toWireError, type WireError } from '@troupe/protocol';
import { transitionNamed, transitionWrite } from '@troupe/resource';
import { checkFields } from '@troupe/resource/internal';
import type { CompiledPoll, CompiledStep } from '../plan/compiled.ts';
import { resolveInput } from '../plan/ref.ts';
import { INPUT_LIMIT_BYTES } from '../plan/compile.ts';
import { outputItem } from '../operation/items.ts';
import { leaseFence, planOf, type Run, self } from '../operation/run.ts';
import { addPatch, addWrite, holdOf, stateAhead, waitForWrites } from '../operation/resources.ts';
import type { OwnedResource } from '../operation/state.ts';
import type { PlanTask } from '../plan/plan-task.ts';
import { SECRET_REFUSED, secretIn } from '../secrets.ts';
import { validateNow } from '../validate.ts';

/** Encoded size of one output at the most. */
export const OUTPUT_LIMIT_BYTES = 262_144;
/** Encoded size of the `data` of one patch at the most. */
export const PATCH_LIMIT_BYTES = 65_536;
const INLINE_OUTPUT_BYTES = 1_024;
const INLINE_OUTPUTS_BYTES = 4_096;
/** Rough size of a task message without its input. */
const MESSAGE_BYTES = 500;

export type Working = CompiledStep | CompiledPoll;

export function taskOf(run: Run, node: Working): PlanTask {
  return planOf(run).tasks[node.task]!;
}

export function ownedBy(run: Run, node: { readonly on?: number }): OwnedResource | undefined {
  return run.op.resources[node.on ?? 0];
}

export interface Attempt {
  readonly path: string;
  readonly node: Working;
  readonly attempt: number;
  /** Attempts before a retry by hand. */
  readonly before?: number;
  readonly deadline?: number;
  readonly reconcile?: boolean;
}

/** Sends one attempt and returns its token, or why it cannot be sent. */
export function sendAttempt(run: Run, what: Attempt): { readonly token: string } | { readonly error: WireError } {
  const { op, context } = run;
  const { node, path, attempt } = what;
  const input = resolveInput(node.input, op.outputs);
  if (!input.ok)
    return {
      error: { code: 'missing_output', message: `${node.id} needs ${input.missing}, which no step has put out`, field: input.missing },
    };
  // what the plan says was looked at when it was compiled; here it is what outputs have filled in
  const secret = node.input?.refs === undefined ? undefined : secretIn(input.value, `${node.id}.input`);
  if (secret !== undefined) return { error: { code: 'invalid_input', message: `${secret} ${SECRET_REFUSED}`, field: secret } };
  const bytes = encodeJson(input.value).length;
  if (bytes > INPUT_LIMIT_BYTES)
    return {
      error: {
        code: 'too_large',
        message: `the input of ${node.id} has ${bytes} bytes, at most ${INPUT_LIMIT_BYTES} travel`,
        field: `${node.id}.input`,
      },
    };
  const task = taskOf(run, node);
  const owned = ownedBy(run, node);
  const lease = leaseFence(run, path);
  const token = context.token();
  if (owned !== undefined) owned.touched = true;
  op.progress.started = true;
  run.spentBytes += bytes + MESSAGE_BYTES;
  run.effects.push({
    type: 'task',
    class: classOf(op.head.class, task.class, node.heavy === true),
    pool: task.pool,
    message: {
      v: 1,
      id: messageId(run, node, attempt),
      task: task.name,
      input: input.value,
      attempt,
      attempts: node.type === 'poll' ? 1 : task.attempts + (what.before ?? 0),
      replyTo: self(run),
      step: node.id,
      token,
      ...(owned === undefined ? {} : { resource: { kind: owned.kind, id: owned.id } }),
      ...(owned === undefined && lease === undefined
        ? {}
        : { fence: { epoch: owned?.epoch ?? 0, ...(lease === undefined ? {} : { lease }) } }),
      idempotencyToken: `${op.key}:${node.id}`,
      timeLimitMs: task.timeLimitMs,
      ...(what.deadline === undefined ? {} : { deadline: what.deadline }),
      orderedAt: context.now,
      ...(what.reconcile === true ? { reconcile: true } : {}),
    },
    ...(op.head.context === undefined ? {} : { context: op.head.context }),
  });
  return { token };
}

export function messageId(run: Run, node: Working, attempt: number): string {
  return `${run.op.key}:${node.id}:${attempt}`;
}

/** Tells the worker, best effort; that the record does not name the attempt any more is what holds. */
export function signalAttempt(run: Run, node: Working, attempt: number): void {
  run.effects.push({ type: 'signal', pool: taskOf(run, node).pool, body: { cancel: messageId(run, node, attempt) } });
}

/** D1: the class belongs to the operation; a contract or a step may only raise it to heavy. */
export function classOf(operation: QueueClass, task: QueueClass, raised: boolean): QueueClass {
  if (raised || operation === 'heavy' || task === 'heavy') return 'heavy';
  return operation === 'background' || task === 'background' ? 'background' : 'regular';
}

/**
 * What must be written before the task is sent: the transition with the "during" value in one write, guard first (S28).
 * Returns how many writes the node has to wait for, or why it may not start.
 */
export function writeStart(run: Run, path: string, node: Working): number | WireError {
  const owned = ownedBy(run, node);
  if (owned !== undefined && owned.lost === undefined) {
    const during = node.runtime?.during;
    if (node.transition !== undefined) {
      const { from, to } = transitionNamed(node.transition);
      const ahead = stateAhead(owned);
      const isThere = ahead === to;
      // what an ancestor owns, the ancestor may have moved: there the store is the judge
      if (!isThere && owned.lender === undefined && !from.some((state) => state === ahead)) {
        const message = `${node.id}: ${owned.kind} ${owned.id} is ${ahead}, from where ${node.transition} does not lead`;
        return { code: 'forbidden_state', message, data: { kind: owned.kind, id: owned.id, state: ahead } };
      }
      if (!isThere)
        addWrite(
          run,
          owned,
          transitionWrite(node.transition, holdOf(run, owned), during === undefined ? {} : { runtimeState: during }),
          path,
        );
      else if (during !== undefined && during !== owned.runtimeState) addPatch(run, owned, { runtimeState: during });
    } else if (during !== undefined && during !== owned.runtimeState) addPatch(run, owned, { runtimeState: during });
  }
  return waitForWrites(run, path);
}

/** Checks and keeps what a success brought: the patch for the resource, the output for later steps. */
export function keepSuccess(run: Run, node: Working, output: Json, patch: ResourcePatch | undefined): WireError | undefined {
  try {
    const contract = run.settings.tasks.get(taskOf(run, node).name);
    const value = contract?.output === undefined ? output : validateNow(contract.output, output, `${node.id}.output`, 'invalid_output');
    const bytes = encodeJson(value).length;
    if (bytes > OUTPUT_LIMIT_BYTES)
      return {
        code: 'output_too_large',
        message: `the output of ${node.id} has ${bytes} bytes, at most ${OUTPUT_LIMIT_BYTES} are kept`,
        field: `${node.id}.output`,
      };
    const change = changeOf(node, patch);
    const owned = ownedBy(run, node);
    if (change !== undefined && owned !== undefined) {
      checkFields(change, `${node.id}.patch`, 'invalid_output');
      if (sizeOfData(change) > PATCH_LIMIT_BYTES)
        return {
          code: 'output_too_large',
          message: `the patch of ${node.id} is over ${PATCH_LIMIT_BYTES} bytes`,
          field: `${node.id}.patch`,
        };
      addPatch(run, owned, change);
    }
    keepOutput(run, node.output ?? node.id, value, bytes);
    if (owned?.seen?.step === node.id) owned.seen.look = 'succeeded';
    return undefined;
  } catch (thrown) {
    return toWireError(thrown, 'invalid_output');
  }
}

function changeOf(node: Working, patch: ResourcePatch | undefined): ResourceChange | undefined {
  const runtimeState = node.runtime?.success ?? patch?.runtimeState;
  if (runtimeState === undefined && patch?.backendId === undefined && patch?.data === undefined) return undefined;
  return {
    ...(runtimeState === undefined ? {} : { runtimeState }),
    ...(patch?.backendId === undefined ? {} : { backendId: patch.backendId }),
    ...(patch?.data === undefined ? {} : { data: patch.data }),
  };
}

function sizeOfData(change: ResourceChange): number {
  return change.data === undefined ? 0 : encodeJson(change.data).length;
}

/** Small outputs lie in the root as long as there is room, others in items; empty ones only if something refers to them. */
export function keepOutput(run: Run, name: string, value: Json, bytes: number): void {
  const { op } = run;
  if (value === null && planOf(run).named?.includes(name) !== true) return;
  op.outputs.set(name, value);
  if (bytes <= INLINE_OUTPUT_BYTES && op.inlineBytes + bytes <= INLINE_OUTPUTS_BYTES) {
    op.inlineBytes += bytes + name.length;
    return;
  }
  op.outputItems.add(name);
  run.effects.push({ type: 'putItem', item: outputItem(name), body: value });
}

/** The last word on a step that failed for good. */
export function keepFailure(run: Run, node: Working): void {
  const owned = ownedBy(run, node);
  const failure = node.runtime?.failure;
  if (failure !== undefined && owned !== undefined) addPatch(run, owned, { runtimeState: failure });
  if (owned?.seen?.step === node.id) owned.seen.look = 'failed';
  run.op.progress.failedStep ??= node.id;
}
