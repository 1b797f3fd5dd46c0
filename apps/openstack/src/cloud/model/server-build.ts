import { ApiError } from '../core/api-error.ts';
import type { CloudCore } from '../core/core.ts';
import { tokenOfMetadata } from '../core/token-ledger.ts';
import { checkServerRequest, quotaExceeded } from './server-request.ts';
import type { RequestContext } from './server-request.ts';
import type { ServerStore } from './server-store.ts';
import type { DiskRequest, NetworkRequest, Server, ServerDisk, ServerRequest } from './server.ts';
import type { Owner } from './volume.ts';

export type ServerBuilder = (owner: Owner, request: ServerRequest) => Server;

export function createServerBuilder(
  core: CloudCore,
  context: RequestContext,
  store: ServerStore,
  vanish: (server: Server) => void,
): ServerBuilder {
  const { networks, ports, volumes } = context;

  function plug(server: Server, request: NetworkRequest): void {
    const binding = { deviceId: server.id, deviceOwner: 'compute:nova' };
    if (request.kind === 'port') return ports.update(ports.get(request.portId), { ...binding, status: 'BUILD' });
    const port = ports.create(server.projectId, {
      ...binding,
      networkId: request.networkId,
      address: request.address,
      ...(server.securityGroups.length === 0 ? {} : { securityGroupIds: server.securityGroups }),
    });
    server.ownPortIds.add(port.id);
  }

  function provide(server: Server, request: DiskRequest, index: number): ServerDisk {
    const disk = {
      device: deviceName(index),
      isRoot: request.isRoot,
      deleteOnTermination: request.deleteOnTermination,
      tag: request.tag ?? null,
    };
    if (request.source === 'volume') {
      const volume = volumes.get(request.id ?? '');
      volumes.reserve(volume);
      return { volumeId: volume.id, ...disk };
    }
    const volume = volumes.create(server, {
      name: '',
      description: '',
      sizeGb: request.sizeGb ?? server.flavor.diskGb,
      imageId: request.source === 'image' ? request.id : undefined,
      volumeType: request.volumeType,
    });
    return { volumeId: volume.id, ...disk };
  }

  /** Goes on once every volume of the server has settled; those that Nova made itself may take longer than the server. */
  function whenDisksSettled(disks: readonly ServerDisk[], run: () => void): void {
    const [first, ...rest] = disks;
    if (first === undefined) return run();
    volumes.whenSettled(first.volumeId, () => whenDisksSettled(rest, run));
  }

  function finish(server: Server): void {
    if (!store.holds(server) || server.vmState !== 'building' || server.taskState === 'deleting') return;
    const broken = server.disks.find((disk) => !['available', 'reserved'].includes(volumes.find(disk.volumeId)?.status ?? 'deleted'));
    if (broken !== undefined) {
      store.endInStatus(server, 'ERROR', `Build of instance ${server.id} aborted: Invalid volume: ${broken.volumeId} cannot be attached.`);
      return;
    }
    for (const disk of server.disks) volumes.attach(volumes.get(disk.volumeId), server.id, disk.device);
    for (const port of ports.ofDevice(server.id)) ports.update(port, { status: 'ACTIVE' });
    store.moveTo(server, 'active', null);
    server.launchedAt = core.clock.now();
    core.builds.end('instance', server.id, 'ACTIVE');
  }

  function build(server: Server, request: ServerRequest): void {
    try {
      // One by one: what is reserved already must be known to the server when the next one is refused.
      for (const disk of request.disks ?? []) server.disks = [...server.disks, provide(server, disk, server.disks.length)];
      const wanted = request.networks ?? [{ kind: 'network', networkId: networks.internal.id }];
      for (const network of wanted) plug(server, network);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // Nova has accepted the request by now: a refusal of another service shows in the server.
      store.endInStatus(server, 'ERROR', `Build of instance ${server.id} aborted: ${error.message}`);
      return;
    }
    core.transitions.begin({
      name: 'server.create',
      latency: 'serverCreate',
      subject: store.subjectOf(server, () => vanish(server)),
      halfway: () => store.moveTo(server, 'building', 'spawning'),
      done: () => whenDisksSettled(server.disks, () => finish(server)),
    });
  }

  return (owner, request) => {
    const flavor = checkServerRequest(context, owner, request);
    if (!core.builds.admit('instance', request.name)) {
      throw quotaExceeded('building_instances', 1, core.builds.running('instance'), core.builds.limit('instance') ?? 0);
    }
    const now = core.clock.now();
    const server: Server = {
      ...core.identify('server', request.name),
      projectId: owner.projectId,
      userId: owner.userId,
      createdAt: now,
      updatedAt: now,
      launchedAt: undefined,
      name: request.name,
      description: request.description ?? null,
      flavor,
      beforeResize: undefined,
      imageId: request.imageId,
      keyName: request.keyName,
      groupId: request.groupId,
      securityGroups: request.securityGroups ?? [],
      ownPortIds: new Set(),
      vmState: 'building',
      taskState: 'scheduling',
      statusOverride: undefined,
      fault: undefined,
      metadata: { ...request.metadata },
      tags: request.tags ?? [],
      disks: [],
    };
    store.add(server);
    core.tokens.record('server', server.id, tokenOfMetadata(server.metadata));
    core.builds.begin('instance', server.id, server.name);
    build(server, request);
    return server;
  };
}

/** /dev/vda, /dev/vdb, … */
export function deviceName(index: number): string {
  return `/dev/vd${String.fromCharCode('a'.charCodeAt(0) + index)}`;
}
