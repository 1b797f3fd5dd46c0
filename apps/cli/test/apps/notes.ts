/** An app for tests: notes that are written, slowly or not at all, and books that hold them. */
import { chain, createExecutor, poll, ref, step, throttled, undoable, wait } from '@troupe/executor';
import { defineKind } from '@troupe/resource';
import { defineApp } from '@troupe/runtime';
import { defineTask, Fatal, handle, withPatch } from '@troupe/task';
import { z } from 'zod';

const text = z.object({ text: z.string().min(1) });
export const write = defineTask({ name: 'note.write', idempotent: 'yes', pool: 'notes', input: text, retry: { delays: ['10ms'] } });
const look = defineTask({ name: 'note.look', idempotent: 'yes', pool: 'notes' });
const Book = defineKind({ kind: 'book' });

export const writeNote = createExecutor({
  name: 'note.write',
  family: 'free',
  input: text,
  plan: ({ input }) => step('write', write, { text: input.text }),
  output: { note: 'written' },
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
/** Written, then approved by somebody; erased if it does not come to that. */
const reviewNote = createExecutor({
  name: 'note.review',
  family: 'free',
  plan: () =>
    chain(
      undoable(step('write', write, { text: 'draft' }), step('erase', write, { text: 'nothing' })),
      wait('approval', { signal: 'approved', deadline: '10h' }),
    ),
  output: ref('approval'),
});
/** Fails the first time that its second step runs, and goes on when it is retried. */
const twice = defineTask({ name: 'note.second', idempotent: 'yes', pool: 'notes' });
const twiceNote = createExecutor({
  name: 'note.twice',
  family: 'free',
  plan: () => chain(step('first', write, { text: 'one' }), step('second', twice, {}), step('third', write, { text: 'three' })),
});
const bindBook = createExecutor({
  name: 'book.bind',
  family: 'update',
  resource: Book,
  plan: () => step('bind', write, { text: 'cover' }),
});

/** Keeps the book until somebody has read it. */
const readBook = createExecutor({
  name: 'book.read',
  family: 'update',
  resource: Book,
  plan: () => wait('reading', { signal: 'read', deadline: '10h' }),
});

export const app = defineApp({
  name: 'notes',
  executors: [writeNote, holdNote, reviewNote, twiceNote, bindBook, readBook],
  tasks: [write, look, twice],
  handlers: () => [
    handle(write, (input) => {
      if (input.text === 'bad') throw new Fatal('no such note');
      return { length: input.text.length };
    }),
    handle(twice, (_, { attempt }) => {
      if (attempt === 1) throw new Fatal('not yet');
      return null;
    }),
    handle(look, () => withPatch(null, { runtimeState: 'writing' })),
  ],
  limits: { kinds: { sheet: 2 } },
});
