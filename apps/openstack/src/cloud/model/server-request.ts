import { ApiError } from '../core/api-error.ts';
import type { Catalogue, Flavor } from './catalogue.ts';
import type { Networks } from './networks.ts';
import type { Ports } from './ports.ts';
import { fits } from './quotas.ts';
import type { QuotaBook } from './quotas.ts';
import type { ServerGroups } from './server-groups.ts';
import type { DiskRequest, NetworkRequest, Server, ServerRequest } from './server.ts';
import type { Owner } from './volume.ts';
import type { Volumes } from './volumes.ts';

/** What the check of a request needs to look at. */
export interface RequestContext {
  readonly catalogue: Catalogue;
  readonly networks: Networks;
  readonly ports: Ports;
  readonly quotas: QuotaBook;
  readonly serverGroups: ServerGroups;
  readonly volumes: Volumes;
  servers(): readonly Server[];
}

/**
 * Everything that Nova refuses at once. What only comes to light while the server is built (a volume that fails, a quota of another
 * service) makes an ERROR later instead.
 */
export function checkServerRequest(context: RequestContext, owner: Owner, request: ServerRequest): Flavor {
  const flavor = context.catalogue.flavor(request.flavorId);
  if (flavor === undefined) throw new ApiError(400, `Flavor ${request.flavorId} could not be found.`);
  if (request.imageId !== undefined && context.catalogue.image(request.imageId) === undefined) {
    throw new ApiError(400, `Image ${request.imageId} could not be found.`);
  }
  checkDisks(context, request);
  for (const network of request.networks ?? []) checkNetwork(context, network);
  for (const reference of request.securityGroups ?? []) {
    if (context.networks.findSecurityGroup(owner.projectId, reference) === undefined) {
      throw new ApiError(400, `Security group ${reference} not found for project ${owner.projectId}.`);
    }
  }
  const group = request.groupId === undefined ? undefined : context.serverGroups.find(request.groupId);
  if (request.groupId !== undefined && group?.projectId !== owner.projectId) {
    throw new ApiError(400, `Instance group ${request.groupId} could not be found.`);
  }
  checkQuota(context, owner, flavor);
  return flavor;
}

function checkDisks({ catalogue, volumes }: RequestContext, { imageId, disks = [] }: ServerRequest): void {
  const roots = disks.filter((disk) => disk.isRoot);
  if (roots.length > 1 || (imageId === undefined && roots.length === 0)) {
    throw invalidMapping('Boot sequence for the instance and image/block device mapping combination is not valid.');
  }
  for (const disk of disks) checkDisk(volumes, catalogue, disk);
}

function checkDisk(volumes: Volumes, catalogue: Catalogue, disk: DiskRequest): void {
  if (disk.source === 'blank') {
    if (disk.sizeGb === undefined) throw invalidMapping('Blank block devices need to have a non-zero size');
    return;
  }
  if (disk.source === 'image') {
    if (catalogue.image(disk.id ?? '') === undefined) throw invalidMapping(`failed to get image ${disk.id}.`);
    return;
  }
  const volume = volumes.find(disk.id ?? '');
  if (volume === undefined) throw invalidMapping(`failed to get volume ${disk.id}.`);
  if (volume.status !== 'available') {
    throw new ApiError(400, `Invalid volume: volume '${volume.id}' status must be 'available'. Currently in '${volume.status}' status.`);
  }
  if (disk.isRoot && !volume.bootable) throw new ApiError(400, `Block Device ${volume.id} is not bootable.`);
}

function checkNetwork({ networks, ports }: RequestContext, request: NetworkRequest): void {
  if (request.kind === 'port') {
    const port = ports.find(request.portId);
    if (port === undefined) throw new ApiError(400, `Port id ${request.portId} could not be found.`);
    if (port.deviceId !== '') throw new ApiError(409, `Port ${port.id} is still in use.`);
    return;
  }
  const network = networks.find(request.networkId);
  if (network === undefined) throw new ApiError(400, `Network ${request.networkId} could not be found.`);
  if (network.isExternal) throw new ApiError(403, `It is not allowed to create an interface on external network ${network.id}`);
  if (network.subnets.length === 0) throw new ApiError(400, `Network ${network.id} requires a subnet in order to boot instances on.`);
}

function checkQuota({ quotas, servers }: RequestContext, { projectId }: Owner, flavor: Flavor): void {
  const limits = quotas.of(projectId);
  const used = usageOf(servers(), projectId);
  const wanted = { instances: 1, cores: flavor.vcpus, ram: flavor.ramMb };
  for (const resource of ['instances', 'cores', 'ram'] as const) {
    if (!fits(limits[resource], used[resource], wanted[resource]))
      throw quotaExceeded(resource, wanted[resource], used[resource], limits[resource]);
  }
}

export interface ServerUsage {
  readonly instances: number;
  readonly cores: number;
  readonly ram: number;
}

export function usageOf(servers: readonly Server[], projectId: string): ServerUsage {
  const own = servers.filter((server) => server.projectId === projectId);
  return {
    instances: own.length,
    cores: own.reduce((sum, server) => sum + server.flavor.vcpus, 0),
    ram: own.reduce((sum, server) => sum + server.flavor.ramMb, 0),
  };
}

/**
 * Nova's words and status for every used-up quota: 403, not 413. It has no quota on builds in progress (its own
 * `max_concurrent_builds` lets builds wait); the limit of the simulated cloud is worded as one.
 */
export function quotaExceeded(resource: string, requested: number, used: number, limit: number): ApiError {
  return new ApiError(403, `Quota exceeded for ${resource}: Requested ${requested}, but already used ${used} of ${limit} ${resource}`);
}

function invalidMapping(reason: string): ApiError {
  return new ApiError(400, `Block Device Mapping is Invalid: ${reason}`);
}
