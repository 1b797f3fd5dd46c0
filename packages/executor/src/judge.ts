/** What a front door asks before it forwards a command: everything that can be told without the resource. */
import {
  type Address,
  type Command,
  encodeJson,
  ID_LIMIT_CHARS,
  isLonger,
  type Json,
  toWireError,
  TroupeError,
  type WireError,
} from '@troupe/protocol';
import { RESOURCES_LIMIT } from './operation/accept.ts';
import type { ExecutorDefinition } from './executor.ts';
import type { CommandMail } from './mail.ts';
import { SECRET_REFUSED, secretIn } from './secrets.ts';
import { validate, validateNow } from './validate.ts';

export type Judgement =
  /** Mail to forward to the operation, which answers the rest: accepted, duplicate, conflict. */
  | { readonly ok: true; readonly to: Address; readonly mail: { readonly type: 'command'; readonly body: CommandMail } }
  | { readonly ok: false; readonly error: WireError };

/**
 * Judges a command: `unknown_executor`, `unknown_kind`, `invalid_input` with the field, `invalid_options`. Schemas that validate
 * asynchronously are awaited; what they return is what is forwarded. Never throws.
 */
export async function judgeCommand(executors: ReadonlyMap<string, ExecutorDefinition>, command: Command): Promise<Judgement> {
  try {
    const input = await judged(executors, command);
    const forwarded: Command = { ...command, input };
    return { ok: true, to: { kind: 'operation', key: command.id }, mail: { type: 'command', body: { command: forwarded } } };
  } catch (thrown) {
    return { ok: false, error: withoutStack(toWireError(thrown, 'invalid_input')) };
  }
}

/**
 * For behaviours, which cannot wait: what {@link judgeCommand} would refuse a command for, or undefined. A schema that validates
 * asynchronously is not asked.
 */
export function refusalOf(executors: ReadonlyMap<string, ExecutorDefinition>, command: Command): WireError | undefined {
  try {
    const schema = judgedApartFromInput(executors, command);
    if (schema !== undefined) validateNow(schema, command.input ?? null, 'input');
    return undefined;
  } catch (thrown) {
    return withoutStack(toWireError(thrown, 'invalid_input'));
  }
}

async function judged(executors: ReadonlyMap<string, ExecutorDefinition>, command: Command): Promise<Json> {
  const schema = judgedApartFromInput(executors, command);
  return schema === undefined ? null : validate(schema, command.input ?? null, 'input');
}

/** Returns the schema that is still to be asked; undefined where the executor takes no input, and there is none. */
function judgedApartFromInput(executors: ReadonlyMap<string, ExecutorDefinition>, command: Command): ExecutorDefinition['input'] {
  const definition = executors.get(command.executor);
  if (definition === undefined) throw new TroupeError('unknown_executor', `${command.executor} is not registered`, { field: 'executor' });
  if (isLonger(command.id, ID_LIMIT_CHARS))
    throw new TroupeError('invalid_input', `id has at most ${ID_LIMIT_CHARS} characters`, { field: 'id' });
  judgeResources(definition, command);
  const secret = secretIn(command.input ?? null, 'input');
  if (secret !== undefined) throw new TroupeError('invalid_input', `${secret} ${SECRET_REFUSED}`, { field: secret });
  if (definition.input !== undefined) return definition.input;
  if (command.input !== undefined && command.input !== null && encodeJson(command.input) !== '{}') {
    throw new TroupeError('invalid_input', `${definition.name} takes no input`, { field: 'input' });
  }
  return undefined;
}

function judgeResources(definition: ExecutorDefinition, command: Command): void {
  const named = command.resources ?? (command.resource === undefined ? [] : [command.resource]);
  const first = named[0];
  const field = command.resources === undefined ? 'resource' : 'resources.0';
  if (first === undefined && definition.family !== 'free')
    throw new TroupeError('invalid_input', `${definition.name} needs a resource`, { field });
  if (first !== undefined && definition.kind !== undefined && first.kind !== definition.kind.kind) {
    throw new TroupeError('unknown_kind', `${definition.name} is for ${definition.kind.kind}, not for ${first.kind}`, {
      field: `${field}.kind`,
    });
  }
  if (named.length > RESOURCES_LIMIT)
    throw new TroupeError('invalid_input', `an operation owns at most ${RESOURCES_LIMIT} resources`, { field: 'resources' });
}

/** Where our code stands is of no use to a sender. */
function withoutStack({ stack: _, ...error }: WireError): WireError {
  return error;
}
