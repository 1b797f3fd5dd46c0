/**
 * Commands that queue for a resource. A queue is no entity of its own: who waits stands behind the operation that has the
 * resource. With its last write that one promises the resource to the first, so that nobody who comes between can take it;
 * when it has ended it tells the first and hands it the others.
 */
import { encodeJson, type ResourceRef } from '@troupe/protocol';
import { type Run, send } from './run.ts';
import type { OwnedResource, Watcher } from './state.ts';

export function refKey(ref: ResourceRef): string {
  return encodeJson([ref.kind, ref.id]);
}

/** Who queues for a resource, in order. */
export function queueFor(run: Run, ref: ResourceRef): string[] {
  const watchers: readonly Watcher[] = run.op.progress.watchers ?? [];
  return watchers.flatMap(({ operation, queue }) => (queue !== undefined && refKey(queue) === refKey(ref) ? [operation] : []));
}

/** What the last write of a resource says about who is next. */
export function promiseOf(run: Run, owned: ResourceRef): { readonly promise?: string } {
  const [first] = queueFor(run, owned);
  return first === undefined ? {} : { promise: first };
}

/** Tells who is next for each resource, with who stands behind it from now on. */
export function handOnAll(run: Run): void {
  const seen = new Map<string, ResourceRef>();
  for (const { queue } of run.op.progress.watchers ?? []) if (queue !== undefined) seen.set(refKey(queue), queue);
  for (const ref of seen.values()) handOn(run, ref, queueFor(run, ref));
}

export function handOn(run: Run, ref: ResourceRef, queue: readonly string[]): void {
  const [first, ...rest] = queue;
  if (first === undefined) return;
  (run.op.progress.handedTo ??= {})[refKey(ref)] = first;
  const more = rest.length === 0 ? {} : { queue: rest };
  send(run, { kind: 'operation', key: first }, 'operation.over', { operation: run.op.key, node: '', resource: ref, ...more });
}

/** An operation that queued and ends without having taken what may be promised to it gives it to the next one. */
export function waiveAll(run: Run): void {
  const { op } = run;
  if (op.head.queue !== true) return;
  for (const owned of op.resources) if (owned.epoch === 0 && owned.lender === undefined) waive(run, owned);
}

export function waive(run: Run, owned: Pick<OwnedResource, 'kind' | 'id'>): void {
  const ref = { kind: owned.kind, id: owned.id };
  const write = { op: 'waive' as const, ref, operation: run.op.key, ...promiseOf(run, ref) };
  run.effects.push({ type: 'write', write, id: run.context.newId() });
}
