/** What a worker can say: of the attempts that it runs, from what it tells. Its user may read nothing else. */
import type { WorkerEvent } from '@troupe/task';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1_800];

export function workerMetrics(registry: Registry): (event: WorkerEvent) => void {
  const registers = [registry];
  const running = new Map<string, string>();
  new Gauge({
    name: 'troupe_attempts_running',
    help: 'Attempts that run in this worker',
    labelNames: ['class'],
    registers,
    collect() {
      this.reset();
      for (const cls of running.values()) this.inc({ class: cls });
    },
  });
  const attempts = new Counter({
    name: 'troupe_attempts_total',
    help: 'Attempts that have ended in this worker',
    labelNames: ['task', 'class', 'outcome'],
    registers,
  });
  const labelNames = ['class'] as const;
  const waited = new Histogram({
    name: 'troupe_attempt_wait_seconds',
    help: 'From the order to the start of an attempt',
    labelNames,
    buckets: SECONDS,
    registers,
  });
  const took = new Histogram({
    name: 'troupe_attempt_seconds',
    help: 'From the start to the end of an attempt',
    labelNames,
    buckets: SECONDS,
    registers,
  });
  return (event) => {
    if (event.type === 'taskStarted') running.set(event.id, event.class);
    if (event.type !== 'span') return;
    const { id, task, class: cls, outcome, orderedAt, startedAt, endedAt } = event;
    running.delete(id);
    attempts.inc({ task, class: cls, outcome });
    waited.observe({ class: cls }, Math.max(0, startedAt - orderedAt) / 1_000);
    took.observe({ class: cls }, Math.max(0, endedAt - startedAt) / 1_000);
  };
}
