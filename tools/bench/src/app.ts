/** The app that is measured: no-op steps in chains and groups, steps that hold a token or start late, background work that hangs. */
import { chain, createExecutor, group, step, throttled } from '@troupe/executor';
import { type App, defineApp } from '@troupe/runtime';
import { defineTask, handle } from '@troupe/task';
import { z } from 'zod';

export const noop = defineTask({ name: 'noop', idempotent: 'yes' });
const hold = defineTask({ name: 'hold', idempotent: 'yes' });
/** Hangs until its worker ends. */
export const pull = defineTask({ name: 'pull', class: 'background', idempotent: 'yes', timeLimit: '30m' });
const stamp = defineTask({ name: 'stamp', idempotent: 'yes' });

const sized = z.object({ steps: z.number().int().positive() });

const chainOf = createExecutor({
  name: 'chain',
  family: 'free',
  input: sized,
  plan: ({ input }) => chain(...Array.from({ length: input.steps }, (_, n) => step(`s${n}`, noop, { n }))),
});
const groupOf = createExecutor({
  name: 'group',
  family: 'free',
  input: sized,
  plan: ({ input }) =>
    group({ policy: 'waitAll', window: 500 }, ...Array.from({ length: input.steps }, (_, n) => step(`s${n}`, noop, { n }))),
});
const held = createExecutor({
  name: 'held',
  family: 'free',
  input: z.object({ scope: z.string(), ms: z.number() }),
  plan: ({ input: { scope, ms } }) => throttled({ scope, need: { token: 1 } }, step('hold', hold, { ms })),
});
const late = createExecutor({
  name: 'late',
  family: 'free',
  input: z.object({ afterMs: z.number(), dueAt: z.number() }),
  plan: ({ input: { afterMs, dueAt } }) => step('stamp', stamp, { dueAt }, { after: `${afterMs}ms` }),
});

/** When the handlers ran, as far as they ran in this process. */
export interface Watch {
  noopStarted: (at: number) => void;
  /** Background pulls under way. */
  hanging: number;
  readonly holds: { readonly start: number; end: number }[];
  readonly latenessMs: number[];
}

export function benchApp(limits: App['limits'] = {}): { app: App; watch: Watch } {
  const watch: Watch = { noopStarted: () => undefined, hanging: 0, holds: [], latenessMs: [] };
  const app = defineApp({
    name: 'bench',
    executors: [chainOf, groupOf, held, late],
    tasks: [noop, hold, stamp, pull],
    limits: limits ?? {},
    slots: { total: 264, regular: { floor: 256, ceiling: 256 }, heavy: { floor: 4, ceiling: 4 }, background: { floor: 4, ceiling: 4 } },
    handlers: () => [
      handle(noop, () => {
        watch.noopStarted(performance.now());
        return null;
      }),
      handle(hold, async (input) => {
        const run = { start: performance.now(), end: Number.NaN };
        watch.holds.push(run);
        await new Promise<void>((resolve) => {
          setTimeout(resolve, (input as { ms: number }).ms);
        });
        run.end = performance.now();
        return null;
      }),
      handle(pull, () => {
        watch.hanging++;
        return new Promise<never>(() => undefined);
      }),
      handle(stamp, (input) => {
        watch.latenessMs.push(epochMs() - (input as { dueAt: number }).dueAt);
        return null;
      }),
    ],
  });
  return { app, watch };
}

/** Wall clock with fractions, comparable between processes of one machine. */
export function epochMs(): number {
  return performance.timeOrigin + performance.now();
}
