/** Tasks that schedules run in tests; what they do is said by the test, and each call is written down. */
import { z } from 'zod';
import type { Json } from '@troupe/protocol';
import { type App, defineApp } from '@troupe/runtime';
import { defineTask, handle, type TaskContext, type TaskContract } from '@troupe/task';

const common = { class: 'background', idempotent: 'yes' } as const;
export const sync = defineTask({ name: 'sync', ...common, retry: { attempts: 3, delays: ['20ms'] } });
/** One attempt, bounded to less than a nominal time. */
export const once = defineTask({ name: 'once', ...common, timeLimit: '700ms', retry: { attempts: 1 } });
/** Retried later than the next nominal times of a schedule that comes every second. */
export const stubborn = defineTask({ name: 'stubborn', ...common, retry: { attempts: 2, delays: ['2500ms'], jitter: 0 } });

/** Not any input will do. */
export const strict = defineTask({ name: 'strict', ...common, input: z.object({ n: z.number() }) });

export type Act = (context: TaskContext, input: Json) => unknown;

export interface Call {
  /** Of the schedule. */
  readonly key: string;
  readonly run: string;
  readonly input: Json;
  readonly attempt: number;
  readonly token: string;
}

export interface Ledger {
  /** Attempts in the order in which their handlers were called. */
  readonly calls: Call[];
  /** Attempts of one schedule that ran at one time, at the most. */
  mostAlive: number;
  act: Act;
}

export const appName = 'schedules';

export function scheduleApp(ledger: Ledger, more: Partial<App>): App {
  const alive = new Map<string, number>();
  const tasks = [sync, once, stubborn, strict] as readonly TaskContract[];
  return defineApp({
    name: appName,
    executors: [],
    tasks,
    handlers: () =>
      tasks.map((task) =>
        handle(task, async (input, context) => {
          const { step: run = '', attempt, idempotencyToken: token } = context;
          const [kind, name] = token.split(':');
          const key = kind === 'schedule' ? name! : '';
          ledger.calls.push({ key, run, input: input as Json, attempt, token });
          const now = (alive.get(key) ?? 0) + 1;
          alive.set(key, now);
          if (key !== '') ledger.mostAlive = Math.max(ledger.mostAlive, now);
          try {
            return ((await ledger.act(context, input as Json)) ?? null) as Json;
          } finally {
            alive.set(key, alive.get(key)! - 1);
          }
        }),
      ),
    ...more,
  });
}
