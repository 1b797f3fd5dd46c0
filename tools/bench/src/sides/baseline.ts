/** A row of the throttle baseline, for real: all roles, the OpenStack app and its cloud over HTTP in one process. */
import { createKvResourceStore } from '@troupe/jetstream';
import { openstackApp } from '@troupe/openstack';
import { startCloud, twentyInstances } from '@troupe/openstack/internal';
import { connectRuntime, startSupervisor, startThrottle, startWorker } from '@troupe/runtime';
import { DIVISOR, latencies, LIMIT, rows } from '../baseline-rows.ts';
import type { Side } from '../scenario.ts';
import { startClient } from '../troupe.ts';

const seconds = (ms: number) => `${ms / DIVISOR}ms` as const;

export const baseline: Side = async ({ server, input }) => {
  const row = rows[input['row'] ?? 0]!;
  const cloud = await startCloud({
    seed: 1,
    jitter: 0,
    latencies: latencies(row),
    buildLimits: { instance: LIMIT, volume: LIMIT },
  });
  const app = openstackApp({
    backend: () => ({ authUrl: cloud.authUrl, username: 'demo', password: 'demo', projectName: 'demo' }),
    pace: { every: seconds(5_000), volumeDelay: seconds(30_000), serverDelay: seconds(10_000), floatingIpDelay: seconds(5_000) },
    limits: { default: LIMIT },
  });
  const runtime = await connectRuntime({ connection: { servers: server.url }, pools: ['openstack'], applyTopology: true });
  await startThrottle(runtime, app);
  await startSupervisor(runtime, app);
  await startWorker(runtime, app);
  const { client } = await startClient(server.url);
  const { nc, publisher, subjects } = runtime;
  const store = createKvResourceStore({ nc, publisher, subjects, serverNow: () => runtime.serverNow() });
  // the last one runs before, alone: log-in, connections and code are warm
  const orders = twentyInstances(row.instances + 1, row.volumes);
  for (const { ref, data } of orders.flatMap((order) => order.rows)) {
    const write = { op: 'create', ref, state: 'CREATION_SCHEDULED', set: { data } } as const;
    await store.write(write, { turn: 0, effect: `insert ${ref.kind}/${ref.id}` });
  }
  const run = async ({ executor, resource }: (typeof orders)[number]) =>
    (await client.execute({ executor, ...(resource === undefined ? {} : { resource }) })).ended();
  const first = await run(orders.pop()!);
  const start = performance.now();
  const ends = [first, ...(await Promise.all(orders.map(run)))];
  const endSeconds = (performance.now() - start) / 1_000;
  const failed = ends.filter(({ outcome }) => outcome !== 'succeeded');
  const { peak, refusals, duplicates, calls } = cloud.control.summary();
  if (failed.length > 0) throw new Error(`${row.name}: ${failed.length} failed: ${JSON.stringify(failed[0])}`);
  if (Math.max(peak.instance, peak.volume) > LIMIT || refusals.instance + refusals.volume > 0)
    throw new Error(`${row.name}: more builds than the cloud takes: ${JSON.stringify({ peak, refusals })}`);
  if (duplicates.length > 0) throw new Error(`${row.name}: made twice: ${JSON.stringify(duplicates)}`);
  return { values: { endSeconds, peakInstances: peak.instance, peakVolumes: peak.volume, calls: calls.total } };
};
