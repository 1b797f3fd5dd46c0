/**
 * Where a plan stands that did not end well: the nodes from which a retry goes on. A node is one if it failed or was
 * stopped, and nothing inside it is; what ends well has none in it.
 */
import { isWithin, nodeAt, nodesOf } from '../plan/compiled.ts';
import { unfinishedItem, unstartedItem } from './items.ts';
import type { Run } from './run.ts';
import type { NodeState, Unfinished } from './state.ts';

export function noteUnfinished(run: Run, path: string, state: NodeState | undefined, how: { counted?: true; unknown?: true } = {}): void {
  const { op } = run;
  if (!isLeaf(run, path)) for (const known of op.unfinished.keys()) if (isWithin(known, path)) return;
  const n = state?.k === 'step' || state?.k === 'poll' ? state.n : 0;
  const entry: Unfinished = {
    ...(n === 0 ? {} : { n }),
    ...(how.unknown === true ? { r: 1 } : {}),
    ...(how.counted === true ? { c: 1 } : {}),
  };
  op.unfinished.set(path, entry);
  run.effects.push({ type: 'putItem', item: unfinishedItem(path), body: entry as never });
}

export function noteUnstarted(run: Run, path: string, next: number): void {
  run.op.unstarted.set(path, next);
  run.effects.push({ type: 'putItem', item: unstartedItem(path), body: next });
}

/** What is at and below a path is done, or does not count. */
export function forgetUnfinished(run: Run, path: string): void {
  const { op } = run;
  if (op.unfinished.size === 0) return;
  // most that ends well is a step: of ten thousand members none must look through what is left of the others
  if (isLeaf(run, path)) {
    if (op.unfinished.has(path)) drop(run, path);
    return;
  }
  for (const known of op.unfinished.keys()) if (isWithin(known, path)) drop(run, known);
  for (const known of op.unstarted.keys()) if (isWithin(known, path)) dropUnstarted(run, known);
}

/** A node starts again: what is known of its first time. */
export function takeUnfinished(run: Run, path: string): Unfinished | undefined {
  const found = run.op.unfinished.get(path);
  if (found !== undefined) drop(run, path);
  return found;
}

export function takeUnstarted(run: Run, path: string): number | undefined {
  const next = run.op.unstarted.get(path);
  if (next !== undefined) dropUnstarted(run, path);
  return next;
}

/** Indices of the inner nodes from which a container goes on; empty = it starts as usual. */
export function unfinishedInner(run: Run, path: string): number[] {
  const { unfinished } = run.op;
  if (unfinished.size === 0) return [];
  const prefix = `${path}.`;
  const found = new Set<number>();
  for (const known of unfinished.keys()) if (known.startsWith(prefix)) found.add(Number.parseInt(known.slice(prefix.length), 10));
  return [...found].sort((a, b) => a - b);
}

/** Where a container that holds its nodes in order begins: the first, or where it stopped. */
export function firstInner(run: Run, path: string): number {
  return unfinishedInner(run, path)[0] ?? 0;
}

export function hasUnfinished(run: Run, path: string): boolean {
  for (const known of run.op.unfinished.keys()) if (isWithin(known, path)) return true;
  return false;
}

function isLeaf(run: Run, path: string): boolean {
  const { plan } = run.op;
  const node = plan === undefined ? undefined : nodeAt(plan, path);
  return node !== undefined && nodesOf(node).length === 0;
}

function drop(run: Run, path: string): void {
  run.op.unfinished.delete(path);
  run.effects.push({ type: 'removeItem', item: unfinishedItem(path) });
}

function dropUnstarted(run: Run, path: string): void {
  run.op.unstarted.delete(path);
  run.effects.push({ type: 'removeItem', item: unstartedItem(path) });
}
