import type { Quotas } from '../model/quotas.ts';
import type { VolumeUsage } from '../model/volumes.ts';
import { availabilityZone } from '../model/catalogue.ts';
import type { Catalogue, VolumeType } from '../model/catalogue.ts';
import type { Volume } from '../model/volume.ts';
import type { AuthorizedCall } from './route.ts';
import { isoMicroseconds } from './time-format.ts';

export function volumeSummary(call: AuthorizedCall, volume: Volume): Record<string, unknown> {
  const path = `/${call.project.id}/volumes/${volume.id}`;
  return {
    id: volume.id,
    name: volume.name,
    links: [
      { rel: 'self', href: `${call.baseUrl}/volume/v3${path}` },
      { rel: 'bookmark', href: `${call.baseUrl}/volume${path}` },
    ],
  };
}

export function volumeDetail(call: AuthorizedCall, catalogue: Catalogue, volume: Volume): Record<string, unknown> {
  const image = volume.imageId === undefined ? undefined : catalogue.image(volume.imageId);
  return {
    ...volumeSummary(call, volume),
    description: volume.description,
    status: volume.status,
    size: volume.sizeGb,
    availability_zone: availabilityZone,
    created_at: isoMicroseconds(volume.createdAt),
    updated_at: isoMicroseconds(volume.updatedAt),
    bootable: String(volume.bootable),
    encrypted: false,
    multiattach: false,
    volume_type: volume.volumeType,
    snapshot_id: volume.snapshotId ?? null,
    source_volid: volume.sourceVolumeId ?? null,
    consistencygroup_id: null,
    replication_status: null,
    user_id: volume.userId,
    metadata: volume.metadata,
    attachments: volume.attachments.map((attachment) => ({
      id: volume.id,
      attachment_id: attachment.id,
      volume_id: volume.id,
      server_id: attachment.serverId,
      host_name: null,
      device: attachment.device,
      attached_at: isoMicroseconds(attachment.attachedAt),
    })),
    'os-vol-tenant-attr:tenant_id': volume.projectId,
    ...(image === undefined
      ? {}
      : {
          volume_image_metadata: {
            image_id: image.id,
            image_name: image.name,
            min_disk: String(image.minDiskGb),
            min_ram: String(image.minRamMb),
          },
        }),
    ...(call.user.isAdmin
      ? { 'os-vol-host-attr:host': 'storage@lvm#lvm', 'os-vol-mig-status-attr:migstat': null, 'os-vol-mig-status-attr:name_id': null }
      : {}),
    ...sinceMinor(call, 13, { group_id: null }),
    ...sinceMinor(call, 21, { provider_id: null }),
    ...sinceMinor(call, 48, { service_uuid: null, shared_targets: false }),
  };
}

export function volumeTypeView(type: VolumeType): unknown {
  return {
    id: type.id,
    name: type.name,
    description: type.description,
    is_public: true,
    'os-volume-type-access:is_public': true,
    qos_specs_id: null,
    extra_specs: {},
  };
}

type StorageUsage = VolumeUsage & { readonly snapshots: number };

/** What does not exist here is reported as unlimited and unused. */
export function volumeQuotaView(projectId: string, quotas: Quotas, usage: StorageUsage | undefined): unknown {
  const limits: Record<string, readonly [limit: number, used: number]> = {
    volumes: [quotas.volumes, usage?.volumes ?? 0],
    gigabytes: [quotas.gigabytes, usage?.gigabytes ?? 0],
    snapshots: [quotas.snapshots, usage?.snapshots ?? 0],
    backups: [-1, 0],
    backup_gigabytes: [-1, 0],
    per_volume_gigabytes: [-1, 0],
    groups: [-1, 0],
  };
  const entries = Object.entries(limits).map(([name, [limit, used]]) => [
    name,
    usage === undefined ? limit : { limit, in_use: used, reserved: 0 },
  ]);
  return { quota_set: { id: projectId, ...Object.fromEntries(entries) } };
}

export function volumeLimitsView(quotas: Quotas, usage: StorageUsage): unknown {
  return {
    limits: {
      rate: [],
      absolute: {
        maxTotalVolumes: quotas.volumes,
        maxTotalVolumeGigabytes: quotas.gigabytes,
        maxTotalSnapshots: quotas.snapshots,
        maxTotalBackups: -1,
        maxTotalBackupGigabytes: -1,
        totalVolumesUsed: usage.volumes,
        totalGigabytesUsed: usage.gigabytes,
        totalSnapshotsUsed: usage.snapshots,
        totalBackupsUsed: 0,
        totalBackupGigabytesUsed: 0,
      },
    },
  };
}

function sinceMinor(call: AuthorizedCall, minor: number, fields: Record<string, unknown>): Record<string, unknown> {
  return call.minor >= minor ? fields : {};
}
