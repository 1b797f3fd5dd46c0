import { createClient } from '@troupe/client';
import type { OperationInfo, Client, OperationEnd } from '@troupe/client';
import type { ResourceRecord } from '@troupe/actor';
import { createKvResourceStore } from '@troupe/jetstream';
import type { JsonObject, ResourceRef } from '@troupe/protocol';
import { openstackApp, type Pace } from '@troupe/openstack';
import { startCloud } from '@troupe/openstack/internal';
import type { CloudOptions, SimulatedCloud } from '@troupe/openstack/internal';
import { connectRuntime, startSupervisor, startThrottle, startWorker } from '@troupe/runtime';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { adminConfigOf, configOf } from './bench.ts';
import { createWitness, type Witness } from './witness.ts';

export const LIMIT = 2;
export const provider = 'cloud-1';

export interface StageOptions extends CloudOptions {
  /** Of each kind, of the cloud and of the throttle. */
  readonly limit?: number;
  readonly pace?: Pace;
  /** Default false: what follows would mix its calls with those of the operation that is looked at. */
  readonly pullAfterCreate?: boolean;
}

export interface Stage extends AsyncDisposable {
  readonly cloud: SimulatedCloud;
  readonly witness: Witness;
  readonly client: Client;
  /** Inserts a row as the request that makes a resource does. */
  insert(kind: string, id: string, data: JsonObject, state?: string, backendId?: string): Promise<ResourceRef>;
  row(kind: string, id: string): Promise<ResourceRecord | undefined>;
  /** Runs an operation to its end. */
  run(executor: string, resource: ResourceRef, input?: JsonObject): Promise<OperationEnd & { readonly info: OperationInfo }>;
  /** Calls that change something, oldest first, as `POST volumes`. */
  changes(after?: number): string[];
  /** Fails unless nothing is held, nothing doubled and the cloud was never asked for more than it takes. */
  expectClean(): Promise<void>;
}

let count = 0;

/** All roles on a real nats-server, before a cloud that is twenty times as quick as it would be. */
export async function createStage({ limit = LIMIT, pace, pullAfterCreate = false, ...options }: StageOptions = {}): Promise<Stage> {
  const servers = process.env['TEST_NATS_URL']!;
  const ns = `openstack-${process.pid}-${count++}`;
  const cloud = await startCloud({ seed: 7, timeFactor: 0.05, buildLimits: { instance: limit, volume: limit }, ...options });
  const topology = { applyTopology: true, storage: 'memory', maxLogBytes: 1_048_576, partitions: 2 } as const;
  const runtime = await connectRuntime({ connection: { servers }, ns, pools: ['openstack'], ...topology });
  const app = openstackApp({
    backend: () => configOf(cloud),
    admin: () => adminConfigOf(cloud),
    tenantPassword: () => 'known to tests',
    pace: { every: '50ms', volumeDelay: '0s', serverDelay: '0s', floatingIpDelay: '0s', snapshotDelay: '0s', retypeDelay: '0s', ...pace },
    limits: { default: limit },
    pullAfterCreate,
  });
  const witness = await createWitness(runtime);
  const roles = [await startThrottle(runtime, app), await startSupervisor(runtime, app), await startWorker(runtime, app)];
  const client = createClient({ servers }, { ns });
  await client.start();
  const { nc, publisher, subjects } = runtime;
  const store = createKvResourceStore({ nc, publisher, subjects, serverNow: () => runtime.serverNow() });

  return {
    cloud,
    witness,
    client,
    async insert(kind, id, data, state = 'CREATION_SCHEDULED', backendId = '') {
      const ref = { kind, id };
      const write = { op: 'create', ref, state, set: { backendId, data: { provider, name: id, ...data } } } as const;
      expect(await store.write(write, { turn: 0, effect: `insert ${kind}/${id}` })).to.include({ ok: true });
      return ref;
    },
    row: (kind, id) => store.get({ kind, id }),
    async run(executor, resource, input) {
      const handle = await client.execute({ executor, resource, ...(input === undefined ? {} : { input }) });
      const end = await handle.ended();
      return { ...end, info: (await client.operation(handle.id))! };
    },
    changes: (after) =>
      cloud.control
        .log(after)
        .calls.filter(({ method, path }) => method !== 'GET' && !path.endsWith('/auth/tokens'))
        .map(
          ({ method, path }) =>
            `${method} ${path.replace(/^\/(volume\/v3\/[^/]+|compute\/v2\.1|networking\/v2\.0|v3)\//, '').replace(/[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}/g, ':id')}`,
        ),
    async expectClean() {
      const held = async (): Promise<number> =>
        ((await client.throttle(provider)) ?? []).reduce((sum, { used, waiting }) => sum + used + waiting, 0);
      await until('no token is held', async () => (await held()) === 0);
      const { peak, refusals, duplicates } = cloud.control.summary();
      expect(Math.max(peak.instance, peak.volume)).to.be.at.most(limit);
      expect({ refusals, duplicates }).to.deep.equal({ refusals: { instance: 0, volume: 0 }, duplicates: [] });
    },
    async [Symbol.asyncDispose]() {
      await client.stop();
      for (const role of roles.toReversed()) await role.stop();
      await runtime.stop();
      await cloud.stop();
    },
  };
}
