/** Operations that a test writes in a line: plans by name, and what each step does by its id. */
import { createExecutor, type ExecutorDefinition, type PlanNode } from '@troupe/executor';
import { defineKind } from '@troupe/resource';
import { type App, defineApp } from '@troupe/runtime';
import { defineTask, handle, type TaskContext } from '@troupe/task';

export const Thing = defineKind({ kind: 'thing', runtimeStates: ['busy', 'ready', 'broken'] });
export const act = defineTask({ name: 'act', idempotent: 'yes', retry: { attempts: 2, delays: ['10ms'], jitter: 0 } });

export type Hand = (input: unknown, context: TaskContext) => unknown;

export interface Play {
  /** Free-form executors. */
  readonly plans?: Readonly<Record<string, () => PlanNode>>;
  readonly executors?: readonly ExecutorDefinition[];
  /** What a step does; absent = nothing, and it succeeds. */
  readonly hands?: Readonly<Record<string, Hand>>;
  readonly app?: Partial<App>;
}

export interface Played {
  /** Steps in the order in which they ran, each attempt. */
  readonly ran: string[];
  readonly appOf: () => App;
}

export function play({ plans = {}, executors = [], hands = {}, app = {} }: Play): Played {
  const ran: string[] = [];
  const free = Object.entries(plans).map(([name, plan]) => createExecutor({ name, family: 'free', plan }));
  return {
    ran,
    appOf: () =>
      defineApp({
        name: 'conformance',
        executors: [...free, ...executors],
        tasks: [act],
        kinds: [Thing],
        handlers: () => [
          handle(act, async (input, context) => {
            ran.push(context.step!);
            return (await hands[context.step!]?.(input, context)) ?? null;
          }),
        ],
        limits: { default: 2 },
        ...app,
      }),
  };
}
