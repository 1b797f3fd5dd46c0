/**
 * Leases inside leases. What can be seen in the plan is refused here, for at run time it would be two operations that
 * wait for each other: a root that is held already gives only what is held, other roots are taken in ascending order.
 */
import { asScope } from '@troupe/protocol';
import { rootOf } from '@troupe/throttle';
import type { HeldLease } from '../mail.ts';
import { countAt, idAt, knownKeys, msAt, needAt, textAt, wrong } from './checks.ts';
import type { Compiler, Place } from './compile.ts';
import type { CompiledGiveBack, CompiledThrottled } from './compiled.ts';
import type { GiveBackNode, Need, ThrottledNode } from './nodes.ts';

const SCOPE_LIMIT_CHARS = 255;

/** What is held at a place of the plan, outermost first. `left` shrinks with every `giveBack` in plan order. */
export interface HeldNeed {
  readonly scope: string;
  readonly left: Record<string, number>;
  /** Held by the operation itself, so that a part can be given back; an ancestor's lease is its own affair. */
  readonly own: boolean;
}

export function heldByParents(leases: readonly HeldLease[]): HeldNeed[] {
  return leases.map((lease) => ({ scope: lease.scope, left: { ...lease.need }, own: false }));
}

export function compileThrottled(
  node: ThrottledNode,
  place: Place,
  compiler: Compiler,
): { compiled: Omit<CompiledThrottled, 'nodes'>; within: HeldNeed[] } {
  knownKeys(node, ['type', 'id', 'scope', 'need', 'spend', 'priority', 'share', 'observe', 'deadline', 'nodes'], place.field);
  const scope = textAt(node.scope, `${place.field}.scope`, SCOPE_LIMIT_CHARS);
  try {
    asScope(scope, 'throttled');
  } catch (error) {
    throw wrong(`${place.field}.scope`, (error as Error).message);
  }
  const spend = node.spend === undefined ? undefined : needAt(node.spend, `${place.field}.spend`);
  const need = node.need === undefined && spend !== undefined ? {} : needAt(node.need, `${place.field}.need`);
  checkNesting(scope, need, compiler.held, place);
  if (node.id !== undefined) idAt(node.id, `${place.field}.id`);
  if (node.priority !== undefined) countAt(node.priority, `${place.field}.priority`, Number.MIN_SAFE_INTEGER);
  if (node.share !== undefined) textAt(node.share, `${place.field}.share`, SCOPE_LIMIT_CHARS);
  if (node.observe !== undefined && typeof node.observe !== 'boolean') throw wrong(`${place.field}.observe`, 'must be true or false');
  const compiled: Omit<CompiledThrottled, 'nodes'> = {
    type: 'throttled',
    scope,
    need,
    ...(node.id === undefined ? {} : { id: node.id }),
    ...(spend === undefined ? {} : { spend }),
    ...(node.priority === undefined ? {} : { priority: node.priority }),
    ...(node.share === undefined ? {} : { share: node.share }),
    ...(node.observe === true ? { observe: true as const } : {}),
    ...(node.deadline === undefined ? {} : { deadlineMs: msAt(node.deadline, `${place.field}.deadline`, 1) }),
  };
  return { compiled, within: [...compiler.held, { scope, left: { ...need }, own: true }] };
}

function checkNesting(scope: string, need: Need, held: readonly HeldNeed[], place: Place): void {
  const root = rootOf(scope);
  const same = held.filter((one) => rootOf(one.scope) === root);
  for (const [kind, tokens] of same.length === 0 ? [] : Object.entries(need)) {
    const most = Math.max(0, ...same.map((one) => one.left[kind] ?? 0));
    if (tokens > most) throw wrong(`${place.field}.need.${kind}`, `${tokens} inside a lease of ${root} that holds ${most}`, 'nested_need');
  }
  if (same.length > 0) return;
  const above = held.find((one) => rootOf(one.scope) > root);
  if (above !== undefined) {
    throw wrong(
      `${place.field}.scope`,
      `${root} inside a lease of ${rootOf(above.scope)}: roots are taken in ascending order`,
      'lease_order',
    );
  }
}

export function compileGiveBack(node: GiveBackNode, place: Place, compiler: Compiler): CompiledGiveBack {
  knownKeys(node, ['type', 'need'], place.field);
  const need = needAt(node.need, `${place.field}.need`);
  const from = compiler.held.at(-1);
  if (from === undefined || !from.own) throw wrong(place.field, 'there is no throttled around it');
  for (const [kind, tokens] of Object.entries(need)) {
    const left = from.left[kind] ?? 0;
    if (tokens > left) throw wrong(`${place.field}.need.${kind}`, `${tokens} of a lease that holds ${left}`);
    from.left[kind] = left - tokens;
  }
  return { type: 'giveBack', need };
}
