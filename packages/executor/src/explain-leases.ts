import type { Operation } from './operation/state.ts';
import { nodeAt } from './plan/compiled.ts';
import type { Need } from './plan/nodes.ts';

/** Leases that an operation holds now, parts given back left out. */
export function heldLeases(op: Operation): { lease: string; scope: string; need: Need; since: number }[] {
  return [...op.active].flatMap(([path, state]) => {
    const node = op.plan === undefined ? undefined : nodeAt(op.plan, path);
    if (state.k !== 'lease' || state.p !== 'held' || node?.type !== 'throttled') return [];
    return [{ lease: `${op.key}:${path}`, scope: node.scope, need: state.need ?? node.need, since: state.s }];
  });
}
