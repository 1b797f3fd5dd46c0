/** Kinds, tasks and a way to write executors in one line, for tests that are about the plan. */
import { createExecutor, type ExecutorDefinition, type ExecutorOptions, type PlanNode } from '@troupe/executor';
import type { JsonObject } from '@troupe/protocol';
import { defineKind } from '@troupe/resource';
import { type Bench, type BenchOptions, createBench } from './bench.ts';
import { task } from './workers.ts';

export const Volume = defineKind({
  kind: 'volume',
  runtimeStates: ['creating', 'available', 'in-use', 'deleting', 'error', 'error_deleting', 'odd'],
});
export const Server = defineKind({ kind: 'server' });

export const work = task('work');
export const create = task('create', { idempotent: 'token' });
export const look = task('look');
export const once = task('once', { idempotent: 'no' });
export const big = task('big', { class: 'heavy' });
export const tasks = [work, create, look, once, big];

type More = Partial<Omit<ExecutorOptions<JsonObject, undefined>, 'plan'>> & { readonly limits?: BenchOptions['limits'] };

/** A free-form executor called `test`, which owns nothing. */
export function free(plan: PlanNode | (() => PlanNode), more: More = {}): ExecutorDefinition {
  const { limits: _, ...options } = more;
  return createExecutor({ name: 'test', family: 'free', plan: () => (typeof plan === 'function' ? plan() : plan), ...options });
}

export interface Ran {
  readonly bench: Bench;
  readonly id: string;
}

/** Starts one operation of a plan that owns nothing, without running it. */
export async function start(
  plan: PlanNode | (() => PlanNode),
  options: Partial<BenchOptions> & { readonly executor?: More } = {},
): Promise<Ran> {
  const { executor, ...rest } = options;
  const bench = createBench({ tasks, ...rest, executors: [free(plan, executor), ...(rest.executors ?? [])] });
  const id = await bench.command('test');
  return { bench, id };
}

/** Steps in the order in which their tasks were first sent. */
export function steps(bench: Bench): string[] {
  return [...new Set(bench.workers.sent.map(({ message }) => `${message.step}`))];
}
