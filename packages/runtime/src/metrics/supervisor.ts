/** What a supervisor can say: of the queues of tasks, of all operations from their records, and of those that it has itself seen begin and end. */
import { readRoots, readTaskBacklogs, type ClassBacklog } from '@troupe/jetstream/internal';
import { Counter, type Registry } from 'prom-client';
import type { Runtime } from '../connect.ts';
import type { Told } from '../role-parts.ts';
import type { Readings } from './readings.ts';

export function supervisorMetrics(registry: Registry, readings: Readings, runtime: Runtime): { told: Told } {
  const { nc, subjects } = runtime;
  const of = ({ class: cls, pool }: ClassBacklog): Record<string, string> => ({ class: cls, pool });
  const seconds = (all: readonly ClassBacklog[], ms: (one: ClassBacklog) => number | undefined) =>
    all.map((one) => ({ labels: of(one), value: (ms(one) ?? 0) / 1_000 }));
  const labels = ['class', 'pool'];
  readings.add<readonly ClassBacklog[]>({
    what: 'queues',
    forMs: 2_000,
    read: () => readTaskBacklogs(subjects.ns, { nc, stream: subjects.streams.tasks, now: runtime.serverNow() }),
    gauges: [
      {
        name: 'troupe_tasks_waiting',
        help: 'Tasks that no worker has taken',
        labels,
        values: (all) => all.map((one) => ({ labels: of(one), value: one.waiting })),
      },
      {
        name: 'troupe_tasks_taken',
        help: 'Tasks that a worker has taken and not settled',
        labels,
        values: (all) => all.map((one) => ({ labels: of(one), value: one.taken })),
      },
      {
        name: 'troupe_tasks_oldest_waiting_seconds',
        help: 'Since when the oldest task waits that no worker has taken; 0 if none does',
        labels,
        values: (all) => seconds(all, ({ oldestWaitingMs }) => oldestWaitingMs),
      },
      {
        name: 'troupe_tasks_oldest_taken_seconds',
        help: 'Since when the oldest task is stored that a worker has taken and not settled; 0 if there is none',
        labels,
        values: (all) => seconds(all, ({ oldestTakenMs }) => oldestTakenMs),
      },
    ],
  });
  readings.add<ReadonlyMap<string, number>>({
    what: 'operations',
    // it reads all records of operations, those too that have ended and are not forgotten yet
    forMs: 30_000,
    async read() {
      const byPhase = new Map([
        ['accepting', 0],
        ['running', 0],
      ]);
      for await (const { root } of readRoots(nc, subjects, 'operation')) {
        const { phase = '' } = (root.s ?? {}) as { phase?: string };
        if (phase !== 'ended') byPhase.set(phase, (byPhase.get(phase) ?? 0) + 1);
      }
      return byPhase;
    },
    gauges: [
      {
        name: 'troupe_operations',
        help: 'Operations that have not ended, by phase; read at most every 30 s',
        labels: ['phase'],
        values: (all) => [...all].map(([phase, value]) => ({ labels: { phase }, value })),
      },
    ],
  });
  const counted = (name: string, help: string, ...labelNames: string[]): Counter =>
    new Counter({ name, help, labelNames, registers: [registry] });
  const accepted = counted('troupe_operations_accepted_total', 'Operations that this supervisor has accepted', 'executor');
  const ended = counted('troupe_operations_ended_total', 'Operations that this supervisor has seen end', 'executor', 'outcome');
  return {
    told([topic, executor = '', , what], body) {
      if (topic !== 'operation') return;
      if (what === 'accepted') accepted.inc({ executor });
      else if (what === 'ended') ended.inc({ executor, outcome: String((body as { outcome?: unknown } | null)?.outcome) });
    },
  };
}
