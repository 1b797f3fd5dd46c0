/** An app that lists the objects of an imaginary backend and pulls each of them; schedulers need its contracts only. */
import { type App, defineApp } from '@troupe/runtime';
import {
  defineSchedule,
  type EachOptions,
  listedPage,
  type ListedPage,
  type ListingRequest,
  type ScheduleDefinition,
} from '@troupe/schedule';
import { defineTask, handle, type TaskContext } from '@troupe/task';

export const list = defineTask({ name: 'objects.list', class: 'background', idempotent: 'yes', output: listedPage });
export const pull = defineTask({ name: 'object.pull', class: 'background', idempotent: 'yes' });

/** Comes so rarely that only `runNow` starts it. */
export function pulls(each: Partial<EachOptions> = {}): ScheduleDefinition {
  return defineSchedule({ every: '10h', each: { list, run: pull, ...each } as EachOptions });
}

export const shape = { storage: 'memory', partitions: 4, maxLogBytes: 8_388_608, mailAckWaitMs: 1_000 } as const;

export const noHandlers = defineApp({ name: 'fan-out', executors: [], tasks: [list, pull], handlers: () => [] });

export interface Backend {
  /** Keys, in their order. */
  readonly objects: readonly string[];
  run(key: string, context: TaskContext): Promise<void> | void;
}

export function fanOutApp(backend: Backend): App {
  return defineApp({
    ...noHandlers,
    slots: { background: { floor: 1, ceiling: 60 } },
    handlers: () => [
      handle(list, (request): ListedPage => {
        const { cursor, limit } = request as ListingRequest;
        const from = cursor === undefined ? 0 : backend.objects.indexOf(cursor) + 1;
        const items = backend.objects.slice(from, from + limit).map((key) => ({ key, input: { key } }));
        return { items, ...(from + limit < backend.objects.length ? { cursor: items.at(-1)!.key } : {}) };
      }),
      handle(pull, async (input, context) => {
        await backend.run((input as { key: string }).key, context);
        return null;
      }),
    ],
  });
}
