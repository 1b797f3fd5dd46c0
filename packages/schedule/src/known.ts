/**
 * Whether what a definition names is there, and takes what it is given: told when the schedule is made or changed, not by its first
 * run in the night. As a front door judges a command.
 */
import { type Command, fromWireError, type Json, TroupeError, type WireError } from '@troupe/protocol';
import type { TaskContract } from '@troupe/task';
import { checkNow } from '@troupe/task/internal';
import type { ScheduleDefinition } from './definition.ts';
import type { EachExecute, TaskPart } from './each/definition.ts';
import { refuse } from './refuse.ts';

/** What is known where schedules are hosted. */
export interface Known {
  readonly tasks: ReadonlyMap<string, TaskContract>;
  /** Why a command would be refused before it is an operation; undefined: it would not be. */
  refusalOf(command: Command): WireError | undefined;
}

/**
 * Throws `unknown_task`, `unknown_executor`, `unknown_kind`, `invalid_input`, `invalid_options`; `field` says where. What only a run
 * tells (the input of an object, what is prepared) is not asked, nor is a schema that validates asynchronously.
 */
export function checkKnown({ unchecked, task, each, execute, retain }: ScheduleDefinition, known: Known): void {
  if (unchecked === true) return;
  if (task !== undefined) checkNow(contractOf(known, 'task', task).input, task.input, 'input');
  if (each !== undefined) {
    checkListing(known, 'each.list', each);
    if (each.run !== undefined) contractOf(known, 'each.run', each.run);
    else judgeEach(known, each.execute!);
  }
  if (retain !== undefined) {
    checkListing(known, 'retain.list', retain);
    contractOf(known, 'retain.prepare', retain.prepare);
    judge(known, 'retain.delete', { executor: retain.delete, resource: { kind: retain.kind, id: 'any' } });
  }
  if (execute === undefined) return;
  const { input, ...rest } = execute;
  judge(known, 'execute', { ...rest, input });
}

function contractOf({ tasks }: Known, field: string, { name, pool }: TaskPart): TaskContract {
  const contract = tasks.get(name);
  if (contract === undefined) throw new TroupeError('unknown_task', `${field}: ${name} is not registered`, { field });
  if (contract.pool !== pool) refuse(`${field}.pool`, `${name} runs in the pool ${contract.pool}, not in ${pool}`);
  return contract;
}

function checkListing(known: Known, field: string, { list, input }: { readonly list: TaskPart; readonly input: Json }): void {
  checkNow(contractOf(known, field, list).input, { input, limit: 1 }, `${field}.input`);
}

/** Its inputs come with the objects; resources may. */
function judgeEach(known: Known, { executor, kind }: EachExecute): void {
  const resource = kind === undefined ? {} : { resource: { kind, id: 'any' } };
  const error = known.refusalOf({ v: 1, id: 'any', createdAt: new Date(0).toISOString(), executor, ...resource });
  if (error?.code === 'unknown_executor') throw fromWireError({ ...error, field: 'each.execute.executor' });
  if (error?.code === 'unknown_kind') throw fromWireError({ ...error, field: 'each.execute.kind' });
}

function judge(known: Known, field: string, command: Omit<Command, 'v' | 'id' | 'createdAt'>): void {
  const error = known.refusalOf({ v: 1, id: 'any', createdAt: new Date(0).toISOString(), ...command });
  if (error === undefined) return;
  const at =
    error.field === undefined || field !== 'execute' ? field : /^input\b/.test(error.field) ? error.field : `execute.${error.field}`;
  throw fromWireError({ ...error, field: at });
}
