/**
 * A handler is what runs a task: a function, or an object with `run` and hooks; both are equal in rights. The order is
 * load, before, run, after, encode; what throws skips the rest, and `after` sees successes only.
 */
import type { Context, Json, ResourcePatch, ResourceRef } from '@troupe/protocol';
import { TroupeError } from '@troupe/protocol';
import type { InputOf, OutputOf, TaskContract } from './contract.ts';
import { type IsolatedHandler, isolation, type Isolation } from './isolation.ts';
import { onlyKnown } from './options.ts';

export interface TaskContext<L = undefined> {
  readonly task: string;
  readonly resource: ResourceRef | undefined;
  /** What `load` returned. */
  readonly loaded: L;
  /** Aborts at the time limit, when the attempt is not wanted any more, and at the end of a drain's grace. */
  readonly signal: AbortSignal;
  readonly attempt: number;
  readonly attempts: number;
  /** Epoch milliseconds at which the attempt's time is over. */
  readonly deadline: number;
  readonly fence: { readonly epoch: number; readonly lease?: number } | undefined;
  /** The same for every attempt of a step: hand it to a backend that knows client tokens, or look for your object by it. */
  readonly idempotencyToken: string;
  readonly step: string | undefined;
  readonly operation: string | undefined;
  /** User, tenant, correlation, traceparent of whoever ordered it. Never authorises anything. */
  readonly headers: Context;
  log(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** Shown while the attempt runs; best effort, at most once a second, and then the last one counts. */
  progress(value: Json): void;
}

/** What `reconcile` found: the effect happened (with its output), it did not, or nobody can tell. */
export type Reconciled<O> = { readonly found: O } | { readonly found: false } | { readonly found: 'unknown' };

export interface HandlerObject<I, O, L = undefined> {
  /** Before everything: what the other hooks need, as `context.loaded`. Throw `Fatal` (`resource_gone`) if it is not there any more. */
  load?(context: TaskContext): Promise<L> | L;
  /** What it throws is the outcome, and nothing has happened yet. */
  before?(input: I, context: TaskContext<L>): Promise<void> | void;
  run(input: I, context: TaskContext<L>): Promise<O | WithPatch<O>> | O | WithPatch<O>;
  /** Only after a success. */
  after?(output: O, context: TaskContext<L>): Promise<void> | void;
  /**
   * For `idempotent: 'no'`: looks at the backend whether an earlier attempt's effect happened. `found: false` lets it run
   * again, so say it only if the effect can neither have happened nor be under way.
   */
  reconcile?(input: I, context: TaskContext<L>): Promise<Reconciled<O | WithPatch<O>>>;
  /** For logs; what it throws is ignored. */
  describe?(input: I): string;
}

export type HandlerFunction<I, O, L = undefined> = HandlerObject<I, O, L>['run'];

const HOOKS: Record<keyof HandlerObject<unknown, unknown>, true> = {
  load: true,
  before: true,
  run: true,
  after: true,
  reconcile: true,
  describe: true,
};
const PATCH = Symbol.for('troupe.task.patch');

export interface WithPatch<O> {
  readonly output: O;
  readonly patch: ResourcePatch;
}

/** An output together with what it changes on the resource; the supervisor writes it. */
export function withPatch<O>(output: O, patch: ResourcePatch): WithPatch<O> {
  const both = { output, patch };
  Object.defineProperty(both, PATCH, { value: true });
  return both;
}

export function splitPatch(value: unknown): { output: unknown; patch: ResourcePatch | undefined } {
  if (typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[PATCH] === true) {
    const both = value as WithPatch<unknown>;
    return { output: both.output, patch: both.patch };
  }
  return { output: value, patch: undefined };
}

export interface Handler {
  readonly contract: TaskContract;
  /** Its hooks, or where they are to be had. */
  readonly object: HandlerObject<unknown, unknown, unknown> | undefined;
  readonly isolation: Isolation | undefined;
}

/**
 * Ties a handler to its contract. Throws `invalid_options` for a hook that does not exist or is no function, and for an
 * isolated one whose module is not there.
 *
 *     handle(createVolume, (input, { signal, idempotencyToken }) => cloud.create(input.size, { idempotencyToken, signal }))
 *     handle(convertImage, { isolate: true, module: new URL('./convert-image.js', import.meta.url) })
 */
export function handle<C extends TaskContract, L = undefined>(
  contract: C,
  handler: HandlerFunction<InputOf<C>, OutputOf<C>, L> | HandlerObject<InputOf<C>, OutputOf<C>, L> | IsolatedHandler,
): Handler {
  if (typeof handler === 'object' && handler !== null && 'isolate' in handler) {
    return Object.freeze({ contract, object: undefined, isolation: isolation(handler) });
  }
  return Object.freeze({ contract, object: handlerObject(contract.name, handler as never), isolation: undefined });
}

/** Throws `invalid_options`. */
export function handlerObject(
  task: string,
  handler: HandlerFunction<unknown, unknown, unknown> | HandlerObject<unknown, unknown, unknown>,
): HandlerObject<unknown, unknown, unknown> {
  const object = typeof handler === 'function' ? { run: handler } : handler;
  // an instance of a class may have fields of its own
  if (Object.getPrototypeOf(object) === Object.prototype) onlyKnown(object, HOOKS, `handler of ${task}`);
  for (const hook of Object.keys(HOOKS) as (keyof typeof HOOKS)[]) {
    const given: unknown = object[hook];
    if (typeof given === 'function' || (given === undefined && hook !== 'run')) continue;
    throw new TroupeError('invalid_options', `handler of ${task}: ${hook} must be a function`, { field: hook });
  }
  return object;
}

/** Handlers by name. Two under one name are a refusal to start, not a silent choice (S11). */
export function handlersByName(handlers: readonly Handler[]): ReadonlyMap<string, Handler> {
  const byName = new Map<string, Handler>();
  for (const handler of handlers) {
    const { name } = handler.contract;
    if (byName.has(name)) throw new TroupeError('duplicate_name', `two handlers are called ${name}`, { field: name });
    byName.set(name, handler);
  }
  return byName;
}

/** Total: a description never breaks a run (S20). */
export function describeTask(handler: Handler, input: unknown): string {
  try {
    const text: unknown = handler.object?.describe?.(input);
    return typeof text === 'string' && text !== '' ? text.slice(0, 200) : handler.contract.name;
  } catch {
    return handler.contract.name;
  }
}
