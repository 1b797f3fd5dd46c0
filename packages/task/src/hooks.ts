/** The hooks of a handler in their order, wherever it runs: in the worker's own thread or in one of its own. */
import { type HandlerObject, splitPatch, type TaskContext } from './handler.ts';
import type { Phase } from './outcome.ts';

export interface HookRun {
  readonly object: HandlerObject<unknown, unknown, unknown>;
  /** Look at the backend first, and run only what has not happened. */
  readonly reconcile: boolean;
  /** Validated. */
  readonly input: unknown;
  readonly context: Omit<TaskContext, 'loaded' | 'signal'>;
  /** Makes the signal when somebody asks for it: most handlers never do, and it costs more than the rest of their attempt. */
  signal(): AbortSignal;
  /** Told before each hook, and once the look has told whether the effect has happened. */
  enter(phase: Phase, mayHaveHappened?: boolean): void;
}

export type HookEnd =
  | { readonly type: 'value'; readonly value: unknown }
  /** Nobody can tell whether it has happened: there is no `reconcile`, or the backend does not say. */
  | { readonly type: 'unknown'; readonly why: 'noReconcile' | 'backend' };

/** Throws what a hook throws. */
export async function runHooks(run: HookRun): Promise<HookEnd> {
  const { object, input, reconcile, enter } = run;
  enter('load');
  const bare = contextOf(run, undefined);
  const context = object.load === undefined ? bare : contextOf(run, await object.load(bare));
  let value: unknown;
  if (reconcile) {
    enter('reconcile');
    if (object.reconcile === undefined) return { type: 'unknown', why: 'noReconcile' };
    const { found } = await object.reconcile(input, context);
    if (found === 'unknown') return { type: 'unknown', why: 'backend' };
    enter('reconcile', found !== false);
    value = found === false ? await runIt(run, context) : found;
  } else {
    value = await runIt(run, context);
  }
  if (object.after !== undefined) {
    enter('after');
    await object.after(splitPatch(value).output, context);
  }
  return { type: 'value', value };
}

function contextOf<Loaded>({ context, signal }: HookRun, loaded: Loaded): TaskContext<Loaded> {
  return {
    ...context,
    get signal() {
      return signal();
    },
    loaded,
  };
}

async function runIt({ object, input, enter }: HookRun, context: TaskContext<unknown>): Promise<unknown> {
  if (object.before !== undefined) {
    enter('before');
    await object.before(input, context);
  }
  enter('run', true);
  return object.run(input, context);
}
