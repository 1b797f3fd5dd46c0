/**
 * A group: members side by side, joined exactly once. Which members are done is known from two counters and the set of
 * nodes under way; a member ends once, because it is gone from that set then.
 */
import { keepError, nodeOf, type NodeResult, endNode, OK, type Run, self, send, stateOf, TURN_BUDGET_BYTES } from '../operation/run.ts';

export function startGroup(run: Run, path: string): void {
  const node = nodeOf(run, path, 'group');
  if (node.nodes.length === 0) return endNode(run, path, OK);
  run.op.active.set(path, { k: 'group', next: 0, done: 0 });
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

export function memberEnded(run: Run, path: string, result: NodeResult): void {
  const state = stateOf(run, path, 'group');
  if (state === undefined) return;
  const node = nodeOf(run, path, 'group');
  state.done++;
  if (!result.ok && !(result.stopped === true && state.x === 1)) {
    keepError(run, path, result.error);
    state.f = 1;
    if (node.waitAll !== true && state.x !== 1) {
      state.x = 1;
      const error = { code: 'cancelled', message: 'another member of its group failed', cause: result.error };
      for (const other of membersUnderWay(run, path)) run.jobs.push({ do: 'stop', path: other, error });
    }
  }
  const all = state.x === 1 ? state.next : node.nodes.length;
  if (state.done < all) {
    run.jobs.push({ do: 'refill', path });
    return;
  }
  const error = run.op.errors.get(path);
  endNode(run, path, error === undefined && state.x !== 1 ? OK : endOf(result, error));
}

function endOf(last: NodeResult, error: { readonly code: string; readonly message: string } | undefined): NodeResult {
  if (error !== undefined) return { ok: false, error };
  return last.ok ? { ok: false, error: { code: 'cancelled', message: 'stopped' }, stopped: true } : last;
}

function membersUnderWay(run: Run, path: string): Set<string> {
  const depth = path.split('.').length + 1;
  const out = new Set<string>();
  for (const active of run.op.active.keys()) {
    if (active.startsWith(`${path}.`)) out.add(active.split('.').slice(0, depth).join('.'));
  }
  return out;
}
