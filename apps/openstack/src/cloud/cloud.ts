import { createAdaptorServer } from '@hono/node-server';
import type { AddressInfo } from 'node:net';
import type { Server as HttpServer } from 'node:http';
import { adminRoutes } from './api/admin.ts';
import { cinderRoutes } from './api/cinder.ts';
import { createDispatcher } from './api/dispatcher.ts';
import { discoveryRoutes } from './api/discovery.ts';
import { glanceRoutes } from './api/glance.ts';
import { keystoneRoutes } from './api/keystone.ts';
import { neutronRoutes } from './api/neutron.ts';
import { novaRoutes } from './api/nova.ts';
import { createControl } from './control.ts';
import type { CloudControl } from './control.ts';
import { createWorld } from './model/world.ts';
import { resolveCloudOptions } from './options.ts';
import type { CloudOptions } from './options.ts';

/** A cloud that serves. */
export interface SimulatedCloud extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** What clients take for `OS_AUTH_URL`. */
  readonly authUrl: string;
  readonly control: CloudControl;
  /** Cuts all connections and stops all transitions. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts a cloud with nothing in it but flavors, images and two networks. It speaks the real API of Keystone, Cinder, Nova, Glance and
 * Neutron as far as the tables in the README say.
 * @throws InvalidCloudOptionError naming the option
 */
export async function startCloud(options: CloudOptions = {}): Promise<SimulatedCloud> {
  const resolved = resolveCloudOptions(options);
  const world = createWorld(resolved);
  const control = createControl(world);
  const api = [
    ...discoveryRoutes(),
    ...keystoneRoutes(world),
    ...cinderRoutes(world),
    ...novaRoutes(world),
    ...glanceRoutes(world),
    ...neutronRoutes(world),
  ];
  const dispatcher = createDispatcher(world, [...api, ...adminRoutes(control, api)]);
  const server = createAdaptorServer({ fetch: dispatcher.app.fetch, overrideGlobalObjects: false }) as HttpServer;
  await listen(server, resolved.port, resolved.host);
  const { port } = server.address() as AddressInfo;
  const url = `http://${resolved.host.includes(':') ? `[${resolved.host}]` : resolved.host}:${port}`;
  let stopped: Promise<void> | undefined;

  function stop(): Promise<void> {
    stopped ??= new Promise((resolve) => {
      dispatcher.stop();
      world.core.transitions.stop();
      server.close(() => resolve());
      server.closeAllConnections();
    });
    return stopped;
  }

  return { url, authUrl: `${url}/v3`, control, stop, [Symbol.asyncDispose]: stop };
}

function listen(server: HttpServer, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
