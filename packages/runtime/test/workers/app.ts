/** Tasks that last, block, die or are not known to every worker. */
import { createExecutor, step } from '@troupe/executor';
import { defineKind } from '@troupe/resource';
import { type App, defineApp } from '@troupe/runtime';
import { defineTask, type Handler, handle, type TaskContract } from '@troupe/task';
import { z } from 'zod';

export const Machine = defineKind({ kind: 'machine' });
const input = z.object({ ms: z.number().default(0) });

const lasts = defineTask({ name: 'lasts', idempotent: 'yes', input });
const blocks = defineTask({ name: 'blocks', idempotent: 'yes', input });
const exits = defineTask({ name: 'exits', idempotent: 'yes', input });
const exhausts = defineTask({ name: 'exhausts', idempotent: 'yes', input });
/** Only workers of the second version know it. */
const isNew = defineTask({ name: 'is-new', idempotent: 'yes', input });
const tasks: readonly TaskContract[] = [lasts, blocks, exits, exhausts, isNew] as never;

const executors = tasks.map((task) =>
  createExecutor({ name: task.name, family: 'free', input, plan: ({ input: given }) => step('only', task, given) }),
);
const create = createExecutor({
  name: 'machine.create',
  family: 'create',
  resource: Machine,
  input,
  plan: ({ input: given }) => step('only', lasts, given, { transition: 'beginCreating' }),
});

export function workersApp(version: 1 | 2): App {
  const old: Handler[] = [
    handle(lasts, async ({ ms }, { attempt, signal }) => {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(resolve, ms);
        signal.addEventListener('abort', () => {
          clearTimeout(timer);
          reject(new Error('told to stop'));
        });
      });
      return { attempt, by: process.pid };
    }),
    handle(blocks, async ({ ms }, { attempt }) => {
      const end = performance.now() + ms;
      while (performance.now() < end);
      return { attempt, by: process.pid };
    }),
    handle(exits, () => process.exit(7)),
    handle(exhausts, () => {
      const kept: unknown[] = [];
      for (;;) kept.push(Array.from({ length: 100_000 }, (_, n) => ({ n })));
    }),
  ];
  const handlers = version === 1 ? old : [...old, handle(isNew, () => ({ version: 2 }))];
  return defineApp({ name: 'workers', executors: [...executors, create] as never, tasks, handlers: () => handlers, kinds: [Machine] });
}
