/** A small app for tests: no-op and failing tasks, chains, groups, polls and throttled plans over a kind `thing`. */
import { chain, createExecutor, group, poll, step, throttled } from '@troupe/executor';
import { defineKind } from '@troupe/resource';
import { type App, defineApp } from '@troupe/runtime';
import { defineTask, Fatal, handle, withPatch } from '@troupe/task';

export const Thing = defineKind({ kind: 'thing' });
export const noop = defineTask({ name: 'noop', idempotent: 'yes' });
export const look = defineTask({ name: 'look', idempotent: 'yes' });
export const broken = defineTask({ name: 'broken', idempotent: 'yes' });

export const chainOf5 = createExecutor({
  name: 'chain',
  family: 'free',
  plan: () => chain(...[1, 2, 3, 4, 5].map((n) => step(`s${n}`, noop, { n }))),
});
export const groupOf20 = createExecutor({
  name: 'group',
  family: 'free',
  plan: () => group({ policy: 'waitAll' }, ...Array.from({ length: 20 }, (_, n) => step(`s${n}`, noop, { n }))),
});
export const createThing = createExecutor({
  name: 'thing.create',
  family: 'create',
  resource: Thing,
  plan: () =>
    throttled(
      { scope: 'cloud', need: { thing: 1 } },
      step('create', noop, {}, { transition: 'beginCreating' }),
      poll('ready', look, { until: { runtimeState: ['available'] }, every: '100ms', for: '1m' }),
    ),
});
export const failing = createExecutor({
  name: 'failing',
  family: 'free',
  plan: () => chain(step('a', noop, {}), step('b', broken, {}), step('c', noop, {})),
});

export function testApp(overrides: Partial<App> = {}): App {
  return defineApp({
    name: 'test',
    executors: [chainOf5, groupOf20, createThing, failing],
    tasks: [noop, look, broken],
    handlers: () => [
      handle(noop, (input) => input ?? null),
      handle(look, () => withState('available')),
      handle(broken, () => {
        throw new Fatal('it is broken');
      }),
    ],
    limits: { default: 4 },
    ...overrides,
  });
}

function withState(runtimeState: string) {
  return withPatch(null, { runtimeState });
}
