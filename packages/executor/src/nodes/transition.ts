/** A transition of its own: moves a resource, and waits until the store has said yes. */
import type { ResourceChange } from '@troupe/actor';
import { toWireError, type WireError } from '@troupe/protocol';
import { transitionNamed, transitionWrite } from '@troupe/resource';
import { checkFields } from '@troupe/resource/internal';
import { endNode, failNode, nodeOf, type NodeResult, OK, type Run, stateOf } from '../operation/run.ts';
import { addWrite, holdOf, stateAhead } from '../operation/resources.ts';
import { resolveInput } from '../plan/ref.ts';
import { ownedBy } from './task-message.ts';

export function startTransition(run: Run, path: string): void {
  const node = nodeOf(run, path, 'transition');
  const owned = ownedBy(run, node);
  if (owned === undefined || owned.lost !== undefined) return endNode(run, path, OK);
  const resolved = resolveInput(node.set, run.op.outputs);
  if (!resolved.ok)
    return failNode(run, path, {
      code: 'missing_output',
      message: `the transition needs ${resolved.missing}, which no step has put out`,
      field: resolved.missing,
    });
  const set = (resolved.value ?? {}) as ResourceChange;
  try {
    checkFields(set, 'transition.set', 'invalid_output');
  } catch (thrown) {
    return failNode(run, path, toWireError(thrown, 'invalid_output'));
  }
  const from: readonly string[] = node.name === undefined ? (node.from ?? []) : transitionNamed(node.name).from;
  const to = node.name === undefined ? node.to : transitionNamed(node.name).to;
  const ahead = stateAhead(owned);
  if (ahead === to && Object.keys(set).length === 0) return endNode(run, path, OK);
  if (owned.lender === undefined && ahead !== to && !from.includes(ahead)) {
    const message = `${owned.kind} ${owned.id} is ${ahead}, from where ${node.name ?? to} does not lead`;
    return failNode(run, path, { code: 'forbidden_state', message, data: { kind: owned.kind, id: owned.id, state: ahead } });
  }
  const hold = holdOf(run, owned);
  const write =
    node.name === undefined
      ? { op: 'change' as const, ...hold, from: [...from, to!], set: { ...set, state: to! } }
      : transitionWrite(node.name, hold, { patch: set as never });
  run.op.active.set(path, { k: 'transition', s: run.context.now });
  addWrite(run, owned, write, path);
}

export function transitionReleased(run: Run, path: string, error: WireError | undefined): void {
  if (stateOf(run, path, 'transition') === undefined) return;
  endNode(run, path, error === undefined ? OK : { ok: false, error });
}

export function stopTransition(run: Run, path: string, result: NodeResult): void {
  endNode(run, path, result);
}
