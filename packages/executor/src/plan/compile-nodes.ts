/** Compiles the nodes that send no task messages of their own. */
import type { Json } from '@troupe/protocol';
import { countAt, knownKeys, msAt, oneOf, refAt, textAt, wordsAt, wrong } from './checks.ts';
import type { Compiler, Place } from './compile.ts';
import type { CompiledGroup, CompiledNode } from './compiled.ts';
import type { AttemptNode, ChildNode, ExpandNode, FailNode, GroupNode, PlanNode, TransitionNode, WaitNode } from './nodes.ts';
import type { StoredInput } from './ref.ts';

/** Characters of the name of a signal at the most. */
export const SIGNAL_LIMIT_CHARS = 64;

export function compileGroup(node: GroupNode, place: Place, compiler: Compiler): Omit<CompiledGroup, 'nodes'> {
  knownKeys(node, ['type', 'policy', 'window', 'nodes', ...(node.policy === 'collect' ? ['id', 'output'] : [])], place.field);
  const field = `${place.field}.policy`;
  const window = countAt(node.window ?? 100, `${place.field}.window`, 1, 500);
  if (typeof node.policy === 'object' && node.policy !== null) {
    knownKeys(node.policy, ['quorum'], field);
    const members = Array.isArray(node.nodes) ? node.nodes.length : 0;
    return { type: 'group', quorum: countAt(node.policy.quorum, `${field}.quorum`, 1, members), window };
  }
  const policy = oneOf(node.policy ?? 'failFast', ['failFast', 'waitAll', 'collect'], field);
  if (policy === 'collect') {
    const id = compiler.id(node.id, place);
    const output = compiler.output(node.output, id, place);
    return { type: 'group', collect: true, id, ...(output === undefined ? {} : { output }), window };
  }
  return { type: 'group', ...(policy === 'waitAll' ? { waitAll: true } : {}), window };
}

export function compileWait(node: WaitNode, place: Place, compiler: Compiler): CompiledNode {
  knownKeys(node, ['type', 'id', 'wait'], place.field);
  const id = compiler.id(node.id, place);
  if ('for' in node.wait) {
    knownKeys(node.wait, ['for'], place.field);
    return { type: 'pause', id, forMs: msAt(node.wait.for, `${place.field}.for`) };
  }
  if ('signal' in node.wait) {
    knownKeys(node.wait, ['signal', 'deadline', 'output'], place.field);
    const output = compiler.output(node.wait.output, id, place);
    return {
      type: 'signal',
      id,
      signal: textAt(node.wait.signal, `${place.field}.signal`, SIGNAL_LIMIT_CHARS),
      deadlineMs: msAt(node.wait.deadline, `${place.field}.deadline`, 1),
      ...(output === undefined ? {} : { output }),
    };
  }
  knownKeys(node.wait, ['resource', 'until', 'fail', 'deadline', 'every'], place.field);
  const { wait } = node;
  return {
    type: 'wait',
    id,
    resource: refAt(wait.resource, `${place.field}.resource`),
    until: wordsAt(wait.until ?? ['OK'], `${place.field}.until`),
    ...(wait.fail === undefined ? {} : { fail: wordsAt(wait.fail, `${place.field}.fail`) }),
    deadlineMs: msAt(wait.deadline, `${place.field}.deadline`, 1),
    everyMs: msAt(wait.every ?? '30s', `${place.field}.every`, 100),
  };
}

export function compileTransition(
  node: TransitionNode,
  place: Place,
  compiler: Compiler,
  stored: (value: unknown, at: Place) => StoredInput | undefined,
): CompiledNode {
  knownKeys(node, ['type', 'on', 'to', 'set'], place.field);
  if ((compiler.settings.resources ?? []).length === 0) throw wrong(place.field, 'the operation owns no resource');
  if (compiler.settings.onlyLooks === true) throw wrong(place.field, 'a pull moves nothing: it only looks');
  if (node.set !== undefined) knownKeys(node.set, ['runtimeState', 'backendId', 'data'], `${place.field}.set`);
  const on = compiler.on(node.on, place);
  const set = stored(node.set, { ...place, field: `${place.field}.set` });
  const rest = { ...(on === undefined ? {} : { on }), ...(set === undefined ? {} : { set }) };
  if (typeof node.to === 'string') return { type: 'transition', name: compiler.transition(node.to, place), ...rest };
  return {
    type: 'transition',
    from: wordsAt(node.to.from, `${place.field}.to.from`),
    to: textAt(node.to.to, `${place.field}.to.to`),
    ...rest,
  };
}

export function compileChild(node: ChildNode, place: Place, compiler: Compiler): CompiledNode {
  knownKeys(node, ['type', 'id', 'executor', 'resource', 'resources', 'input', 'options', 'onConflict', 'deadline', 'output'], place.field);
  const id = compiler.id(node.id, place);
  const executor = textAt(typeof node.executor === 'string' ? node.executor : node.executor?.name, `${place.field}.executor`);
  if (compiler.settings.executors !== undefined && !compiler.settings.executors.has(executor)) {
    throw wrong(`${place.field}.executor`, `${JSON.stringify(executor)} is not registered`, 'unknown_executor');
  }
  if (node.resource !== undefined && node.resources !== undefined) throw wrong(`${place.field}.resources`, 'excludes resource');
  if (node.options !== undefined) knownKeys(node.options, ['force', 'class'], `${place.field}.options`);
  const input = compiler.input(node.input, place);
  const output = compiler.output(node.output, id, place);
  return {
    type: 'child',
    id,
    executor,
    ...(node.resource === undefined ? {} : { resource: refAt(node.resource, `${place.field}.resource`) }),
    ...(node.resources === undefined ? {} : { resources: node.resources.map((r, i) => refAt(r, `${place.field}.resources.${i}`)) }),
    ...(input === undefined ? {} : { input }),
    ...(node.options === undefined ? {} : { options: node.options as { [key: string]: Json } }),
    ...(oneOf(node.onConflict ?? 'wait', ['wait', 'reject'], `${place.field}.onConflict`) === 'reject' ? { reject: true } : {}),
    deadlineMs: msAt(node.deadline ?? '24h', `${place.field}.deadline`, 1),
    ...(output === undefined ? {} : { output }),
  };
}

export function compileFail(node: FailNode, place: Place, stored: (value: unknown, at: Place) => StoredInput | undefined): CompiledNode {
  knownKeys(node, ['type', 'code', 'message', 'data'], place.field);
  const data = stored(node.data, { ...place, field: `${place.field}.data` });
  const code = textAt(node.code, `${place.field}.code`, 100);
  return { type: 'fail', code, message: textAt(node.message, `${place.field}.message`, 1_000), ...(data === undefined ? {} : { data }) };
}

export function compileExpand(node: ExpandNode, place: Place, compiler: Compiler): CompiledNode {
  knownKeys(node, ['type', 'id', 'planner', 'input', 'output'], place.field);
  const id = compiler.id(node.id, place);
  const planner = textAt(typeof node.planner === 'string' ? node.planner : node.planner?.name, `${place.field}.planner`);
  if (compiler.settings.planners !== undefined && !compiler.settings.planners.has(planner)) {
    throw wrong(`${place.field}.planner`, `${JSON.stringify(planner)} is not registered`);
  }
  const input = compiler.input(node.input, place);
  const output = compiler.output(node.output, id, place);
  return {
    type: 'expand',
    id,
    planner,
    ...(input === undefined ? {} : { input }),
    ...(output === undefined ? {} : { output }),
    roomBytes: 0,
    nodes: [],
  };
}

export function attemptParts(node: AttemptNode, place: Place): { nodes: PlanNode[]; codes: (string[] | null)[]; hasFinally: boolean } {
  knownKeys(node, ['type', 'body', 'catch', 'finally'], place.field);
  const clauses = node.catch ?? [];
  const codes = clauses.map((clause, i) => {
    knownKeys(clause, ['code', 'do'], `${place.field}.catch.${i}`);
    const list = typeof clause.code === 'string' ? [clause.code] : wordsAt(clause.code, `${place.field}.catch.${i}.code`);
    return list.includes('any') ? null : [...list];
  });
  const nodes = [node.body, ...clauses.map((clause) => clause.do), ...(node.finally === undefined ? [] : [node.finally])];
  return { nodes, codes, hasFinally: node.finally !== undefined };
}
