/**
 * A task's contract: what producers and supervisors know of it. Its handler stands elsewhere, so that importing a contract
 * never loads the SDK of a backend.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type Duration, durationMs, NAME_LIMIT_CHARS, type QueueClass, queueClasses, TroupeError } from '@troupe/protocol';

export type Idempotency = 'yes' | 'token' | 'no';

export interface RetryPolicy {
  /** Attempts in all, the first included. */
  readonly attempts: number;
  /** Pause before the second, third, … attempt; the last one repeats. */
  readonly delaysMs: readonly number[];
}

export interface TaskOptions<I extends StandardSchemaV1 = StandardSchemaV1, O extends StandardSchemaV1 = StandardSchemaV1> {
  /** Stable, at most 128 characters; it is the wire name. */
  readonly name: string;
  /** Shape of the input; checked when the task is sent and again before the handler. Absent = any JSON. */
  readonly input?: I;
  /** Shape of the output; checked in the worker. Absent = any JSON. */
  readonly output?: O;
  /** Default `regular`. `heavy` is the last resort, `background` is what the clock starts. */
  readonly class?: QueueClass;
  /** Which workers run it. Default `default`. */
  readonly pool?: string;
  /** Default 5 attempts with pauses of 1, 2, 4, 8 s; with `idempotent: 'no'` 1 attempt. */
  readonly retry?: { readonly attempts?: number; readonly delays?: readonly Duration[] };
  /** Time limit of one attempt. Default 60 s, heavy 30 min. */
  readonly timeLimit?: Duration;
  /** How running twice is made safe; there is no default, because no answer is safe for everybody. */
  readonly idempotent: Idempotency;
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
  readonly description: string;
}

export type InputOf<C> = C extends TaskContract<infer I, StandardSchemaV1> ? StandardSchemaV1.InferOutput<I> : unknown;
export type SentInputOf<C> = C extends TaskContract<infer I, StandardSchemaV1> ? StandardSchemaV1.InferInput<I> : unknown;
export type OutputOf<C> = C extends TaskContract<StandardSchemaV1, infer O> ? StandardSchemaV1.InferInput<O> : unknown;

const KNOWN = new Set(['name', 'input', 'output', 'class', 'pool', 'retry', 'timeLimit', 'idempotent', 'description']);
const DELAYS_MS: readonly number[] = [1_000, 2_000, 4_000, 8_000];

/** Makes a contract. Throws `invalid_options` that names the field; an option that nobody reads is refused, not ignored. */
export function defineTask<I extends StandardSchemaV1 = StandardSchemaV1, O extends StandardSchemaV1 = StandardSchemaV1>(
  options: TaskOptions<I, O>,
): TaskContract<I, O> {
  for (const name of Object.keys(options)) if (!KNOWN.has(name)) throw wrong(name, 'is not an option of a task');
  if (typeof options.name !== 'string' || options.name === '' || options.name.length > NAME_LIMIT_CHARS) {
    throw wrong('name', `must be text of 1 to ${NAME_LIMIT_CHARS} characters`);
  }
  const cls = options.class ?? 'regular';
  if (!queueClasses.includes(cls)) throw wrong('class', `must be one of ${queueClasses.join(', ')}`);
  if (!['yes', 'token', 'no'].includes(options.idempotent)) throw wrong('idempotent', "must be 'yes', 'token' or 'no'");
  const pool = options.pool ?? 'default';
  if (typeof pool !== 'string' || pool === '') throw wrong('pool', 'must be text');
  const attempts = options.retry?.attempts ?? (options.idempotent === 'no' ? 1 : 5);
  if (!Number.isInteger(attempts) || attempts < 1) throw wrong('retry.attempts', 'must be a whole number of at least 1');
  const timeLimitMs = options.timeLimit === undefined ? (cls === 'heavy' ? 1_800_000 : 60_000) : durationMs(options.timeLimit, 'timeLimit');
  if (timeLimitMs < 1) throw wrong('timeLimit', 'must be positive');
  return Object.freeze({
    name: options.name,
    class: cls,
    pool,
    idempotent: options.idempotent,
    timeLimitMs,
    retry: Object.freeze({ attempts, delaysMs: options.retry?.delays?.map((d, i) => durationMs(d, `retry.delays.${i}`)) ?? DELAYS_MS }),
    description: options.description ?? '',
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.output === undefined ? {} : { output: options.output }),
  });
}

function wrong(field: string, rule: string): TroupeError {
  return new TroupeError('invalid_options', `task: ${field} ${rule}`, { field });
}
