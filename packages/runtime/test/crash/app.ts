/** Four plans that a crash may cut anywhere: a chain, a group with its join, a poll, and work under a limit of one token. */
import { chain, createExecutor, type ExecutorDefinition, group, type PlanNode, poll, step, throttled, transition } from '@troupe/executor';
import { defineKind } from '@troupe/resource';
import { type App, defineApp } from '@troupe/runtime';
import { defineTask, handle, withPatch } from '@troupe/task';

export const Machine = defineKind({ kind: 'machine' });
export const make = defineTask({ name: 'make', idempotent: 'token' });
export const look = defineTask({ name: 'look', idempotent: 'yes' });

/** Makes one object at the backend. */
const made = (id: string, first = false): PlanNode => step(id, make, {}, first ? { transition: 'beginCreating' } : {});
/** With so much input that the plan does not fit into the root of a record and becomes an item. */
const madeOfMuch = (id: string): PlanNode => step(id, make, { note: 'n'.repeat(1_500) });
const ready = (): PlanNode => poll('ready', look, { until: { runtimeState: ['available'] }, every: '50ms', for: '1m' });

interface Plan {
  readonly executor: ExecutorDefinition;
  /** The steps that make an object each. */
  readonly makes: readonly string[];
}

const plan = (name: string, makes: readonly string[], node: () => PlanNode): Plan => ({
  makes,
  executor: createExecutor({ name: `machine.${name}`, family: 'create', resource: Machine, plan: node }),
});

export const plans = {
  chain: plan('chain', ['one', 'two', 'three', 'four'], () => chain(made('one', true), made('two'), made('three'), made('four'))),
  group: plan('group', ['a', 'b', 'c', 'd', 'after'], () =>
    chain(transition(undefined, 'beginCreating'), group({ policy: 'waitAll' }, ...['a', 'b', 'c', 'd'].map(madeOfMuch)), made('after')),
  ),
  poll: plan('poll', ['object'], () => chain(made('object', true), ready())),
  throttled: plan('throttled', ['outer', 'inner', 'later'], () =>
    chain(
      throttled({ scope: 'backend', need: { machine: 1 } }, made('outer', true), made('inner')),
      throttled({ scope: 'backend', need: { machine: 1 } }, made('later')),
    ),
  ),
} as const satisfies Record<string, Plan>;

export type PlanName = keyof typeof plans;

export interface Backend {
  /** URL of the ledger. */
  readonly url: string;
  /** Whether it knows its objects by the token of who makes them, and makes none twice; else handlers look before they make. */
  readonly knowsTokens: boolean;
}

export function crashApp({ url, knowsTokens }: Backend): App {
  return defineApp({
    name: 'crash',
    executors: Object.values(plans).map(({ executor }) => executor),
    tasks: [make, look],
    limits: { default: 1 },
    handlers: () => [
      handle(make, async (_input, { idempotencyToken }) => {
        const object = `${url}/objects/${encodeURIComponent(idempotencyToken)}`;
        if (knowsTokens) {
          await fetch(object, { method: 'PUT' });
        } else {
          const found = await fetch(object);
          if (found.status === 404) await fetch(object, { method: 'POST' });
        }
        return { made: idempotencyToken };
      }),
      handle(look, async (_input, { operation }) => {
        const answer = await fetch(`${url}/looks/${encodeURIComponent(operation!)}`);
        return withPatch(null, { runtimeState: await answer.text() });
      }),
    ],
  });
}
