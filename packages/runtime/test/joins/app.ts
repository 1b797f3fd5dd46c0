/** A group of ten, and one step after it that is given what each of them has put out. */
import { chain, createExecutor, group, ref, step } from '@troupe/executor';
import { type App, defineApp } from '@troupe/runtime';
import { defineTask, handle } from '@troupe/task';
import type { Json } from '@troupe/protocol';

export const members = Array.from({ length: 10 }, (_, i) => `m${i + 1}`);
export const shape = { partitions: 2, dedupWindowMs: 1_000, mailAckWaitMs: 1_000, taskAckWaitMs: 1_500 } as const;

const retry = { attempts: 1 };
const member = defineTask({ name: 'member', idempotent: 'yes', retry });
const join = defineTask({ name: 'join', idempotent: 'yes', retry });

const gather = createExecutor({
  name: 'gather',
  family: 'free',
  plan: () =>
    chain(
      group({ policy: 'waitAll' }, ...members.map((name) => step(name, member, {}))),
      step('join', join, { all: members.map((name) => ref(`${name}.made`)) }),
    ),
});

/** `ledger` is told each start of a handler and may hold its answer back. */
export function joinApp(ledger: string): App {
  const tell = async (what: string, input: unknown): Promise<void> => {
    await fetch(`${ledger}/${what}`, { method: 'POST', body: JSON.stringify(input) });
  };
  return defineApp({
    name: 'joins',
    executors: [gather],
    tasks: [member, join],
    handlers: () => [
      handle(member, async (input, context) => {
        await tell(context.step!, input);
        return { made: `by ${context.step}` };
      }),
      handle(join, async (input: Json) => {
        await tell('join', input);
        return null;
      }),
    ],
  });
}
