/**
 * Checks a plan and makes it what is stored. Everything that can be seen in the plan is refused here, with its place:
 * names that nobody knows, options that nobody reads, outputs that nobody produces, leases that would wait for each other.
 */
import type { HeldLease } from '../mail.ts';
import { encodeJson, type ResourceRef } from '@troupe/protocol';
import { type ResourceKind, type TransitionName, transitionNamed } from '@troupe/resource';
import type { TaskContract } from '@troupe/task';
import { type PlanTask, planTask } from './plan-task.ts';
import { idAt, knownKeys, wrong } from './checks.ts';
import { type CompiledNode, type CompiledPlan, ROOT_PATH } from './compiled.ts';
import { attemptParts, compileChild, compileExpand, compileFail, compileGroup, compileTransition, compileWait } from './compile-nodes.ts';
import { compileThrottled, compileGiveBack, heldByParents, type HeldNeed } from './compile-lease.ts';
import { compilePoll, compileStep } from './compile-work.ts';
import { measure } from './limits.ts';
import type { PlanNode, Target, TaskTarget } from './nodes.ts';
import { type StoredInput, storeInput } from './ref.ts';
import { SECRET_REFUSED, secretIn } from '../secrets.ts';

export interface CompileSettings {
  /** Tasks that may be named by text. */
  readonly tasks?: ReadonlyMap<string, TaskContract>;
  /** Names of executors that a child may be; absent = any. */
  readonly executors?: { has(name: string): boolean };
  /** What the operation owns, its first resource first. */
  readonly resources?: readonly ResourceRef[];
  readonly kinds?: ReadonlyMap<string, ResourceKind>;
  /** Leases of the ancestors of the operation. */
  readonly held?: readonly HeldLease[];
  /** The transition that the family fires with the first step; given to the first step unless the plan places it itself. */
  readonly firstStep?: TransitionName;
  /** What the operation puts out; may hold references. */
  readonly output?: unknown;
  /** Names of planners that an `expand` may be; absent = any. */
  readonly planners?: { has(name: string): boolean };
  /** Set for a part that is made when it is reached. */
  readonly within?: Surroundings;
  /** How long a task may wait for a worker, on top of what its attempts may take, before its step gives up. */
  readonly queueAllowanceMs?: number;
  /** The operation owns its resources in name only: a pull. */
  readonly onlyLooks?: boolean;
}

/** Where in a running plan a part is put. */
export interface Surroundings {
  /** Path of the `expand`. */
  readonly path: string;
  /** Put before the ids of the part, so that they are its own. */
  readonly prefix: string;
  /** Outputs that are there. */
  readonly outputs: Iterable<string>;
  readonly held: readonly HeldNeed[];
  readonly roomBytes: number;
}

/** Nodes of one plan at the most. */
export const PLAN_LIMIT_NODES = 20_000;
/** Encoded size of one plan at the most. */
export const PLAN_LIMIT_BYTES = 8 * 1_048_576;
/** Input of one step or child at the most: it travels in one message. */
export const INPUT_LIMIT_BYTES = 131_072;
const DEPTH_LIMIT = 24;

/** What the parts of the compiler share while they walk one plan. */
export interface Compiler {
  readonly settings: CompileSettings;
  readonly tasks: Record<string, PlanTask>;
  readonly held: readonly HeldNeed[];
  input(value: unknown, place: Place): StoredInput | undefined;
  id(value: unknown, place: Place): string;
  output(name: string | undefined, id: string, place: Place): string | undefined;
  task(target: TaskTarget, place: Place): string;
  on(target: Target | undefined, place: Place): number | undefined;
  transition(name: TransitionName, place: Place): TransitionName;
}

export interface Place {
  readonly path: string;
  /** What an error names: `plan.0.2`. */
  readonly field: string;
}

/** Compiles a plan, or throws `invalid_plan` (`nested_need`, `lease_order`, `unknown_task`, `unknown_executor`) with its place. */
export function compilePlan(plan: PlanNode, settings: CompileSettings = {}): CompiledPlan {
  const ids = new Set<string>();
  const outputs = new Map<string, string>();
  const named = new Set<string>();
  const groups = new Set<string>();
  const transitions = new Set<string>();
  const tasks: Record<string, PlanTask> = {};
  let nodes = 0;
  const { within } = settings;
  const prefix = within?.prefix ?? '';
  for (const name of within?.outputs ?? []) outputs.set(name, '');

  const stored = (value: unknown, at: Place): StoredInput | undefined => {
    const found = storeInput(value, at.field);
    const secret = found === undefined ? undefined : secretIn(found.value);
    if (secret !== undefined) throw wrong(`${at.field}.${secret}`, SECRET_REFUSED);
    const refs = found?.refs?.map((one) => {
      const field = [at.field, ...one.at].join('.');
      const output = nearest(one.output, prefix, outputs);
      if (output === undefined) throw wrong(field, `no earlier step has an output ${JSON.stringify(one.output)}`);
      if (groups.has(commonPath(outputs.get(output)!, at.path)))
        throw wrong(field, `${JSON.stringify(one.output)} comes from a step that runs beside this one`);
      named.add(output);
      return { ...one, output };
    });
    const input = found === undefined || refs === undefined ? found : { ...found, refs };
    if (input !== undefined && encodeJson(input.value).length > INPUT_LIMIT_BYTES)
      throw wrong(at.field, `is over ${INPUT_LIMIT_BYTES} bytes`);
    return input;
  };

  const compilerAt = (held: readonly HeldNeed[]): Compiler => ({
    settings,
    tasks,
    held,
    input: (value, at) => stored(value, { ...at, field: `${at.field}.input` }),
    id(value, at) {
      const id = prefix + idAt(value, `${at.field}.id`);
      if (ids.has(id)) throw wrong(`${at.field}.id`, `${JSON.stringify(id)} is the id of another node`);
      ids.add(id);
      return id;
    },
    output(name, id, at) {
      const output = name === undefined ? id : prefix + idAt(name, `${at.field}.output`);
      if (outputs.has(output)) throw wrong(`${at.field}.output`, `${JSON.stringify(output)} is the output of another step`);
      outputs.set(output, at.path);
      return name === undefined ? undefined : output;
    },
    task(target, at) {
      const name = typeof target === 'string' ? target : target.name;
      const known = typeof target === 'string' ? settings.tasks?.get(name) : (target as TaskContract);
      if (known === undefined) throw wrong(`${at.field}.task`, `${JSON.stringify(name)} is not registered`, 'unknown_task');
      tasks[name] ??= planTask(known);
      return name;
    },
    on: (target, at) => resourceIndex(target, settings.resources ?? [], at),
    transition(name, at) {
      const known = transitionNamed(name);
      if (known === undefined || !known.firedBy.some((by) => by === 'start' || by === 'end')) {
        throw wrong(`${at.field}.transition`, `${JSON.stringify(name)} is no transition of a plan`);
      }
      transitions.add(name);
      return name;
    },
  });

  const many = (list: readonly PlanNode[], path: string, held: readonly HeldNeed[]): CompiledNode[] => {
    if (!Array.isArray(list)) throw wrong(`plan.${path}`, 'must have a list of nodes');
    return list.map((inner, i) => visit(inner, `${path}.${i}`, held));
  };

  const visit = (node: PlanNode, path: string, held: readonly HeldNeed[]): CompiledNode => {
    const place = { path, field: `plan.${path}` };
    if (++nodes > PLAN_LIMIT_NODES) throw wrong(place.field, `a plan has at most ${PLAN_LIMIT_NODES} nodes`);
    if (path.split('.').length > DEPTH_LIMIT) throw wrong(place.field, `a plan is at most ${DEPTH_LIMIT} deep`);
    const compiler = compilerAt(held);
    switch (node?.type) {
      case 'step':
        return compileStep(node, place, compiler);
      case 'poll':
        return compilePoll(node, place, compiler);
      case 'chain':
        return { type: 'chain', nodes: many(node.nodes, path, held) };
      case 'group':
        groups.add(path);
        return { ...compileGroup(node, place, compiler), nodes: many(node.nodes, path, held) };
      case 'wait':
        return compileWait(node, place, compiler);
      case 'undoable':
        knownKeys(node, ['type', 'body', 'undo'], place.field);
        // when it is taken back the leases around it have been given back
        return {
          type: 'undoable',
          nodes: [visit(node.body, `${path}.0`, held), visit(node.undo, `${path}.1`, heldByParents(settings.held ?? []))],
        };
      case 'fail':
        return compileFail(node, place, stored);
      case 'expand':
        return compileExpand(node, place, compiler);
      case 'throttled': {
        const { compiled, within } = compileThrottled(node, place, compiler);
        return { ...compiled, nodes: many(node.nodes, path, within) };
      }
      case 'giveBack':
        return compileGiveBack(node, place, compiler);
      case 'transition':
        return compileTransition(node, place, compiler, stored);
      case 'child':
        return compileChild(node, place, compiler);
      case 'attempt': {
        const parts = attemptParts(node, place);
        return {
          type: 'attempt',
          nodes: many(parts.nodes, path, held),
          codes: parts.codes,
          ...(parts.hasFinally ? { hasFinally: true } : {}),
        };
      }
      default:
        throw wrong(place.field, 'is no node of a plan');
    }
  };

  const compiled = visit(plan, within === undefined ? ROOT_PATH : `${within.path}.0`, within?.held ?? heldByParents(settings.held ?? []));
  const root = placeFirstStep(compiled, settings.firstStep, transitions);
  const output = settings.output === undefined ? undefined : stored(settings.output, { path: '', field: 'output' });
  const queueMs = settings.queueAllowanceMs ?? 0;
  const out: CompiledPlan = {
    ...measure(root, tasks, queueMs, within?.roomBytes),
    tasks,
    queueMs,
    ...(named.size === 0 ? {} : { named: [...named] }),
    ...(output === undefined ? {} : { output }),
  };
  const bytes = encodeJson(out).length;
  if (bytes > PLAN_LIMIT_BYTES) throw wrong('plan', `has ${bytes} bytes, at most ${PLAN_LIMIT_BYTES} are kept`);
  return out;
}

/** Index of a resource; undefined = the first one, so that it need not be stored. */
function resourceIndex(target: Target | undefined, owned: readonly ResourceRef[], at: Place): number | undefined {
  if (target === undefined) return undefined;
  const field = `${at.field}.on`;
  const matches = owned.flatMap((one, i) =>
    (typeof target === 'string' ? one.kind === target : one.kind === target.kind && one.id === target.id) ? [i] : [],
  );
  const name = typeof target === 'string' ? target : `${target?.kind}/${target?.id}`;
  if (matches.length === 0) throw wrong(field, `the operation does not own ${name}`);
  if (matches.length > 1) throw wrong(field, `the operation owns ${matches.length} of ${name}: name one by {kind, id}`);
  return matches[0] === 0 ? undefined : matches[0];
}

function placeFirstStep(root: CompiledNode, name: TransitionName | undefined, used: ReadonlySet<string>): CompiledNode {
  if (name === undefined || used.has(name)) return root;
  const place = (node: CompiledNode): CompiledNode | undefined => {
    if (node.type === 'step' || node.type === 'poll')
      return node.on === undefined && node.transition === undefined ? { ...node, transition: name } : undefined;
    if (!('nodes' in node)) return undefined;
    for (const [i, inner] of node.nodes.entries()) {
      const placed = place(inner);
      if (placed !== undefined) return { ...node, nodes: node.nodes.with(i, placed) } as CompiledNode;
    }
    return undefined;
  };
  return place(root) ?? root;
}

/** Of a name in a part that was made when it was reached: its own first, then what is around it. */
function nearest(name: string, prefix: string, outputs: ReadonlyMap<string, string>): string | undefined {
  for (let around = prefix; around !== ''; around = around.slice(0, around.lastIndexOf('/', around.length - 2) + 1))
    if (outputs.has(around + name)) return around + name;
  return outputs.has(name) ? name : undefined;
}

function commonPath(a: string, b: string): string {
  const [x, y] = [a.split('.'), b.split('.')];
  let n = 0;
  while (n < x.length && x[n] === y[n]) n++;
  return x.slice(0, n).join('.');
}
