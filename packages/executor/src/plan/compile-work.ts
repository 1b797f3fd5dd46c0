/** Compiles the nodes that send task messages: `step` and `poll`. */
import { knownKeys, countAt, msAt, wordsAt, wrong } from './checks.ts';
import type { Compiler, Place } from './compile.ts';
import type { CompiledPoll, CompiledStep } from './compiled.ts';
import { withRetry } from './plan-task.ts';
import type { PollNode, RuntimeStates, StepNode } from './nodes.ts';

const COMMON = ['type', 'id', 'task', 'input', 'transition', 'runtimeState', 'on', 'class', 'after', 'output'];
const STEP_KEYS = [...COMMON, 'retry', 'deadline'];
const POLL_KEYS = [...COMMON, 'until', 'fail', 'gone', 'every', 'backoff', 'jitter', 'for', 'tolerate', 'unknown'];
const JITTER_LIMIT = 1;

export function compileStep(node: StepNode, place: Place, compiler: Compiler): CompiledStep {
  knownKeys(node, STEP_KEYS, place.field);
  const common = compileCommon(node, place, compiler);
  const task = node.retry === undefined ? common.task : withRetry(compiler.tasks, common.task, node.retry, `${place.field}.retry`);
  return {
    type: 'step',
    ...common,
    task,
    ...(node.deadline === undefined ? {} : { deadlineMs: msAt(node.deadline, `${place.field}.deadline`, 1) }),
  };
}

export function compilePoll(node: PollNode, place: Place, compiler: Compiler): CompiledPoll {
  knownKeys(node, POLL_KEYS, place.field);
  const common = compileCommon(node, place, compiler);
  const at = (name: string): string => `${place.field}.${name}`;
  const words = (list: readonly string[] | undefined, name: string): readonly string[] => {
    const states = wordsAt(list, at(name));
    checkVocabulary(states, node, place, compiler, name);
    return states;
  };
  if (node.until === undefined || !('runtimeState' in node.until || node.until.done === true))
    throw wrong(at('until'), 'must be {runtimeState: [...]} or {done: true}');
  const until = 'runtimeState' in node.until ? words(node.until.runtimeState, 'until') : undefined;
  const fail = node.fail === undefined ? undefined : words(node.fail.runtimeState, 'fail');
  // `gone` may name a word of the look itself (a 404), which the backend never reports
  const gone = node.gone?.runtimeState === undefined ? undefined : wordsAt(node.gone.runtimeState, at('gone'));
  const twice = [...(until ?? []), ...(fail ?? []), ...(gone ?? [])].find((word, i, all) => all.indexOf(word) !== i);
  if (twice !== undefined) throw wrong(place.field, `${JSON.stringify(twice)} has two meanings`);
  const jitter = node.jitter ?? 0;
  if (typeof jitter !== 'number' || !(jitter >= 0 && jitter <= JITTER_LIMIT))
    throw wrong(at('jitter'), `must be from 0 to ${JITTER_LIMIT}`);
  return {
    type: 'poll',
    ...common,
    ...(until === undefined ? {} : { until }),
    ...(fail === undefined ? {} : { fail }),
    ...(gone === undefined ? {} : { gone }),
    ...(node.gone?.means === 'success' ? { goneIsSuccess: true } : {}),
    everyMs: msAt(node.every ?? '5s', at('every'), 1),
    ...(node.backoff === undefined ? {} : { backoffMs: node.backoff.map((one, i) => msAt(one, at(`backoff.${i}`), 1)) }),
    ...(jitter === 0 ? {} : { jitter }),
    forMs: msAt(node.for ?? (until === undefined ? '50m' : '100m'), at('for'), 1),
    tolerate: countAt(node.tolerate ?? 5, at('tolerate'), 0),
    ...compileUnknown(node, place, compiler),
  };
}

function compileCommon(node: StepNode | PollNode, place: Place, compiler: Compiler) {
  const id = compiler.id(node.id, place);
  if (node.class !== undefined && node.class !== 'heavy') throw wrong(`${place.field}.class`, 'can only be raised to heavy');
  const task = compiler.task(node.task, place);
  const input = compiler.input(node.input, place);
  const on = compiler.on(node.on, place);
  const writes = node.transition !== undefined || node.runtimeState !== undefined;
  if (writes && (compiler.settings.resources ?? []).length === 0) throw wrong(place.field, 'the operation owns no resource to write to');
  if (writes && compiler.settings.onlyLooks === true) throw wrong(place.field, 'a pull moves nothing: it only looks');
  const output = compiler.output(node.output, id, place);
  return {
    id,
    task,
    ...(input === undefined ? {} : { input }),
    ...(on === undefined ? {} : { on }),
    ...(node.transition === undefined ? {} : { transition: compiler.transition(node.transition, place) }),
    ...(node.runtimeState === undefined ? {} : { runtime: runtimeStates(node.runtimeState, node, place, compiler) }),
    ...(node.class === undefined ? {} : { heavy: true as const }),
    ...(node.after === undefined ? {} : { afterMs: msAt(node.after, `${place.field}.after`) }),
    ...(output === undefined ? {} : { output }),
  };
}

function runtimeStates(states: RuntimeStates, node: StepNode | PollNode, place: Place, compiler: Compiler): RuntimeStates {
  knownKeys(states, ['during', 'success', 'failure'], `${place.field}.runtimeState`);
  const words = Object.values(states).filter((word) => word !== undefined);
  checkVocabulary(wordsAt(words, `${place.field}.runtimeState`), node, place, compiler, 'runtimeState');
  return states;
}

/** A poll for a word that the backend never says would wait for ever (S34). */
function checkVocabulary(states: readonly string[], node: StepNode | PollNode, place: Place, compiler: Compiler, name: string): void {
  const known = vocabularyOf(node, place, compiler);
  const stranger = known === undefined ? undefined : states.find((word) => !known.has(word));
  if (stranger !== undefined)
    throw wrong(`${place.field}.${name}`, `there is no runtime state ${JSON.stringify(stranger)}, only ${[...(known ?? [])].join(', ')}`);
}

function vocabularyOf(node: StepNode | PollNode, place: Place, compiler: Compiler): ReadonlySet<string> | undefined {
  const resource = compiler.settings.resources?.[compiler.on(node.on, place) ?? 0];
  return resource === undefined ? undefined : compiler.settings.kinds?.get(resource.kind)?.runtimeStates;
}

function compileUnknown(node: PollNode, place: Place, compiler: Compiler): { known?: string[]; unknownAfter?: number } {
  if (node.unknown === undefined || node.unknown === 'continue') return {};
  const known = vocabularyOf(node, place, compiler);
  if (known === undefined) throw wrong(`${place.field}.unknown`, 'needs a resource kind that declares its runtime states');
  return { known: [...known], unknownAfter: countAt(node.unknown.failAfter, `${place.field}.unknown.failAfter`, 1) };
}
