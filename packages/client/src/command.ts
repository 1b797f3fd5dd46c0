/** From a request in the caller's words to a command on the wire. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import {
  cleanContext,
  type Command,
  type CommandOptions,
  contextToHeaders,
  encodeJson,
  isTroupeError,
  type Json,
  parseCommand,
  type ResourceRef,
  TroupeError,
} from '@troupe/protocol';

/** What a request needs to know of an executor: its name, and for TypeScript the schema of its input. A definition is one. */
export interface ExecutorContract<Schema extends StandardSchemaV1 | undefined = StandardSchemaV1 | undefined> {
  readonly name: string;
  readonly input?: Schema;
}

export type InputOf<E> = E extends { readonly input: infer S extends StandardSchemaV1 } ? StandardSchemaV1.InferInput<S> : unknown;

export interface ExecuteRequest<E extends string | ExecutorContract = string | ExecutorContract> {
  readonly executor: E;
  /** The resource that the operation takes. */
  readonly resource?: ResourceRef;
  /** Several, taken all or none. Excludes `resource`. */
  readonly resources?: readonly ResourceRef[];
  /** Checked by the front door against the schema of the executor. */
  readonly input?: InputOf<E>;
  readonly options?: CommandOptions;
  /** At most 128 characters. The same id with the same content is the same operation, however often it is sent. Default: a random one. */
  readonly id?: string;
  /** When it was wished for, RFC 3339. Give it when you send again what you have stored. Default: now. */
  readonly createdAt?: string;
  /** User, tenant, correlation, traceparent …: copied to everything that the operation causes. Authorises nothing. */
  readonly context?: Readonly<Record<string, string>>;
}

export interface EncodedCommand {
  readonly command: Command;
  readonly body: string;
  readonly headers: readonly (readonly [string, string])[];
}

export interface EncodeDefaults {
  readonly id: string;
  readonly createdAt: string;
  readonly replyTo?: string;
}

/** Throws `invalid_options` that names the field: what the front door would refuse in any case. */
export function encodeCommand(request: ExecuteRequest, defaults: EncodeDefaults): EncodedCommand {
  const { executor, resource, resources, input, options, id, createdAt, context } = request;
  const wanted = {
    v: 1,
    id: id ?? defaults.id,
    executor: typeof executor === 'string' ? executor : executor.name,
    ...(resource === undefined ? {} : { resource }),
    ...(resources === undefined ? {} : { resources }),
    input: plain(input, 'command'),
    ...(options === undefined ? {} : { options }),
    createdAt: createdAt ?? defaults.createdAt,
    ...(defaults.replyTo === undefined ? {} : { replyTo: defaults.replyTo }),
  };
  const body = encodeJson(wanted);
  return { command: checked(body), body, headers: contextToHeaders(cleanContext(context)) };
}

function checked(body: string): Command {
  try {
    return parseCommand(new TextEncoder().encode(body));
  } catch (cause) {
    if (!isTroupeError(cause)) throw cause;
    throw new TroupeError('invalid_options', cause.message, { ...(cause.field === undefined ? {} : { field: cause.field }), cause });
  }
}

/** An input that JSON cannot hold would arrive as something else. */
export function plain(input: unknown, what: string): Json {
  if (input === undefined) return null;
  let text: string | undefined;
  try {
    text = JSON.stringify(input);
  } catch (cause) {
    throw new TroupeError('invalid_options', `${what}: input is no JSON: ${cause instanceof Error ? cause.message : String(cause)}`, {
      field: 'input',
      cause,
    });
  }
  if (text === undefined)
    throw new TroupeError('invalid_options', `${what}: input is no JSON: it is a ${typeof input}`, { field: 'input' });
  return JSON.parse(text) as Json;
}
