/** What the code of an app says of schedules, told to their entities at every start of a scheduler. The same again changes nothing. */
import { executorsByName, refusalOf } from '@troupe/executor';
import { encodeMail, readRoots } from '@troupe/jetstream/internal';
import { encodeJson, type Json, TroupeError } from '@troupe/protocol';
import { defineSchedule, type Known, type ScheduleDefinition, type ScheduleOptions } from '@troupe/schedule';
import { tasksByName } from '@troupe/task';
import type { App } from './app.ts';
import type { Runtime } from './connect.ts';

/** `key` names it in the installation: with it people show, pause and run it. */
export type AppSchedule = ScheduleOptions & { readonly key: string };

/** By key. Throws `invalid_options` and `duplicate_name`; `field` says which and where. */
export function schedulesByKey(schedules: readonly AppSchedule[]): ReadonlyMap<string, ScheduleDefinition> {
  const found = new Map<string, ScheduleDefinition>();
  for (const { key, ...options } of schedules) {
    if (typeof key !== 'string' || key === '')
      throw new TroupeError('invalid_options', 'app: the key of a schedule must be text', { field: 'schedules.key' });
    if (found.has(key)) throw new TroupeError('duplicate_name', `two schedules are called ${key}`, { field: key });
    found.set(key, defineSchedule(options as ScheduleOptions));
  }
  return found;
}

/** What an app knows of tasks and executors, for definitions to be judged by. */
export function knownOf({ tasks, executors }: Pick<App, 'tasks' | 'executors'>): Known {
  const byName = executorsByName(executors);
  return { tasks: tasksByName(tasks), refusalOf: (command) => refusalOf(byName, command) };
}

/**
 * Resolves when all of it is stored as mail. What an earlier version of the app defined and this one no longer names is deleted.
 * Throws `unavailable`, `not_permitted`.
 */
export async function tellSchedules(runtime: Runtime, app: string, schedules: ReadonlyMap<string, ScheduleDefinition>): Promise<void> {
  const { nc, publisher, subjects, hostId } = runtime;
  let count = 0;
  const tell = async (key: string, verb: 'define' | 'delete', body: Record<string, unknown>): Promise<void> => {
    const id = `code.${hostId}.${runtime.serverNow()}.${count++}`;
    const mail = encodeMail({ id, type: `verb.${verb}`, body: { ...body, app } as unknown as Json });
    const to = { kind: 'schedule', key };
    await publisher.publish(subjects.mail(to, 'entity'), mail, { id: `${id}.${encodeJson(key)}` });
  };
  await Promise.all([...schedules].map(([key, definition]) => tell(key, 'define', { definition })));
  for await (const { key, root } of readRoots(nc, subjects, 'schedule')) {
    const { code } = (root.s ?? {}) as { code?: { app?: string } };
    if (code?.app === app && !schedules.has(key)) await tell(key, 'delete', {});
  }
}
