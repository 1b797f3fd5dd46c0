/**
 * A lease around nodes: asked for, held, released in the turn that ends the node. Waiting for it costs nothing: no slot,
 * no attempt, no look. A grant that nobody wants is answered with a release, so a release that overtook its acquire
 * heals by itself.
 */
import type { TaskEnded, WireError } from '@troupe/protocol';
import { rootOf } from '@troupe/throttle';
import type { GrantedMail } from '../mail.ts';
import { endNode, failNode, heldAround, leaseOf, nodeOf, type NodeResult, OK, planOf, type Run, send, stateOf } from '../operation/run.ts';
import type { NodeStateOf } from '../operation/state.ts';
import { firstInner } from '../operation/unfinished.ts';
import { watchFor } from '../operation/watchdog.ts';
import { ancestorsOf, type CompiledThrottled, nodeAt } from '../plan/compiled.ts';
import { deadlineOf } from './deadlines.ts';

export function startThrottled(run: Run, path: string): void {
  const node = nodeOf(run, path, 'throttled');
  if (node.nodes.length === 0) return endNode(run, path, OK);
  const state: NodeStateOf<'lease'> = { k: 'lease', p: 'ask', s: run.context.now };
  run.op.active.set(path, state);
  const deadline = deadlineOf(planOf(run), node, state);
  if (deadline !== undefined) watchFor(run, deadline);
  const held = heldAround(run, path);
  const { scope, need, spend, priority, share } = node;
  const more = {
    ...(spend === undefined ? {} : { spend }),
    ...(priority === undefined ? {} : { priority }),
    ...(share === undefined ? {} : { share }),
  };
  send(run, ownerOf(scope), 'acquire', { lease: leaseOf(run, path), scope, need, ...more, held });
}

export function leaseGranted(run: Run, path: string, body: GrantedMail): void {
  const state = stateOf(run, path, 'lease');
  if (state === undefined) return releaseUnwanted(run, body);
  if (state.p === 'held') return;
  state.p = 'held';
  state.f = body.fence;
  // what was waited for is not the operation's own time
  const { progress } = run.op;
  if (progress.deadline !== undefined) progress.deadline += run.context.now - state.s;
  run.jobs.push({ do: 'start', path: `${path}.${firstInner(run, path)}` });
}

export function leaseRefused(run: Run, path: string, error: WireError): void {
  const state = stateOf(run, path, 'lease');
  if (state?.p === 'ask') failNode(run, path, error);
}

export function leaseAsked(run: Run, lease: string, scope: { readonly kind: string; readonly key: string }, path: string): void {
  send(run, scope, 'holding', { lease, holds: stateOf(run, path, 'lease') !== undefined });
}

export function releaseUnwanted(run: Run, body: GrantedMail): void {
  send(run, ownerOf(body.scope), 'release', { lease: body.lease });
}

export function throttledInnerEnded(run: Run, path: string, index: number, result: NodeResult): void {
  const node = nodeOf(run, path, 'throttled');
  if (result.ok && index + 1 < node.nodes.length) {
    run.jobs.push({ do: 'start', path: `${path}.${index + 1}` });
    return;
  }
  releaseLease(run, path, node);
  endNode(run, path, result);
}

export function leaseOverdue(run: Run, path: string): void {
  const state = stateOf(run, path, 'lease');
  if (state?.p !== 'ask') return;
  const node = nodeOf(run, path, 'throttled');
  releaseLease(run, path, node);
  const waited = run.context.now - state.s;
  failNode(run, path, {
    code: 'deadline_exceeded',
    message: `no lease of ${node.scope} in ${Math.round(waited / 1_000)} s`,
    data: { scope: node.scope, waited },
  });
}

/** Only while it waits: a lease that is held ends with its nodes. */
export function stopThrottled(run: Run, path: string, result: NodeResult): void {
  if (stateOf(run, path, 'lease')?.p !== 'ask') return;
  releaseLease(run, path, nodeOf(run, path, 'throttled'));
  endNode(run, path, result);
}

export function giveBack(run: Run, path: string): void {
  const node = nodeOf(run, path, 'giveBack');
  for (const around of ancestorsOf(path)) {
    const outer = nodeAt(planOf(run), around);
    if (outer?.type !== 'throttled') continue;
    const state = stateOf(run, around, 'lease');
    if (state === undefined) break;
    const left: Record<string, number> = { ...(state.need ?? outer.need) };
    for (const [kind, tokens] of Object.entries(node.need)) {
      left[kind] = (left[kind] ?? 0) - tokens;
      if (left[kind] <= 0) delete left[kind];
    }
    state.need = left;
    send(run, ownerOf(outer.scope), 'giveBack', { lease: leaseOf(run, around), need: node.need });
    break;
  }
  endNode(run, path, OK);
}

/** The backend said so, or was so slow that the attempt was given up. */
const REFUSALS: ReadonlySet<string> = new Set(['overloaded', 'step_timeout']);

/** Where the plan wants it, the scope of the nearest lease hears how the backend did. Of other failures nobody can tell. */
export function observeAttempt(run: Run, path: string, { outcome, startedAt, endedAt }: TaskEnded): void {
  const around = [...ancestorsOf(path)].find((one) => {
    const outer = nodeAt(planOf(run), one);
    return outer?.type === 'throttled' && outer.observe === true;
  });
  if (around === undefined || stateOf(run, around, 'lease')?.p !== 'held') return;
  const refused = outcome.kind === 'failed' && (outcome.retryAfterMs !== undefined || REFUSALS.has(outcome.error.code));
  if (outcome.kind !== 'succeeded' && !refused) return;
  const seen = { ...(refused ? { refused } : {}), latencyMs: Math.max(0, endedAt - startedAt) };
  send(run, ownerOf(nodeOf(run, around, 'throttled').scope), 'observed', { lease: leaseOf(run, around), ...seen });
}

/** Whether it is held or waited for: the scope knows. */
export function releaseLease(run: Run, path: string, node: CompiledThrottled): void {
  send(run, ownerOf(node.scope), 'release', { lease: leaseOf(run, path) });
}

function ownerOf(scope: string): { kind: string; key: string } {
  return { kind: 'throttle', key: rootOf(scope) };
}
