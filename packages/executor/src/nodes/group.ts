/**
 * A group: members side by side, joined exactly once. Which members are done is known from two counters and the set of
 * nodes under way; a member ends once, because it is gone from that set then.
 */
import { encodeJson, type WireError } from '@troupe/protocol';
import { boundError } from '../operation/bound.ts';
import type { NodeStateOf } from '../operation/state.ts';
import { noteUnstarted, takeUnstarted, unfinishedInner } from '../operation/unfinished.ts';
import { type CompiledGroup, nameIn } from '../plan/compiled.ts';
import { keepOutput } from './task-message.ts';
import {
  dropError,
  keepError,
  nodeOf,
  type NodeResult,
  endNode,
  OK,
  type Run,
  self,
  send,
  stateOf,
  TURN_BUDGET_BYTES,
} from '../operation/run.ts';

export function startGroup(run: Run, path: string): void {
  const node = nodeOf(run, path, 'group');
  if (node.nodes.length === 0) return endNode(run, path, OK);
  const again = unfinishedInner(run, path);
  if (again.length === 0) {
    run.op.active.set(path, { k: 'group', next: 0, done: 0 });
    return void run.jobs.push({ do: 'refill', path });
  }
  // a retry: members that ended well count, those that did not run again, more of them at once than the window has
  const next = takeUnstarted(run, path) ?? node.nodes.length;
  const done = next - again.length;
  run.op.active.set(path, { k: 'group', next, done, ...(node.quorum === undefined ? {} : { g: done }) });
  for (const index of again) run.jobs.push({ do: 'start', path: `${path}.${index}` });
  run.jobs.push({ do: 'refill', path });
}

/** Starts one more member and comes back for the next, so that the budget of the turn is looked at in between. */
export function refillGroup(run: Run, path: string): void {
  const state = stateOf(run, path, 'group');
  if (state === undefined || state.x === 1) return;
  const node = nodeOf(run, path, 'group');
  const running = state.next - state.done;
  if (state.next >= node.nodes.length || running >= node.window) return;
  if (running > 0 && run.spentBytes > TURN_BUDGET_BYTES) return send(run, self(run), 'resume', { node: path });
  const member = `${path}.${state.next++}`;
  run.jobs.push({ do: 'start', path: member }, { do: 'refill', path });
}

export function memberEnded(run: Run, path: string, index: number, result: NodeResult): void {
  const state = stateOf(run, path, 'group');
  if (state === undefined) return;
  const node = nodeOf(run, path, 'group');
  state.done++;
  if (result.ok && node.quorum !== undefined) state.g = (state.g ?? 0) + 1;
  if (!result.ok && !(result.stopped === true && state.x === 1)) {
    // whoever collects keeps each error, the others the first
    keepError(run, node.collect === true ? `${path}.${index}` : path, result.error);
    state.f = 1;
  }
  const decided = state.x === 1 ? undefined : decidedBy(node, state, result);
  if (decided !== undefined) {
    state.x = 1;
    for (const other of membersUnderWay(run, path)) run.jobs.push({ do: 'stop', path: other, error: decided });
  }
  const all = state.x === 1 ? state.next : node.nodes.length;
  if (state.done < all) {
    run.jobs.push({ do: 'refill', path });
    return;
  }
  if (node.collect === true && state.x !== 1) return collected(run, path, node);
  if (node.collect === true) for (const i of node.nodes.keys()) dropError(run, `${path}.${i}`);
  const error = run.op.errors.get(path);
  const isGood = node.quorum === undefined ? error === undefined && state.x !== 1 : (state.g ?? 0) >= node.quorum;
  if (!isGood && state.next < node.nodes.length) noteUnstarted(run, path, state.next);
  endNode(run, path, isGood ? OK : endOf(result, error));
}

/** Why the members under way are not needed any more; undefined = they are. */
function decidedBy(node: CompiledGroup, state: NodeStateOf<'group'>, result: NodeResult): WireError | undefined {
  const failed = { code: 'cancelled', message: 'another member of its group failed', ...(result.ok ? {} : { cause: result.error }) };
  if (node.quorum === undefined) return result.ok || node.waitAll === true || node.collect === true ? undefined : failed;
  const good = state.g ?? 0;
  if (good >= node.quorum) return { code: 'cancelled', message: 'enough members of its group have succeeded' };
  return node.nodes.length - (state.done - good) < node.quorum ? failed : undefined;
}

const REPORT_LIMIT_BYTES = 200_000;

/** All have ended: what went wrong is the output, the group has succeeded. */
function collected(run: Run, path: string, node: CompiledGroup): void {
  const report: { member: number; step: string; error: WireError }[] = [];
  let bytes = 0;
  for (const [index, member] of node.nodes.entries()) {
    const at = `${path}.${index}`;
    const error = run.op.errors.get(at);
    if (error === undefined) continue;
    dropError(run, at);
    const entry = { member: index, step: nameIn(member) ?? at, error: boundError(error, 300, 2) };
    bytes += encodeJson(entry).length;
    if (bytes <= REPORT_LIMIT_BYTES) report.push(entry);
  }
  keepOutput(run, node.output ?? node.id!, report as never, bytes);
  endNode(run, path, OK);
}

function endOf(last: NodeResult, error: { readonly code: string; readonly message: string } | undefined): NodeResult {
  if (error !== undefined) return { ok: false, error };
  return last.ok ? { ok: false, error: { code: 'cancelled', message: 'stopped' }, stopped: true } : last;
}

function membersUnderWay(run: Run, path: string): Set<string> {
  const depth = path.split('.').length + 1;
  const out = new Set<string>();
  for (const active of [...run.op.active.keys(), ...(run.op.progress.paused?.starts ?? [])]) {
    if (active.startsWith(`${path}.`)) out.add(active.split('.').slice(0, depth).join('.'));
  }
  return out;
}
