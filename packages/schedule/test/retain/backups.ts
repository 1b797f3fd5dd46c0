/** A schedule of backups with a model of what there is: it lists, prepares and deletes as an app would, and says when each operation ends. */
import type { Json, TaskMessage } from '@troupe/protocol';
import { listedPage, type PrepareRequest, type RetainOptions, type Retained, type ScheduleOptions } from '@troupe/schedule';
import { defineTask } from '@troupe/task';
import { createWorld } from '../world.ts';

export const DAY_MS = 86_400_000;

const common = { pool: 'app', idempotent: 'yes' } as const;
const retry = { attempts: 2, delays: ['10s'], jitter: 0 } as const;
export const list = defineTask({ name: 'backups.list', output: listedPage, retry, ...common });
export const prepare = defineTask({ name: 'backup.prepare', retry: { attempts: 1 }, ...common });

export const daily = (retain: Partial<RetainOptions> = {}, more: Partial<ScheduleOptions> = {}): ScheduleOptions =>
  ({
    cron: '0 2 * * *',
    input: { vm: 'vm-1' },
    retain: { list, prepare, kind: 'backup', delete: 'backup.delete', ...retain },
    ...more,
  }) as ScheduleOptions;

interface Command {
  readonly executor: string;
  readonly resource: { readonly kind: string; readonly id: string };
  readonly options?: Json;
}

export function createBackups({ twice = false, retain = {}, more = {} }: BackupOptions = {}) {
  const world = createWorld([], { twice });
  const there = new Map<string, Retained>();
  const answered = new Set<string>();
  const ended = new Set<string>();
  const made: string[] = [];

  const backups = {
    world,
    /** What there is, by id. */
    there,
    /** Ids in the order in which they were created. */
    made,
    deleted: [] as string[],
    /** Refuses to prepare with this code. */
    quota: undefined as string | undefined,
    pageSize: 3,
    define: (): void => world.define(daily(retain, more)),
    add(id: string, state: string, keepUntil?: number | null): void {
      there.set(id, { state, createdAt: world.now, ...(keepUntil === undefined ? {} : { keepUntil }) });
    },
    /** Lets tasks be answered, until none is left; operations stay as they are. */
    answerTasks(): void {
      for (let message = world.open[0]; message !== undefined; message = world.open[0]) {
        world.open = world.open.slice(1);
        world.outcome(message, outcomeOf(message));
      }
      accept();
    },
    commands: (): (Command & { id: string })[] =>
      world.ordered
        .filter(({ type }) => type === 'child')
        .map(({ id, body }) => ({ id, ...(body as unknown as { command: Command }).command })),
    /** Those that have not ended. */
    running: () => backups.commands().filter(({ id }) => !ended.has(id)),
    end(id: string, outcome = 'succeeded', error?: Json): void {
      const { executor, resource } = backups.commands().find((one) => one.id === id)!;
      ended.add(id);
      if (executor === 'backup.delete' && outcome === 'succeeded') {
        there.delete(resource.id);
        backups.deleted.push(resource.id);
      } else there.set(resource.id, { ...there.get(resource.id)!, state: outcome === 'succeeded' ? 'OK' : 'ERRED' });
      world.operationEnded(id, outcome, error);
    },
    /** Everything goes well until nothing is left to do at this time. */
    settle(): void {
      for (;;) {
        backups.answerTasks();
        const [next] = backups.running();
        if (next === undefined) return;
        backups.end(next.id);
      }
    },
    /** Days pass, and everything goes well. */
    pass(days: number): void {
      for (let hour = 0; hour < days * 24; hour++) {
        world.advance(3_600_000);
        backups.settle();
      }
    },
  };

  /** An operation that was accepted has its resource. */
  function accept(): void {
    for (const { id, executor, resource } of backups.running()) {
      if (answered.has(id)) continue;
      answered.add(id);
      const before = there.get(resource.id);
      if (before !== undefined)
        there.set(resource.id, { ...before, state: executor === 'backup.delete' ? 'DELETION_SCHEDULED' : 'CREATING' });
    }
  }

  function outcomeOf({ task, input }: TaskMessage): Parameters<typeof world.outcome>[1] {
    if (task === list.name) {
      const { cursor } = input as { cursor?: string };
      const rest = [...there].sort(([a], [b]) => (a < b ? -1 : 1)).filter(([id]) => cursor === undefined || id > cursor);
      const items = rest.slice(0, backups.pageSize).map(([key, one]) => ({ key, input: { ...one } }));
      const more = rest.length > backups.pageSize ? { cursor: items.at(-1)!.key } : {};
      return { kind: 'succeeded', output: { items, ...more } as unknown as Json };
    }
    if (backups.quota !== undefined) {
      return { kind: 'failed', error: { code: backups.quota, message: 'no room' }, userMessage: 'Your quota of backups is used up.' };
    }
    const { run, keepUntil } = input as unknown as PrepareRequest;
    const id = `b-${run}`;
    // made once for one run, however often it is asked for
    if (!there.has(id)) made.push(id);
    there.set(id, { state: 'CREATION_SCHEDULED', createdAt: world.now, ...(keepUntil === undefined ? {} : { keepUntil }) });
    const command = { executor: 'backup.create', resource: { kind: 'backup', id }, options: { class: 'heavy' } };
    return { kind: 'succeeded', output: command as unknown as Json };
  }

  return backups;
}

export interface BackupOptions {
  readonly twice?: boolean;
  readonly retain?: Partial<RetainOptions>;
  readonly more?: Partial<ScheduleOptions>;
}
