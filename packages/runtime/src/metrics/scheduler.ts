/** What a scheduler can say: of all schedules of the namespace from their records, and of the runs that it has decided itself. */
import { readRoots } from '@troupe/jetstream/internal';
import type { Json } from '@troupe/protocol';
import { type BreakerStatus, breakerStatus, explainSchedule, type ScheduleExplanation } from '@troupe/schedule';
import { Counter, type Registry } from 'prom-client';
import type { Runtime } from '../connect.ts';
import type { Told } from '../role-parts.ts';
import { highest, type Readings } from './readings.ts';

/** Behind by less is on its way. */
const OVERDUE_MS = 60_000;
const DECIDED = new Set([
  'skippedOverlap',
  'skippedPenalty',
  'skippedBreaker',
  'skippedPaused',
  'missed',
  'coalesced',
  'replaced',
] as const) as ReadonlySet<string>;

export function schedulerMetrics(registry: Registry, readings: Readings, runtime: Runtime): { told: Told } {
  const { nc, subjects } = runtime;
  readings.add<readonly ScheduleExplanation[]>({
    what: 'schedules',
    forMs: 10_000,
    async read() {
      const all: ScheduleExplanation[] = [];
      for await (const { key, root } of readRoots(nc, subjects, 'schedule')) all.push(explained(key, root.s, runtime.serverNow()));
      return all.filter(({ status }) => status !== 'deleted' && status !== 'unknown');
    },
    gauges: [
      {
        name: 'troupe_schedules',
        help: 'Schedules by status',
        labels: ['status'],
        values: (all) =>
          (['active', 'paused', 'broken'] as const).map((status) => ({
            labels: { status },
            value: all.filter((one) => one.status === status).length,
          })),
      },
      {
        name: 'troupe_schedules_overdue',
        help: 'Schedules whose wake-up no scheduler has handled for more than a minute',
        values: (all) => [{ value: all.filter(({ overdueMs }) => overdueMs > OVERDUE_MS).length }],
      },
      {
        name: 'troupe_schedules_alarmed',
        help: 'Schedules of which nothing has succeeded for their alarmAfter',
        values: (all) => [{ value: all.filter(({ isAlarmed }) => isAlarmed === true).length }],
      },
      {
        name: 'troupe_schedule_behind_seconds',
        help: 'Since when the oldest nominal time is due that no run has succeeded for; the hundred that are furthest behind',
        labels: ['schedule'],
        values: (all) =>
          highest(all.flatMap(({ key, behindMs }) => (behindMs > 0 ? [{ labels: { schedule: key }, value: behindMs / 1_000 }] : []))),
      },
    ],
  });
  readings.add<readonly { readonly scope: string; readonly status: BreakerStatus }[]>({
    what: 'breakers',
    forMs: 10_000,
    async read() {
      const all: { scope: string; status: BreakerStatus }[] = [];
      for await (const { key, root } of readRoots(nc, subjects, 'breaker')) {
        all.push({ scope: key, status: breakerStatus({ root: (root.s ?? null) as Json, items: new Map() }, runtime.serverNow()) });
      }
      return all;
    },
    gauges: [
      {
        name: 'troupe_breaker_open',
        help: 'Breakers of scopes: 0 closed, 0.5 half open, 1 open; a hundred of them, the open ones first',
        labels: ['scope'],
        values: (all) => highest(all.map(({ scope, status }) => ({ labels: { scope }, value: VALUE[status] }))),
      },
    ],
  });
  const runs = new Counter({
    name: 'troupe_schedule_nominal_times_total',
    help: 'Nominal times that this scheduler has decided by what became of them, and runs by how they ended',
    labelNames: ['outcome'],
    registers: [registry],
  });
  return {
    told([topic, , what], body) {
      if (topic !== 'schedule' || what === undefined) return;
      const { count = 1, ended } = (body ?? {}) as { count?: number; ended?: string };
      if (what === 'ended' && ended !== undefined) runs.inc({ outcome: ended });
      else if (DECIDED.has(what)) runs.inc({ outcome: what }, count);
    },
  };
}

const VALUE: Readonly<Record<BreakerStatus, number>> = { closed: 0, halfOpen: 0.5, open: 1 };

/** One record that makes no sense must not hide all others. */
function explained(key: string, root: Json | undefined, now: number): ScheduleExplanation {
  try {
    return explainSchedule(key, root === undefined ? undefined : { root, items: new Map() }, now, 1);
  } catch {
    return { ...explainSchedule(key, undefined, now, 1), status: 'broken' };
  }
}
