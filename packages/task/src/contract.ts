/**
 * A task's contract: what producers and supervisors know of it. Its handler stands elsewhere, so that importing a contract
 * never loads the SDK of a backend.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type Duration, durationMs, isLonger, NAME_LIMIT_CHARS, type QueueClass, queueClasses, TroupeError } from '@troupe/protocol';
import { onlyKnown, refuse } from './options.ts';
import { type Idempotency, type RetryOptions, type RetryPolicy, retryPolicy } from './retry-policy.ts';
import { isSchema } from './schema.ts';

export interface TaskOptions<I extends StandardSchemaV1 = StandardSchemaV1, O extends StandardSchemaV1 = StandardSchemaV1> {
  /** Stable, at most 128 characters; it is the wire name. */
  readonly name: string;
  /** Shape of the input; checked when the task is sent and again before the handler. Absent = any JSON. */
  readonly input?: I;
  /** Shape of the output; checked in the worker. Absent = any JSON. */
  readonly output?: O;
  /** Default `regular`. `heavy` is the last resort, `background` is what the clock starts. */
  readonly class?: QueueClass;
  /** Which workers run it. Default `default`; 1 to 64 characters of A-Z a-z 0-9 _ -. */
  readonly pool?: string;
  /** Default 5 attempts with pauses of 1, 2, 4, 8 s; with `idempotent: 'no'` 1 attempt. */
  readonly retry?: RetryOptions;
  /** Time limit of one attempt, held by the worker. Default 60 s, heavy 30 min. */
  readonly timeLimit?: Duration;
  /** How running twice is made safe; there is no default, because no answer is safe for everybody. */
  readonly idempotent: Idempotency;
  /** Name of a feature: where the app says that it is not open, the task is neither sent nor run, and its step is passed over. */
  readonly gate?: string;
  readonly description?: string;
}

export interface TaskContract<I extends StandardSchemaV1 = StandardSchemaV1, O extends StandardSchemaV1 = StandardSchemaV1> {
  readonly name: string;
  readonly input?: I;
  readonly output?: O;
  readonly class: QueueClass;
  readonly pool: string;
  readonly retry: RetryPolicy;
  readonly timeLimitMs: number;
  readonly idempotent: Idempotency;
  readonly gate?: string;
  readonly description: string;
}

/** What a handler gets. */
export type InputOf<C> = C extends TaskContract<infer I, StandardSchemaV1> ? StandardSchemaV1.InferOutput<I> : unknown;
/** What a sender gives; a schema may fill in the rest. */
export type SentInputOf<C> = C extends TaskContract<infer I, StandardSchemaV1> ? StandardSchemaV1.InferInput<I> : unknown;
/** What a handler returns. */
export type OutputOf<C> = C extends TaskContract<StandardSchemaV1, infer O> ? StandardSchemaV1.InferInput<O> : unknown;

const OPTIONS: Record<keyof TaskOptions, true> = {
  name: true,
  input: true,
  output: true,
  class: true,
  pool: true,
  retry: true,
  timeLimit: true,
  idempotent: true,
  gate: true,
  description: true,
};
/** A pool names durables and senders as well, where other characters would be spelled out. */
const POOL = /^[A-Za-z0-9_-]{1,64}$/;
const TIME_LIMIT_MS = { regular: 60_000, background: 60_000, heavy: 1_800_000 } as const;

/** Makes a contract. Throws `invalid_options` that names the field; an option that nobody reads is refused, not ignored. */
export function defineTask<I extends StandardSchemaV1 = StandardSchemaV1, O extends StandardSchemaV1 = StandardSchemaV1>(
  options: TaskOptions<I, O>,
): TaskContract<I, O> {
  onlyKnown(options, OPTIONS, '');
  const { name, input, output, idempotent, gate, class: cls = 'regular', pool = 'default', description = '' } = options;
  if (typeof name !== 'string' || name === '' || isLonger(name, NAME_LIMIT_CHARS)) {
    refuse('name', `must be text of 1 to ${NAME_LIMIT_CHARS} characters`);
  }
  if (input !== undefined && !isSchema(input)) refuse('input', 'must be a Standard Schema');
  if (output !== undefined && !isSchema(output)) refuse('output', 'must be a Standard Schema');
  if (!queueClasses.includes(cls)) refuse('class', `must be one of ${queueClasses.join(', ')}`);
  if (!['yes', 'token', 'no'].includes(idempotent)) refuse('idempotent', "must be 'yes', 'token' or 'no'");
  if (typeof pool !== 'string' || !POOL.test(pool)) refuse('pool', 'must be 1 to 64 characters of A-Z a-z 0-9 _ -');
  if (gate !== undefined && (typeof gate !== 'string' || gate === '')) refuse('gate', 'must be text');
  if (typeof description !== 'string') refuse('description', 'must be text');
  const timeLimitMs = options.timeLimit === undefined ? TIME_LIMIT_MS[cls] : durationMs(options.timeLimit, 'timeLimit');
  if (timeLimitMs < 1) refuse('timeLimit', 'must be positive');
  return Object.freeze({
    name,
    class: cls,
    pool,
    idempotent,
    timeLimitMs,
    retry: retryPolicy(options.retry, idempotent),
    description,
    ...(gate === undefined ? {} : { gate }),
    ...(input === undefined ? {} : { input }),
    ...(output === undefined ? {} : { output }),
  });
}

/** Contracts by name. Throws `duplicate_name` for two of one name: the second would silently never run (S11). */
export function tasksByName(contracts: Iterable<TaskContract>): ReadonlyMap<string, TaskContract> {
  const byName = new Map<string, TaskContract>();
  for (const contract of contracts) {
    const { name } = contract;
    if (byName.has(name) && byName.get(name) !== contract) {
      throw new TroupeError('duplicate_name', `two tasks are called ${JSON.stringify(name)}`, { field: name });
    }
    byName.set(name, contract);
  }
  return byName;
}
