import { createCore } from '../core/core.ts';
import type { CloudCore } from '../core/core.ts';
import type { ResolvedCloudOptions } from '../options.ts';
import { createCatalogue } from './catalogue.ts';
import type { Catalogue } from './catalogue.ts';
import { createFloatingIps } from './floating-ips.ts';
import type { FloatingIps } from './floating-ips.ts';
import { createIdentity } from './identity.ts';
import type { Identity } from './identity.ts';
import { createNetworks } from './networks.ts';
import type { Networks } from './networks.ts';
import { createPorts } from './ports.ts';
import type { Ports } from './ports.ts';
import { createQuotaBook } from './quotas.ts';
import type { QuotaBook } from './quotas.ts';
import { createRouters } from './routers.ts';
import type { Routers } from './routers.ts';
import { createSecurityGroups } from './security-groups.ts';
import { createServerGroups } from './server-groups.ts';
import type { ServerGroups } from './server-groups.ts';
import { createServers } from './servers.ts';
import type { Servers } from './servers.ts';
import { createVolumes } from './volumes.ts';
import { createSnapshots } from './snapshots.ts';
import type { Snapshots } from './snapshots.ts';
import type { Volumes } from './volumes.ts';

/** The whole state of one simulated cloud; knows nothing of HTTP. */
export interface World {
  readonly core: CloudCore;
  readonly identity: Identity;
  readonly catalogue: Catalogue;
  readonly quotas: QuotaBook;
  readonly networks: Networks;
  readonly ports: Ports;
  readonly routers: Routers;
  readonly floatingIps: FloatingIps;
  readonly volumes: Volumes;
  readonly snapshots: Snapshots;
  readonly serverGroups: ServerGroups;
  readonly servers: Servers;
}

export function createWorld(options: ResolvedCloudOptions): World {
  const core = createCore(options);
  const { clock, random } = core;
  const catalogue = createCatalogue(random, clock.now());
  const quotas = createQuotaBook(options.quotas);
  const identity = createIdentity({ clock, random, users: options.users, tokenTtlMs: options.tokenTtlMs });
  const atStart = new Set(identity.projects().map(({ id }) => id));
  const networks = createNetworks(
    core,
    quotas,
    createSecurityGroups(core, quotas, (projectId) => atStart.has(projectId)),
  );
  const ports = createPorts(core, networks, quotas);
  const volumes = createVolumes(core, catalogue, quotas);
  const serverGroups = createServerGroups(core);
  return {
    core,
    identity,
    catalogue,
    quotas,
    networks,
    ports,
    routers: createRouters(core, networks, ports, quotas),
    floatingIps: createFloatingIps(core, networks, ports, quotas),
    volumes,
    snapshots: createSnapshots(core, volumes, quotas),
    serverGroups,
    servers: createServers(core, { catalogue, networks, ports, quotas, serverGroups, volumes }),
  };
}
