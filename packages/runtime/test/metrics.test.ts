// needs TEST_NATS_URL
/** Figures of each role, scraped as Prometheus does it. */
import { createClient } from '@troupe/client';
import { createExecutor, throttled, wait } from '@troupe/executor';
import { connectRuntime, defineApp, startScheduler, startSupervisor, startThrottle, startWorker } from '@troupe/runtime';
import { createRoleMetrics } from '@troupe/runtime/internal';
import { defineTask, Fatal, handle } from '@troupe/task';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';

const common = { class: 'background', idempotent: 'yes' } as const;
const good = defineTask({ name: 'good', ...common });
const bad = defineTask({ name: 'bad', ...common });
const idle = defineTask({ name: 'idle', ...common, pool: 'idle' });
/** Holds the one token of its scope until somebody says go. */
const held = createExecutor({
  name: 'held',
  family: 'free',
  plan: () => throttled({ scope: 'cloud', need: { vm: 1 } }, wait('go', { signal: 'go', deadline: '1h' })),
});
const app = defineApp({
  name: 'measured',
  executors: [held],
  tasks: [good, bad, idle],
  limits: { kinds: { vm: 1 } },
  handlers: () => [
    handle(good, () => null),
    handle(bad, () => {
      throw new Fatal('broken');
    }),
  ],
});
const shape = { storage: 'memory', partitions: 2, maxLogBytes: 4_194_304, pools: ['default', 'idle'] } as const;
const anywhere = { host: '127.0.0.1', port: 0 };

async function setup() {
  const connection = { servers: process.env['TEST_NATS_URL']! };
  const ns = `metrics-${process.pid}`;
  const runtime = await connectRuntime({ connection, ns, applyTopology: true, ...shape });
  const roles = ['supervisor', 'throttle', 'scheduler', 'worker'] as const;
  const metrics = Object.fromEntries(roles.map((role) => [role, createRoleMetrics(role, runtime, anywhere)]));
  const told = (role: string) => ({ told: metrics[role]!.told! });
  const services = [
    await startSupervisor(runtime, app, told('supervisor')),
    await startThrottle(runtime, app),
    await startScheduler(runtime, app, { minimumInterval: '1s', ...told('scheduler') }),
    await startWorker(runtime, app, { pools: ['default'], onEvent: (event) => metrics['worker']!.worker!(event) }),
  ];
  for (const { endpoint } of Object.values(metrics)) await endpoint.start();
  const client = createClient(connection, { ns });
  await client.start();
  return {
    client,
    /** By name and labels, as the text has them. */
    async scrape(role: (typeof roles)[number]): Promise<Map<string, number>> {
      const response = await fetch(metrics[role]!.endpoint.url);
      expect(response.headers.get('content-type')).to.match(/^application\/openmetrics-text; version=1\.0\.0/);
      const text = await response.text();
      expect(text).to.match(/# EOF\n$/);
      const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
    },
    async [Symbol.asyncDispose]() {
      await client.stop();
      for (const { endpoint } of Object.values(metrics)) await endpoint.stop();
      for (const service of services.reverse()) await service.stop();
      await runtime.stop();
    },
  };
}

describe('the metrics of the roles', () => {
  it('tell of queues, operations, throttles, attempts, schedules and breakers what is there', async () => {
    await using s = await setup();
    const { schedules } = s.client;
    await s.client.execute({ executor: held, id: 'op-1' });
    await s.client.execute({ executor: held, id: 'op-2' });
    await schedules.define('good', { every: '1h', task: good });
    await schedules.runNow('good');
    await schedules.define('idle', { every: '1h', task: idle });
    await schedules.runNow('idle');
    const breaker = { failures: 1, pause: '1h', scope: 'site' } as const;
    await schedules.define('bad', { every: '1s', task: bad, alarmAfter: '1s', breaker });
    await schedules.define('paused', { every: '1h', task: good });
    await schedules.pause('paused');

    /** A role's figures once they say so: some are read seldom, and what they tell happens meanwhile. */
    const told = (role: Parameters<typeof s.scrape>[0], expected: Record<string, number>) =>
      until(
        `${role} tells ${JSON.stringify(expected)}`,
        async () => {
          const found = await s.scrape(role);
          // a turn that is made again counts again
          const fits = ([name, value]: [string, number]): boolean =>
            name.includes('_total') ? found.get(name)! >= value : found.get(name) === value;
          return Object.entries(expected).every(fits) ? found : undefined;
        },
        60_000,
      );
    await until('the breaker is open', async () => {
      const info = await schedules.explain('bad');
      return info.isAlarmed === true && info.outcomes.some(({ what }) => what.startsWith('skipped'));
    });
    const scheduler = await told('scheduler', {
      'troupe_schedules{status="active"}': 3,
      'troupe_schedules{status="paused"}': 1,
      troupe_schedules_overdue: 0,
      troupe_schedules_alarmed: 1,
      'troupe_breaker_open{scope="site"}': 1,
      'troupe_schedule_nominal_times_total{outcome="succeeded"}': 1,
      'troupe_schedule_nominal_times_total{outcome="failed"}': 1,
    });
    expect(scheduler.get('troupe_schedule_behind_seconds{schedule="bad"}')).to.be.at.least(1);
    expect(scheduler.has('troupe_schedule_behind_seconds{schedule="good"}')).to.equal(false);
    const supervisor = await told('supervisor', {
      'troupe_operations{phase="running"}': 2,
      'troupe_operations_accepted_total{executor="held"}': 2,
      'troupe_tasks_waiting{class="background",pool="idle"}': 1,
      'troupe_tasks_waiting{class="background",pool="default"}': 0,
      'troupe_tasks_oldest_waiting_seconds{class="background",pool="default"}': 0,
      'troupe_metrics_failures_total{what="queues"}': 0,
    });
    expect(supervisor.get('troupe_tasks_oldest_waiting_seconds{class="background",pool="idle"}')).to.be.above(0);
    await told('throttle', {
      'troupe_throttle_leases{root="cloud"}': 1,
      'troupe_throttle_waiting{root="cloud"}': 1,
      'troupe_throttle_tokens_used{root="cloud",kind="vm"}': 1,
      'troupe_throttle_tokens_limit{root="cloud",kind="vm"}': 1,
    });
    await told('worker', {
      'troupe_attempts_total{task="good",class="background",outcome="succeeded"}': 1,
      'troupe_attempts_total{task="bad",class="background",outcome="failed"}': 1,
    });
  }).timeout(240_000);
});
