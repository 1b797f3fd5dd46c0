import type { Flavor, Image } from '../model/catalogue.ts';
import { availabilityZone } from '../model/catalogue.ts';
import type { Quotas } from '../model/quotas.ts';
import type { ServerUsage } from '../model/server-request.ts';
import { powerStateOf, statusOf } from '../model/server.ts';
import type { Server, ServerDisk } from '../model/server.ts';
import type { World } from '../model/world.ts';
import type { AuthorizedCall } from './route.ts';
import { isoMicroseconds, isoSeconds } from './time-format.ts';

type Fields = Record<string, unknown>;

export function serverSummary(call: AuthorizedCall, server: Server): Fields {
  return { id: server.id, name: server.name, links: links(call, 'servers', server.id) };
}

export function serverDetail(call: AuthorizedCall, world: World, server: Server): Fields {
  const status = statusOf(server);
  const groups = groupNames(world, server);
  return {
    ...serverSummary(call, server),
    status,
    tenant_id: server.projectId,
    user_id: server.userId,
    metadata: server.metadata,
    hostId: world.core.random.hex(56, 'host', server.projectId),
    image: server.imageId === undefined ? '' : { id: server.imageId, links: [bookmark(call, 'images', server.imageId)] },
    flavor: flavorOfServer(call, server.flavor),
    created: isoSeconds(server.createdAt),
    updated: isoSeconds(server.updatedAt),
    addresses: addressesOf(world, server),
    accessIPv4: '',
    accessIPv6: '',
    'OS-DCF:diskConfig': 'MANUAL',
    ...(['ACTIVE', 'BUILD', 'REBUILD', 'RESIZE', 'VERIFY_RESIZE'].includes(status) ? { progress: 0 } : {}),
    'OS-EXT-AZ:availability_zone': server.launchedAt === undefined ? '' : availabilityZone,
    config_drive: '',
    key_name: server.keyName ?? null,
    'OS-SRV-USG:launched_at': server.launchedAt === undefined ? null : isoMicroseconds(server.launchedAt),
    'OS-SRV-USG:terminated_at': null,
    'OS-EXT-STS:task_state': server.taskState,
    'OS-EXT-STS:vm_state': server.vmState,
    'OS-EXT-STS:power_state': powerStateOf(server),
    'os-extended-volumes:volumes_attached': server.disks.map((disk) => ({
      id: disk.volumeId,
      ...(call.minor >= 3 ? { delete_on_termination: disk.deleteOnTermination } : {}),
    })),
    ...(groups.length === 0 ? {} : { security_groups: groups.map((name) => ({ name })) }),
    ...(server.fault === undefined || status !== 'ERROR' ? {} : { fault: faultOf(server.fault) }),
    ...(call.user.isAdmin ? hostFields(server) : {}),
    ...fieldsByMicroversion(call, server),
  };
}

function fieldsByMicroversion({ minor }: AuthorizedCall, server: Server): Fields {
  return {
    ...(minor >= 9 ? { locked: false } : {}),
    ...(minor >= 19 ? { description: server.description } : {}),
    ...(minor >= 26 ? { tags: server.tags } : {}),
    ...(minor >= 63 ? { trusted_image_certificates: null } : {}),
    ...(minor >= 71 ? { server_groups: [] } : {}),
    ...(minor >= 73 ? { locked_reason: null } : {}),
  };
}

function hostFields(server: Server): Fields {
  return {
    'OS-EXT-SRV-ATTR:host': 'compute-1',
    'OS-EXT-SRV-ATTR:hypervisor_hostname': 'compute-1',
    'OS-EXT-SRV-ATTR:instance_name': `instance-${server.sequence.toString(16).padStart(8, '0')}`,
  };
}

function faultOf({ code, message, createdAt }: NonNullable<Server['fault']>): Fields {
  return { code, message, created: isoSeconds(createdAt) };
}

/** Since 2.47 the flavor is embedded as it was at the time, without its id. */
function flavorOfServer(call: AuthorizedCall, flavor: Flavor): Fields {
  if (call.minor < 47) return { id: flavor.id, links: [bookmark(call, 'flavors', flavor.id)] };
  return {
    original_name: flavor.name,
    vcpus: flavor.vcpus,
    ram: flavor.ramMb,
    disk: flavor.diskGb,
    ephemeral: 0,
    swap: 0,
    extra_specs: {},
  };
}

function addressesOf({ networks, ports, floatingIps }: World, server: Server): Fields {
  const addresses: Record<string, unknown[]> = {};
  for (const port of ports.ofDevice(server.id)) {
    const list = (addresses[networks.get(port.networkId).name] ??= []);
    const address = (addr: string, type: string): Fields => ({
      version: 4,
      addr,
      'OS-EXT-IPS:type': type,
      'OS-EXT-IPS-MAC:mac_addr': port.macAddress,
    });
    list.push(address(port.address, 'fixed'));
    const ip = floatingIps.ofPort(port.id);
    if (ip !== undefined) list.push(address(ip.address, 'floating'));
  }
  return addresses;
}

function groupNames({ networks, ports }: World, server: Server): readonly string[] {
  const ids = ports.ofDevice(server.id).flatMap((port) => port.securityGroupIds);
  const names = ids.map((id) => networks.findSecurityGroup(server.projectId, id)?.name).filter((name) => name !== undefined);
  return [...new Set(names)];
}

export function attachmentView(call: AuthorizedCall, server: Server, disk: ServerDisk): Fields {
  return {
    id: disk.volumeId,
    volumeId: disk.volumeId,
    serverId: server.id,
    device: disk.device,
    ...(call.minor >= 70 ? { tag: disk.tag } : {}),
    ...(call.minor >= 79 ? { delete_on_termination: disk.deleteOnTermination } : {}),
  };
}

export function flavorSummary(call: AuthorizedCall, flavor: Flavor): Fields {
  return { id: flavor.id, name: flavor.name, links: links(call, 'flavors', flavor.id), ...(call.minor >= 55 ? { description: null } : {}) };
}

export function flavorDetail(call: AuthorizedCall, flavor: Flavor): Fields {
  return {
    ...flavorSummary(call, flavor),
    vcpus: flavor.vcpus,
    ram: flavor.ramMb,
    disk: flavor.diskGb,
    swap: call.minor >= 75 ? 0 : '',
    rxtx_factor: 1,
    'OS-FLV-EXT-DATA:ephemeral': 0,
    'OS-FLV-DISABLED:disabled': false,
    'os-flavor-access:is_public': true,
    ...(call.minor >= 61 ? { extra_specs: {} } : {}),
  };
}

/** Nova's own view of an image, from before Glance was asked directly. */
export function imageProxyView(call: AuthorizedCall, image: Image): Fields {
  return {
    id: image.id,
    name: image.name,
    status: 'ACTIVE',
    progress: 100,
    minDisk: image.minDiskGb,
    minRam: image.minRamMb,
    'OS-EXT-IMG-SIZE:size': image.sizeBytes,
    metadata: {},
    created: isoSeconds(image.createdAt),
    updated: isoSeconds(image.createdAt),
    links: links(call, 'images', image.id),
  };
}

export function computeQuotaView(projectId: string, quotas: Quotas, usage: ServerUsage | undefined): unknown {
  const limits: Record<string, readonly [limit: number, used: number]> = {
    instances: [quotas.instances, usage?.instances ?? 0],
    cores: [quotas.cores, usage?.cores ?? 0],
    ram: [quotas.ram, usage?.ram ?? 0],
    key_pairs: [100, 0],
    metadata_items: [128, 0],
    server_groups: [10, 0],
    server_group_members: [10, 0],
  };
  const entries = Object.entries(limits).map(([name, [limit, used]]) => [
    name,
    usage === undefined ? limit : { limit, in_use: used, reserved: 0 },
  ]);
  return { quota_set: { id: projectId, ...Object.fromEntries(entries) } };
}

export function computeLimitsView(quotas: Quotas, usage: ServerUsage): unknown {
  return {
    limits: {
      rate: [],
      absolute: {
        maxTotalInstances: quotas.instances,
        maxTotalCores: quotas.cores,
        maxTotalRAMSize: quotas.ram,
        maxServerMeta: 128,
        maxTotalKeypairs: 100,
        maxServerGroups: 10,
        maxServerGroupMembers: 10,
        totalInstancesUsed: usage.instances,
        totalCoresUsed: usage.cores,
        totalRAMUsed: usage.ram,
        totalServerGroupsUsed: 0,
      },
    },
  };
}

function links(call: AuthorizedCall, collection: string, id: string): readonly unknown[] {
  return [{ rel: 'self', href: `${call.baseUrl}/compute/v2.1/${collection}/${id}` }, bookmark(call, collection, id)];
}

function bookmark(call: AuthorizedCall, collection: string, id: string): unknown {
  return { rel: 'bookmark', href: `${call.baseUrl}/compute/${collection}/${id}` };
}
