/** An app whose operations stay in each state for as long as a test looks. */
import type { ResourceStore } from '@troupe/actor';
import { createExecutor, ref, step, throttled, wait } from '@troupe/executor';
import { defineKind } from '@troupe/resource';
import { type App, defineApp } from '@troupe/runtime';
import { defineTask, handle } from '@troupe/task';
import { z } from 'zod';

const Book = defineKind({ kind: 'book' });
const text = z.object({ text: z.string().min(1) });
const write = defineTask({ name: 'write', idempotent: 'yes', pool: 'notes', input: text });
const hold = defineTask({ name: 'hold', idempotent: 'yes', pool: 'notes' });
const tell = defineTask({ name: 'tell', idempotent: 'yes', pool: 'notes' });
const fail = defineTask({ name: 'fail', idempotent: 'yes', pool: 'notes', retry: { delays: ['10m'] } });

const executor = (name: string, plan: () => ReturnType<typeof step | typeof wait | typeof throttled>) =>
  createExecutor({ name, family: 'free', plan });

const executors = [
  createExecutor({
    name: 'note.write',
    family: 'free',
    input: text,
    plan: ({ input }) => step('write', write, { text: input.text }),
    output: ref('write'),
  }),
  createExecutor({
    name: 'approval',
    family: 'free',
    plan: () => wait('ask', { signal: 'approved', deadline: '10h' }),
    output: ref('ask'),
  }),
  executor('work', () => step('work', hold, {})),
  executor('telling', () => step('tell', tell, {})),
  executor('flaky', () => step('try', fail, {})),
  executor('nap', () => wait('nap', { for: '10h' })),
  executor('narrow', () => throttled({ scope: 'cloud', need: { vm: 1 } }, wait('held', { signal: 'done', deadline: '10h' }))),
  createExecutor({
    name: 'book.read',
    family: 'update',
    resource: Book,
    plan: () => wait('reading', { signal: 'read', deadline: '10h' }),
  }),
];

export function statesApp(resourceStore: () => ResourceStore): App {
  return defineApp({
    name: 'states',
    executors,
    tasks: [write, hold, tell, fail],
    resourceStore,
    handlers: () => [
      handle(write, (input) => ({ length: input.text.length })),
      handle(
        hold,
        (_, { signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('stopped')))),
      ),
      handle(tell, (_, { progress }) => {
        progress({ percent: 40 });
        return null;
      }),
      handle(fail, () => {
        throw new Error('not yet');
      }),
    ],
    limits: { kinds: { vm: 1 } },
  });
}
