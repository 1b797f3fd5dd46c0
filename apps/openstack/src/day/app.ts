/** The OpenStack app with all that the clock starts: schedules, their tasks, and handlers that ask the providers. */
import { createExecutor, group, step } from '@troupe/executor';
import { type App, type AppSchedule, defineApp } from '@troupe/runtime';
import { listedPage, type ListedPage, type ListingRequest } from '@troupe/schedule';
import { defineTask, handle, Retry } from '@troupe/task';
import { z } from 'zod';
import { pullInstance } from '../app/executors/pulls.ts';
import { dayEntries, type Entry } from './entries.ts';
import type { DayModel } from './model.ts';
import type { DayProviders } from './providers.ts';

/** What the clock comes to in this process. */
export interface DayTally {
  runs: number;
  calls: number;
  failed: { error: number; outage: number };
  /** Background runs alive, and the most at one time. */
  alive: number;
  most: number;
  /** Objects of which two runs of one entry were alive at one time: none ever. */
  twice: string[];
}

const pool = 'openstack';
const background = { pool, class: 'background', idempotent: 'yes', retry: { attempts: 1 } } as const;
const work = z.object({ entry: z.string(), object: z.string(), provider: z.number(), calls: z.number() });

const runTask = defineTask({ name: 'day.run', ...background, input: work });
const listTask = defineTask({ name: 'day.list', ...background, output: listedPage });

export function dayApp(base: App, model: DayModel, providers: DayProviders): { readonly app: App; readonly tally: DayTally } {
  const tally: DayTally = { runs: 0, calls: 0, failed: { error: 0, outage: 0 }, alive: 0, most: 0, twice: [] };
  const names = Array.from({ length: model.tenants }, (_, n) => `tenant-${String(n).padStart(4, '0')}`);
  const inputOf = (entry: string, tenant: number, calls: number) =>
    ({ entry, object: names[tenant]!, provider: model.providerOf(tenant), calls }) as const;
  const quotas = createExecutor({
    name: 'day.tenantQuotas',
    family: 'free',
    class: 'background',
    plan: () => group({ policy: 'waitAll', window: 16 }, ...names.map((name, n) => step(name, runTask, inputOf('tenant-quotas', n, 1)))),
  });
  const app = defineApp({
    ...base,
    // who looks at a machine of his own waits for it, so it is not in the class of the clock
    executors: [...base.executors, quotas, pullInstance({ name: 'day.instance.refresh', class: 'regular' })],
    tasks: [...base.tasks, runTask, listTask],
    async handlers() {
      return [
        ...(await base.handlers()),
        handle(listTask, (request): ListedPage => {
          const { cursor, limit, input } = request as unknown as ListingRequest & { input: { entry: string; calls: number; of: string } };
          const all = input.of === 'tenants' ? names : Array.from({ length: model.providers }, (_, n) => `provider-${n}`);
          const from = cursor === undefined ? 0 : all.indexOf(cursor) + 1;
          const items = all.slice(from, from + limit).map((key, i) => {
            const provider = input.of === 'tenants' ? model.providerOf(from + i) : from + i;
            return { key, input: { entry: input.entry, object: key, provider, calls: input.calls } };
          });
          return { items, ...(from + limit < all.length ? { cursor: items.at(-1)!.key } : {}) };
        }),
        handle(runTask, runner(providers, tally)),
      ];
    },
  });
  return { app, tally };
}

/** What a scheduler is to run from the beginning of the day (epoch milliseconds) on. */
export function daySchedules(model: DayModel, beginsAtMs: number): AppSchedule[] {
  return dayEntries.map((entry) => scheduleOf(entry, model, beginsAtMs));
}

function scheduleOf({ key, everyMinutes, atMinute, shape }: Entry, { factor }: DayModel, beginsAtMs: number): AppSchedule {
  // a schedule comes each second at the most
  const seconds = Math.max(1, Math.round((everyMinutes * 60) / factor));
  const timing = { key, every: `${seconds}s`, anchorMs: beginsAtMs + Math.round((atMinute * 60_000) / factor) } as const;
  const one = { entry: key, object: key, provider: 0, calls: shape.is === 'pull' ? 1 : 0 };
  switch (shape.is) {
    case 'work':
    case 'pull':
      return { ...timing, task: runTask, input: one };
    case 'providers':
    case 'tenants':
      return {
        ...timing,
        each: { list: listTask, run: runTask, inFlight: 40, perSecond: 500 },
        input: { entry: key, calls: shape.calls, of: shape.is },
      };
    case 'operation':
      return { ...timing, execute: { executor: 'day.tenantQuotas' } };
  }
}

type Work = z.infer<typeof work>;

function runner(providers: DayProviders, tally: DayTally): (input: Work, context: { readonly signal: AbortSignal }) => Promise<null> {
  const alive = new Set<string>();
  return async ({ entry, object, provider, calls }, { signal }) => {
    const name = `${entry} of ${object}`;
    if (alive.has(name)) tally.twice.push(name);
    alive.add(name);
    tally.runs++;
    tally.most = Math.max(tally.most, ++tally.alive);
    try {
      for (let i = 0; i < calls; i++) {
        const looked = await providers.look(provider, ++tally.calls, signal);
        if (looked === 'ok') continue;
        tally.failed[looked]++;
        throw new Retry(looked === 'error' ? 'the provider answered with an error' : 'the provider does not answer');
      }
      return null;
    } finally {
      alive.delete(name);
      tally.alive--;
    }
  };
}
