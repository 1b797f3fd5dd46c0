/** Builds behind throttles, in every shape that the guarantees of throttles speak of. */
import { chain, child, createExecutor, giveBack, group, poll, step, throttled } from '@troupe/executor';
import { defineKind } from '@troupe/resource';
import { type App, defineApp } from '@troupe/runtime';
import { defineTask, handle } from '@troupe/task';
import { z } from 'zod';

export const Machine = defineKind({ kind: 'machine' });
const named = z.object({ name: z.string() });
const begin = defineTask({ name: 'begin', idempotent: 'token', input: named });
const look = defineTask({ name: 'look', idempotent: 'yes', input: named });
const whole = defineTask({ name: 'whole', idempotent: 'token', input: named });
const hang = defineTask({ name: 'hang', idempotent: 'yes', timeLimit: '300ms', retry: { attempts: 1 } });

const build = (name: string) => [
  step('begin', begin, { name }, {}),
  poll('ready', look, { input: { name }, until: { done: true }, every: '50ms', for: '1m' }),
];

/** A machine with a resource, which is written under the lease. Its one call lasts as long as the build. */
export const createMachine = createExecutor({
  name: 'machine.create',
  family: 'create',
  resource: Machine,
  plan: ({ resource }) =>
    throttled({ scope: 'cloud/a', need: { build: 1 } }, step('whole', whole, { name: resource.id }, { transition: 'beginCreating' })),
});

const wishes = z.object({ name: z.string(), scope: z.string().default('cloud/a'), wait: z.string().optional() });

/** A build without a resource; `wait` = longest time to wait for the lease. */
export const makeBuild = createExecutor({
  name: 'build',
  family: 'free',
  input: wishes,
  plan: ({ input: { name, scope, wait } }) =>
    throttled({ scope, need: { build: 1 }, ...(wait === undefined ? {} : { deadline: wait as '1s' }) }, ...build(name)),
});

/** A build in one call that lasts as long as the build. */
export const wholeBuild = createExecutor({
  name: 'build.whole',
  family: 'free',
  input: wishes,
  plan: ({ input: { name, scope } }) => throttled({ scope, need: { build: 1 } }, step('whole', whole, { name })),
});

/** Its handler never answers: the time limit ends it. */
export const hanging = createExecutor({
  name: 'hanging',
  family: 'free',
  plan: () => throttled({ scope: 'cloud/a', need: { build: 1 } }, step('hang', hang, {})),
});

const quick = createExecutor({ name: 'quick', family: 'free', input: named, plan: ({ input }) => step('begin', begin, input) });

/** Begins, then waits for an operation of its own class. */
export const parent = createExecutor({
  name: 'parent',
  family: 'free',
  input: named,
  plan: ({ input: { name } }) => chain(step('begin', begin, { name }), child('child', quick, { input: { name: `${name}-child` } })),
});

const volume = createExecutor({
  name: 'volume',
  family: 'free',
  input: named,
  plan: ({ input: { name } }) => throttled({ scope: 'cloud', need: { volume: 1 } }, ...build(name)),
});
const volumesOf = (name: string) => ['v1', 'v2'].map((v) => child(v, volume, { input: { name: `${name}/${v}` } }));

/** An instance with two volumes: everything it needs is taken at once, the volumes are given back while it boots. */
export const instance = createExecutor({
  name: 'instance',
  family: 'free',
  input: named,
  plan: ({ input: { name } }) =>
    throttled(
      { scope: 'cloud', need: { instance: 1, volume: 2 } },
      group({ policy: 'waitAll' }, ...volumesOf(name)),
      giveBack({ volume: 2 }),
      ...build(name),
    ),
});

/** Holds its own token and asks for those of its volumes one by one. */
export const greedyInstance = createExecutor({
  name: 'instance.greedy',
  family: 'free',
  input: named,
  plan: ({ input: { name } }) =>
    throttled({ scope: 'cloud', need: { instance: 1 } }, group({ policy: 'waitAll' }, ...volumesOf(name)), ...build(name)),
});

export function guaranteeApp(backend: string, overrides: Partial<App> = {}): App {
  const call = async (name: string, query = '', method = 'GET'): Promise<{ isDone: boolean }> =>
    (await (await fetch(`${backend}/${encodeURIComponent(name)}${query}`, { method })).json()) as { isDone: boolean };
  return defineApp({
    name: 'guarantees',
    executors: [createMachine, makeBuild, wholeBuild, hanging, quick, parent, volume, instance, greedyInstance],
    tasks: [begin, look, whole, hang],
    limits: { default: 4 },
    handlers: () => [
      handle(begin, async ({ name }, { fence }) => {
        await call(name, `?fence=${fence?.lease ?? 0}`, 'POST');
        return null;
      }),
      handle(whole, async ({ name }, { fence }) => {
        await call(name, `?wait&fence=${fence?.lease ?? 0}`, 'POST');
        return null;
      }),
      handle(look, async ({ name }) => ({ done: (await call(name)).isDone })),
      handle(hang, (_input, { signal }) => new Promise((_done, fail) => signal.addEventListener('abort', () => fail(signal.reason)))),
    ],
    ...overrides,
  });
}
