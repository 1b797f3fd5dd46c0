/** Everything in one process: nats-server, the simulated cloud, all roles, a client. */
import type { ResourceStore } from '@troupe/actor';
import { type Client, createClient } from '@troupe/client';
import { createKvResourceStore } from '@troupe/jetstream';
import { startNatsServer } from '@troupe/nats-server';
import { type App, connectRuntime, type Runtime, startSupervisor, startThrottle, startWorker } from '@troupe/runtime';
import { openstackApp } from '../app/index.ts';
import { type CloudSummary, startCloud } from '../cloud/index.ts';

/** What the cloud takes at once, and what the throttle therefore grants. */
export const LIMIT = 4;
export const PROVIDER = 'cloud-1';

export interface Installation extends AsyncDisposable {
  readonly natsUrl: string;
  readonly cloudUrl: string;
  readonly client: Client;
  readonly app: App;
  readonly store: ResourceStore;
  readonly runtime: Runtime;
  /** Messages stored so far over all streams. */
  messages(): Promise<number>;
  /** As the cloud has counted them. */
  builds(): Pick<CloudSummary, 'peak' | 'refusals' | 'duplicates'>;
}

export interface InstallationOptions {
  /** Divides the times of the cloud. Default 1. */
  readonly quicker?: number;
  /** What runs besides. */
  readonly extend?: (app: App) => App;
}

export async function startInstallation({ quicker = 1, extend = (app) => app }: InstallationOptions = {}): Promise<Installation> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const one of stops.splice(0).toReversed()) await one();
  };
  try {
    const nats = await startNatsServer({ config: 'max_payload: 1MB' });
    stops.push(() => nats.stop());
    const cloud = await startCloud({ seed: 1, jitter: 0.3, timeFactor: 1 / quicker, buildLimits: { instance: LIMIT, volume: LIMIT } });
    stops.push(() => cloud.stop());
    const as = (name: string) => () => ({ authUrl: cloud.authUrl, username: name, password: name, projectName: name });
    const base = openstackApp({
      backend: as('demo'),
      admin: as('admin'),
      pace: { every: '250ms', volumeDelay: '0s', serverDelay: '0s', floatingIpDelay: '0s', snapshotDelay: '0s', retypeDelay: '0s' },
      limits: { default: LIMIT },
    });
    const app = extend(base);
    const runtime = await connectRuntime({ connection: { servers: nats.url }, pools: ['openstack'], applyTopology: true });
    stops.push(() => runtime.stop());
    for (const role of [startThrottle, startSupervisor, startWorker]) {
      const service = await role(runtime, app);
      stops.push(() => service.stop());
    }
    const client = createClient({ servers: nats.url });
    await client.start();
    stops.push(() => client.stop());
    const { nc, publisher, subjects } = runtime;
    const store = createKvResourceStore({ nc, publisher, subjects, serverNow: () => runtime.serverNow() });
    return {
      natsUrl: nats.url,
      cloudUrl: cloud.url,
      client,
      app,
      runtime,
      store,
      async messages() {
        let total = 0;
        for (const stream of Object.values(subjects.streams)) {
          const info = await nc.request(`$JS.API.STREAM.INFO.${stream}`, '');
          total += info.json<{ state: { last_seq: number } }>().state.last_seq;
        }
        return total;
      },
      builds: () => cloud.control.summary(),
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
