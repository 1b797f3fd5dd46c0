/** Orders an operation inside of your transaction. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type CommandOptions, type ErrorCode, type ResourceRef, TroupeError } from '@troupe/protocol';
import { DEFAULT_SCHEMA, quoted } from './names.ts';
import { unavailableOr } from './pg-errors.ts';
import type { Queryable } from './pool.ts';

/** What is needed to know of an executor. A definition is one. */
export interface ExecutorName<Schema extends StandardSchemaV1 | undefined = StandardSchemaV1 | undefined> {
  readonly name: string;
  readonly input?: Schema;
}

export interface EnqueueRequest<E extends string | ExecutorName = string | ExecutorName> {
  readonly executor: E;
  /** The resource that the operation takes. */
  readonly resource?: ResourceRef;
  /** Several, taken all or none. Excludes `resource`. */
  readonly resources?: readonly ResourceRef[];
  /** Checked by the front door against the schema of the executor. */
  readonly input?: E extends { readonly input: infer S extends StandardSchemaV1 } ? StandardSchemaV1.InferInput<S> : unknown;
  readonly options?: CommandOptions;
  /** User, tenant, correlation, traceparent …: copied to everything that the operation causes. */
  readonly context?: Readonly<Record<string, string>>;
  /** At most 128 characters. Default: a new one. */
  readonly id?: string;
}

export interface EnqueueOptions {
  /** Where `migrate` made our tables. Default `public`. */
  readonly schema?: string;
}

const CODES: Readonly<Record<string, ErrorCode>> = {
  TR001: 'invalid_options',
  TR002: 'too_large',
  TR003: 'id_reused',
  // text that jsonb cannot hold
  '22P05': 'invalid_options',
  '22P02': 'invalid_options',
};

/**
 * Puts a command into the outbox by `tx`, a client on which your transaction is open, and resolves to the id of the
 * operation. The command leaves when the transaction commits, and never if it does not. The request is read when this is
 * called: what you change in it later is not sent.
 *
 * Throws `invalid_options` (names the field), `too_large`, `id_reused`, `topology_mismatch`, `unavailable`; all but the
 * first kind of `invalid_options` by the server, so that your transaction cannot go on.
 */
export async function enqueue<E extends string | ExecutorName>(
  tx: Queryable,
  request: EnqueueRequest<E>,
  options: EnqueueOptions = {},
): Promise<string> {
  const { executor, resource, resources, input, options: how, context, id } = request;
  if (resource !== undefined && resources !== undefined) {
    throw new TroupeError('invalid_options', 'resources excludes resource', { field: 'resources' });
  }
  const name = typeof executor === 'string' ? executor : executor.name;
  const values = [
    name,
    json(resource ?? resources, 'resource'),
    json(input, 'input'),
    json(how, 'options'),
    json(context, 'context'),
    id ?? null,
  ];
  return call(tx, options.schema ?? DEFAULT_SCHEMA, values);
}

async function call(tx: Queryable, schema: string, values: unknown[]): Promise<string> {
  try {
    const { rows } = await tx.query(`SELECT ${quoted(schema, 'schema')}.troupe_enqueue($1, $2, $3, $4, $5, $6) AS id`, values);
    return rows[0]!['id'] as string;
  } catch (error) {
    const { code: state, column, message } = error as { code?: string; column?: string; message?: string };
    const code = state === undefined ? undefined : CODES[state];
    if (code === undefined) throw unavailableOr(error);
    throw new TroupeError(code, `command: ${message}`, { ...(column === undefined ? {} : { field: column }), cause: error });
  }
}

function json(value: unknown, field: string): string | null {
  if (value === undefined) return null;
  try {
    const text = JSON.stringify(value) as string | undefined;
    if (text !== undefined) return text;
  } catch (cause) {
    throw new TroupeError('invalid_options', `command: ${field} is no JSON`, { field, cause });
  }
  throw new TroupeError('invalid_options', `command: ${field} is no JSON: it is a ${typeof value}`, { field });
}
