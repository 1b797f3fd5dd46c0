/** F22: orders that a script fulfils, as a job of a cluster. */
import { chain, createExecutor, outputOf, poll, step } from '@troupe/executor';
import { defineKind } from '@troupe/resource';
import { defineApp } from '@troupe/runtime';
import { defineTask, Fatal, handle, withPatch } from '@troupe/task';
import { z } from 'zod';
import type { FakeBackend } from '../support/backend.ts';

const Order = defineKind({ kind: 'order' });
const Item = defineKind({ kind: 'item' });

const job = z.object({ job: z.string() });
const tasks = {
  start: defineTask({
    name: 'job.start',
    input: job.extend({ script: z.string() }),
    output: job,
    idempotent: 'token',
    retry: { delays: ['10ms'] },
  }),
  look: defineTask({ name: 'job.look', input: job, idempotent: 'yes' }),
  read: defineTask({ name: 'job.read', input: job, output: z.object({ lastLine: z.string() }), idempotent: 'yes' }),
};

/**
 * The name of the job is the id of the order: whoever starts it again finds it. What waits is the poll; a job that has
 * failed is not started again.
 */
function runScript(name: string, script: string) {
  const start = step('start', tasks.start, { job: name, script });
  const started = { job: outputOf(start).job };
  return chain(
    start,
    poll('exit', tasks.look, { input: started, until: { done: true }, every: '20ms', for: '2s' }),
    step('result', tasks.read, started),
  );
}

const runOrder = createExecutor({
  name: 'order.run',
  family: 'create',
  resource: Order,
  class: 'heavy',
  input: z.object({ script: z.string() }),
  plan: ({ resource, input }) => runScript(`order-${resource.id}`, input.script),
});

/** Nothing of it stays but what it says: it has no resource. */
const dryRun = createExecutor({
  name: 'order.dryRun',
  family: 'free',
  class: 'heavy',
  input: z.object({ script: z.string() }),
  plan: ({ input, operation }) => runScript(`dry-run-${operation}`, input.script),
});

const pullItem = createExecutor({
  name: 'item.pull',
  family: 'action',
  resource: Item,
  class: 'heavy',
  plan: ({ resource, operation }) => runScript(`pull-${resource.id}-${operation}`, 'pull'),
});

export const scripts = (backend: FakeBackend) =>
  defineApp({
    name: 'scripts',
    executors: [runOrder, dryRun, pullItem],
    tasks: Object.values(tasks),
    kinds: [Order, Item],
    slots: { total: 1, heavy: { floor: 1, ceiling: 1 }, regular: { floor: 0, ceiling: 0 }, background: { floor: 0, ceiling: 0 } },
    handlers: () => [
      handle(tasks.start, async ({ job: name, script }) => {
        await backend.change('job.start', name, () => {
          if (backend.has(name)) return;
          backend.make(
            name,
            script === 'hangs' ? ['running'] : script === 'fails' ? ['running', 'exit 3'] : ['running', 'running', 'exit 0'],
            { script },
          );
        });
        return { job: name };
      }),
      handle(tasks.look, async ({ job: name }) => {
        const word = (await backend.look('job.look', name))?.word ?? 'lost';
        return { done: word === 'exit 0', failed: word.startsWith('exit') && word !== 'exit 0', message: `the script ended with ${word}` };
      }),
      handle(tasks.read, async ({ job: name }) => {
        const { facts } = (await backend.look('job.read', name))!;
        const output = facts['script'] === 'says nothing' ? '' : `creating…\ndone\nbackend-of-${name}\n`;
        const lastLine = output.trimEnd().split('\n').at(-1) ?? '';
        if (lastLine === '') throw new Fatal('the script has put out no backend id', { code: 'no_backend_id' });
        return withPatch({ lastLine }, { backendId: lastLine });
      }),
    ],
  });
