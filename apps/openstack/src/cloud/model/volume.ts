/** A volume as the cloud keeps it. */
export interface Volume {
  readonly id: string;
  readonly projectId: string;
  readonly userId: string;
  readonly drawKey: string;
  readonly sequence: number;
  readonly createdAt: number;
  updatedAt: number;
  name: string;
  description: string | null;
  status: string;
  sizeGb: number;
  bootable: boolean;
  readonly imageId: string | undefined;
  readonly sourceVolumeId: string | undefined;
  readonly snapshotId: string | undefined;
  volumeType: string;
  metadata: Record<string, string>;
  attachments: VolumeAttachment[];
}

export interface VolumeAttachment {
  readonly id: string;
  readonly serverId: string;
  readonly device: string;
  readonly attachedAt: number;
}

export interface VolumeRequest {
  readonly name: string;
  readonly description?: string | null | undefined;
  readonly sizeGb: number;
  readonly imageId?: string | undefined;
  readonly sourceVolumeId?: string | undefined;
  readonly snapshotId?: string | undefined;
  /** The volume whose data it begins with, be it directly or by a snapshot: its copy can be booted from if that can. */
  readonly originId?: string | undefined;
  readonly volumeType?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** Who asks, as far as ownership is concerned. */
export interface Owner {
  readonly projectId: string;
  readonly userId: string;
}
