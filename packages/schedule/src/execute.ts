/** A run that is an operation: one command for each nominal time, under an id that the nominal time gives it. */
import { createHash } from 'node:crypto';
import type { Effect } from '@troupe/actor';
import {
  type Command,
  type CommandOptions,
  ID_LIMIT_CHARS,
  isLonger,
  type Json,
  type Outcome as OperationOutcome,
  type ResourceRef,
  type WireError,
} from '@troupe/protocol';
import { checkCommandOptions, refuse } from './refuse.ts';
import type { Outcome } from './state.ts';

export interface ExecuteOptions extends CommandOptions {
  /** An executor of the app, or its name. */
  readonly executor: string | { readonly name: string };
  /** What the operation takes: one, or several, all or none. */
  readonly resource?: ResourceRef;
  readonly resources?: readonly ResourceRef[];
}

/** As it travels and is stored. */
export interface ExecuteDefinition {
  readonly executor: string;
  readonly resource?: ResourceRef;
  readonly resources?: readonly ResourceRef[];
  readonly options?: CommandOptions;
}

const MAX_RESOURCES = 16;
const MAX_ERROR_CHARS = 300;

export function defineExecute({ executor, resource, resources, ...options }: ExecuteOptions): ExecuteDefinition {
  return {
    executor: typeof executor === 'string' ? executor : executor?.name,
    ...(resource === undefined ? {} : { resource }),
    ...(resources === undefined ? {} : { resources }),
    ...(Object.keys(options).length === 0 ? {} : { options }),
  };
}

/** Throws `invalid_options`; `field` says where. */
export function checkExecute(execute: ExecuteDefinition): void {
  if (typeof execute !== 'object' || execute === null) refuse('execute', 'must be an object');
  const { executor, resource, resources, options = {} } = execute;
  if (typeof executor !== 'string' || executor === '') refuse('execute.executor', 'must name an executor');
  if (resource !== undefined && resources !== undefined) refuse('execute.resources', 'excludes resource');
  if (resource !== undefined && !isRef(resource)) refuse('execute.resource', 'must be { kind, id }');
  if (resources !== undefined && !(Array.isArray(resources) && resources.length <= MAX_RESOURCES && resources.every(isRef))) {
    refuse('execute.resources', `must be at most ${MAX_RESOURCES} of { kind, id }`);
  }
  checkCommandOptions(options, 'execute');
}

export function isRef(one: ResourceRef): boolean {
  return typeof one?.kind === 'string' && one.kind !== '' && typeof one.id === 'string' && one.id !== '';
}

/** The same for the same nominal time, whoever asks and however often; without what an id of other parts might be taken apart by. */
export function operationOf(key: string, run: string): string {
  const id = `schedule.${key}.${run.replaceAll(':', '')}`;
  if (!isLonger(id, ID_LIMIT_CHARS)) return id;
  return `schedule.${createHash('sha256').update(id).digest('base64url').slice(0, 22)}`;
}

/** As an operation orders a child: so it says whether it was taken, and how it ended. */
export function commandEffect(
  key: string,
  run: { readonly id: string; readonly operation: string },
  { input, ...execute }: ExecuteDefinition & { readonly input: Json },
  now: number,
): Effect {
  const command: Command = { v: 1, id: run.operation, ...execute, input, createdAt: new Date(now).toISOString() };
  const parent = { kind: 'schedule', operation: key, node: run.id, leases: [] };
  return {
    type: 'send',
    to: { kind: 'operation', key: run.operation },
    mail: { type: 'child', body: { command, parent } as unknown as Json },
  };
}

export function cancelEffect({ id, operation }: { readonly id: string; readonly operation: string }): Effect {
  const body = { reason: 'its schedule does not want it any more', node: id };
  return { type: 'send', to: { kind: 'operation', key: operation }, mail: { type: 'verb.cancel', body } };
}

/** `child.answered` and `child.ended`, as far as a schedule reads them. */
export interface OperationSays {
  readonly operation: string;
  readonly node: string;
  readonly outcome?: OperationOutcome;
  readonly error?: WireError;
}

export interface OperationEnd {
  readonly ended: NonNullable<Outcome['ended']>;
  readonly code: string;
  readonly error?: string;
  readonly userMessage?: string;
}

/** How the run ends by it; undefined: it goes on. */
export function endOf(type: string, { outcome, error }: OperationSays): OperationEnd | undefined {
  if (type === 'child.answered' && error === undefined) return undefined;
  const told = error === undefined ? {} : { error: `${error.code}: ${error.message}`.slice(0, MAX_ERROR_CHARS) };
  const { code = String(outcome), userMessage } = error ?? {};
  const why = { ...told, code, ...(userMessage === undefined ? {} : { userMessage }) };
  if (type === 'child.answered') return { ...why, ended: 'rejected' };
  if (outcome === 'succeeded' || outcome === 'cancelled' || outcome === 'rejected') return { ...why, ended: outcome };
  // somebody else has taken its resource, as a pull finds that an operation has begun: that is no failure of what runs
  if (outcome === 'superseded') return { ...why, ended: 'cancelled' };
  return { error: `ended ${outcome}`, ...why, ended: 'failed' };
}
