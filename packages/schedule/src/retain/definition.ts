/** What a schedule of a user makes and keeps: backups, snapshots. Plain data, as all definitions. */
import { type Duration, durationMs, isLonger, NAME_LIMIT_CHARS } from '@troupe/protocol';
import type { TaskContract } from '@troupe/task';
import { checkTask, type TaskPart, taskPart } from '../each/definition.ts';
import { isCount, refuse } from '../refuse.ts';

interface RetainPolicies {
  /** Kind of the resources that it makes. */
  readonly kind: string;
  /** Executor that deletes one. */
  readonly delete: string;
  /** So many are kept at the most, 1 to 1000: before one more is made, the oldest that rest are deleted. Default: no bound. */
  readonly max?: number;
  /** How long each is kept; then it is deleted, if it is OK. Default: for ever. */
  readonly keep?: Duration;
  /** When to look again where nothing could be deleted, because all are busy or a deletion runs elsewhere. Default `'10m'`. */
  readonly recheck?: Duration;
}

export interface RetainOptions extends RetainPolicies {
  /** Lists what this schedule has made; the input of each is a {@link Retained}. Output as that of every listing, see `listedPage`. */
  readonly list: TaskContract;
  /** Checks quotas, makes the records and returns the command that creates, a {@link PreparedCommand}; its input is a {@link PrepareRequest}. */
  readonly prepare: TaskContract;
}

/** As it travels and is stored. */
export interface RetainDefinition extends RetainPolicies {
  readonly list: TaskPart;
  readonly prepare: TaskPart;
}

export const retainDefaults = Object.freeze({ recheck: '10m' } satisfies Partial<RetainPolicies>);
const MAX_RETAINED = 1_000;

export function defineRetain({ list, prepare, ...policies }: RetainOptions): RetainDefinition {
  return { ...policies, list: taskPart(list), prepare: taskPart(prepare) };
}

const KNOWN = new Set(['list', 'prepare', 'kind', 'delete', 'max', 'keep', 'recheck', 'input']);

/** Throws `invalid_options`; `field` says where. */
export function checkRetain(retain: RetainDefinition): void {
  if (typeof retain !== 'object' || retain === null) refuse('retain', 'must be an object');
  for (const field of Object.keys(retain)) if (!KNOWN.has(field)) refuse(`retain.${field}`, 'is not an option');
  checkTask(retain.list, 'retain.list');
  checkTask(retain.prepare, 'retain.prepare');
  for (const field of ['kind', 'delete'] as const) {
    const name: unknown = retain[field];
    if (typeof name !== 'string' || name === '' || isLonger(name, NAME_LIMIT_CHARS)) refuse(`retain.${field}`, 'must be a name');
  }
  const { max, keep, recheck } = retain;
  if (max !== undefined && !(isCount(max, 1) && max <= MAX_RETAINED)) refuse('retain.max', `must be from 1 to ${MAX_RETAINED}`);
  if (keep !== undefined) durationMs(keep, 'retain.keep');
  if (recheck !== undefined) durationMs(recheck, 'retain.recheck');
}
