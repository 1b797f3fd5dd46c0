/** A handler is what runs a task: a function, or an object with `run` and hooks; both are equal in rights. */
import type { Context, Json, ResourcePatch, ResourceRef } from '@troupe/protocol';
import { TroupeError } from '@troupe/protocol';
import type { InputOf, OutputOf, TaskContract } from './contract.ts';

export interface TaskContext {
  readonly resource: ResourceRef | undefined;
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
  /** Shown while the attempt runs; best effort. */
  progress(value: Json): void;
}

/** What `reconcile` found: the effect happened (with its output), it did not, or nobody can tell. */
export type Reconciled<O> = { readonly found: O } | { readonly found: false } | { readonly found: 'unknown' };

export interface HandlerObject<I, O> {
  /** First; what it throws is the outcome. */
  before?(input: I, context: TaskContext): Promise<void> | void;
  run(input: I, context: TaskContext): Promise<O | WithPatch<O>> | O | WithPatch<O>;
  /** Only after a success. */
  after?(output: O, context: TaskContext): Promise<void> | void;
  /** For `idempotent: 'no'`: looks at the backend whether an earlier attempt's effect happened. */
  reconcile?(input: I, context: TaskContext): Promise<Reconciled<O | WithPatch<O>>>;
  /** For logs; what it throws is ignored. */
  describe?(input: I): string;
}

export type HandlerFunction<I, O> = HandlerObject<I, O>['run'];

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
  readonly object: HandlerObject<unknown, unknown>;
}

export function handle<C extends TaskContract>(
  contract: C,
  handler: HandlerFunction<InputOf<C>, OutputOf<C>> | HandlerObject<InputOf<C>, OutputOf<C>>,
): Handler {
  const object = typeof handler === 'function' ? { run: handler } : handler;
  if (typeof object.run !== 'function')
    throw new TroupeError('invalid_options', `handler of ${contract.name}: run must be a function`, { field: 'run' });
  return { contract, object: object as HandlerObject<unknown, unknown> };
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
