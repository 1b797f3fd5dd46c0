/** An app for tests: notes that are written, slowly or not at all. */
import { chain, createExecutor, poll, step, throttled } from '@troupe/executor';
import { defineApp } from '@troupe/runtime';
import { defineTask, Fatal, handle, withPatch } from '@troupe/task';
import { z } from 'zod';

const text = z.object({ text: z.string().min(1) });
const write = defineTask({ name: 'note.write', idempotent: 'yes', pool: 'notes', input: text });
const look = defineTask({ name: 'note.look', idempotent: 'yes', pool: 'notes' });

const writeNote = createExecutor({
  name: 'note.write',
  family: 'free',
  input: text,
  plan: ({ input }) => step('write', write, { text: input.text }),
});
/** Holds one of two tokens for ever. */
const holdNote = createExecutor({
  name: 'note.hold',
  family: 'free',
  plan: () =>
    throttled(
      { scope: 'paper', need: { sheet: 1 } },
      chain(poll('done', look, { until: { runtimeState: ['done'] }, every: '10m', for: '10h' })),
    ),
});

export const app = defineApp({
  name: 'notes',
  executors: [writeNote, holdNote],
  tasks: [write, look],
  handlers: () => [
    handle(write, (input) => {
      if (input.text === 'bad') throw new Fatal('no such note');
      return { length: input.text.length };
    }),
    handle(look, () => withPatch(null, { runtimeState: 'writing' })),
  ],
  limits: { kinds: { sheet: 2 } },
});
