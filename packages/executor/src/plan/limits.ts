/**
 * What a plan may take: time, and room in the record. Both are read from the plan, before it runs.
 *
 * Room: the root of the record holds one entry per node under way and must stay under 64 KB. So the room is split among
 * parallel branches here, and the window of a group is what fits; nothing has to be measured while it runs.
 */
import { type PlanTask, spanMs } from './plan-task.ts';
import { type CompiledNode, type CompiledPlan, nodesOf } from './compiled.ts';
import { wrong } from './checks.ts';

const ROOM_BYTES = 36_000;
/** Kept for what a planner will make: enough for a few nodes, or for one at a time of very many. */
const EXPANSION_ROOM_BYTES = 2_000;
/** Shorter limits arm the watchdog anew when their node starts: a timer each, which is right for what is short. */
const WATCH_LEAST_MS = 60_000;
const WATCH_MOST_MS = 24 * 3_600_000;

type Measured = Pick<CompiledPlan, 'root' | 'steps' | 'durationMs' | 'watchMs'>;
type Tasks = Readonly<Record<string, PlanTask>>;

export function measure(node: CompiledNode, tasks: Tasks, queueMs: number, roomBytes = ROOM_BYTES): Measured {
  if (leastRoom(node) > roomBytes) throw wrong('plan', 'is nested too deep to be kept in one record');
  const root = fit(node, roomBytes);
  const shortest = { ms: WATCH_MOST_MS };
  const durationMs = duration(root, { tasks, queueMs, shortest });
  return { root, steps: countSteps(root), durationMs, watchMs: Math.max(WATCH_LEAST_MS, shortest.ms) };
}

/** Bytes that a node takes in the root while it is under way, its inner nodes apart. */
function ownRoom(node: CompiledNode): number {
  switch (node.type) {
    case 'chain':
    case 'fail':
    case 'giveBack':
      return 0;
    case 'undoable':
      return 60;
    case 'expand':
      return EXPANSION_ROOM_BYTES;
    case 'throttled':
      return 170 + node.scope.length + JSON.stringify({ ...node.need, ...node.spend, share: node.share }).length;
    case 'poll':
      return 230;
    case 'step':
      return 130;
    case 'wait':
      return 450;
    case 'child':
    case 'pause':
    case 'signal':
    case 'transition':
    case 'group':
    case 'attempt':
      return 90;
  }
}

/** With one member of every group at a time. */
function leastRoom(node: CompiledNode): number {
  return ownRoom(node) + nodesOf(node).reduce((most, inner) => Math.max(most, leastRoom(inner)), 0);
}

function fit(node: CompiledNode, room: number): CompiledNode {
  if (node.type === 'expand') return { ...node, roomBytes: room };
  if (!('nodes' in node) || node.nodes.length === 0) return node;
  const left = room - ownRoom(node);
  if (node.type !== 'group') return { ...node, nodes: node.nodes.map((inner) => fit(inner, left)) } as CompiledNode;
  const widest = node.nodes.reduce((most, inner) => Math.max(most, leastRoom(inner)), 1);
  const window = Math.max(1, Math.min(node.window, node.nodes.length, Math.floor(left / widest)));
  return { ...node, window, nodes: node.nodes.map((inner) => fit(inner, Math.floor(left / window))) };
}

export function countSteps(node: CompiledNode): number {
  switch (node.type) {
    case 'step':
    case 'poll':
    case 'pause':
    case 'wait':
    case 'signal':
    case 'child':
      return 1;
    // taking back is no part of the way: its steps are added when it begins
    case 'undoable':
      return countSteps(node.nodes[0]!);
    // what it will be is not known yet; it is added when it is
    case 'expand':
    case 'fail':
      return 0;
    case 'giveBack':
    case 'transition':
      return 0;
    case 'chain':
    case 'group':
    case 'throttled':
    case 'attempt':
      return node.nodes.reduce((sum, inner) => sum + countSteps(inner), 0);
  }
}

interface Measuring {
  readonly tasks: Tasks;
  readonly queueMs: number;
  /** The shortest limit met so far. */
  readonly shortest: { ms: number };
}

/** Longest time that a node may take by its own limits. */
function duration(node: CompiledNode, by: Measuring): number {
  const inner = (): number[] => nodesOf(node).map((one) => duration(one, by));
  const limit = (ms: number): number => {
    by.shortest.ms = Math.min(by.shortest.ms, ms);
    return ms;
  };
  switch (node.type) {
    case 'step':
      return (node.afterMs ?? 0) + limit(stepDeadlineMs(node.deadlineMs, by.tasks[node.task]!, by.queueMs));
    case 'poll':
      return limit(node.forMs);
    case 'pause':
      return node.forMs;
    case 'wait':
    case 'signal':
    case 'child':
      return limit(node.deadlineMs);
    case 'giveBack':
    case 'transition':
    case 'expand':
    case 'fail':
      return 0;
    case 'chain':
    case 'undoable':
      return sum(inner());
    case 'throttled':
      if (node.deadlineMs !== undefined) limit(node.deadlineMs);
      return sum(inner());
    case 'group':
      return Math.ceil(node.nodes.length / node.window) * longest(inner());
    case 'attempt': {
      const [body = 0, ...rest] = inner();
      const last = node.hasFinally === true ? (rest.pop() ?? 0) : 0;
      return body + longest(rest) + last;
    }
  }
}

function longest(list: readonly number[]): number {
  return list.reduce((a, b) => Math.max(a, b), 0);
}

export function stepDeadlineMs(own: number | undefined, task: PlanTask, queueMs: number): number {
  return own ?? spanMs(task) + queueMs;
}

function sum(list: readonly number[]): number {
  return list.reduce((a, b) => a + b, 0);
}
