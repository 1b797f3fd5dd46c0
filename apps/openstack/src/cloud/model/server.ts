import type { Flavor } from './catalogue.ts';

export type VmState = 'building' | 'active' | 'stopped' | 'resized' | 'error';

export type TaskState =
  | 'scheduling'
  | 'spawning'
  | 'deleting'
  | 'powering-on'
  | 'powering-off'
  | 'rebooting'
  | 'rebooting_hard'
  | 'resize_prep'
  | 'resize_reverting';

/** A server as the cloud keeps it. */
export interface Server {
  readonly id: string;
  readonly projectId: string;
  readonly userId: string;
  readonly drawKey: string;
  readonly sequence: number;
  readonly createdAt: number;
  flavor: Flavor;
  /** What it was before a resize that nobody has confirmed yet. */
  beforeResize: { readonly flavor: Flavor; readonly vmState: VmState } | undefined;
  readonly imageId: string | undefined;
  readonly keyName: string | undefined;
  /** Of its server group. */
  readonly groupId: string | undefined;
  readonly securityGroups: readonly string[];
  /** Ports that the cloud made for the server, and takes away with it. */
  readonly ownPortIds: Set<string>;
  updatedAt: number;
  launchedAt: number | undefined;
  name: string;
  description: string | null;
  vmState: VmState;
  taskState: TaskState | null;
  /** A status that follows from no state: set by a fault. */
  statusOverride: string | undefined;
  fault: ServerFault | undefined;
  metadata: Record<string, string>;
  tags: readonly string[];
  disks: readonly ServerDisk[];
}

export interface ServerFault {
  readonly code: number;
  readonly message: string;
  readonly createdAt: number;
}

export interface ServerDisk {
  readonly volumeId: string;
  readonly device: string;
  readonly isRoot: boolean;
  readonly deleteOnTermination: boolean;
  readonly tag: string | null;
}

export interface ServerRequest {
  readonly name: string;
  readonly description?: string | null | undefined;
  readonly flavorId: string;
  readonly imageId?: string | undefined;
  readonly keyName?: string | undefined;
  readonly groupId?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly tags?: readonly string[] | undefined;
  /** By name or id. Default: the project's `default` group. */
  readonly securityGroups?: readonly string[] | undefined;
  /** Default: one port on the internal network. */
  readonly networks?: readonly NetworkRequest[] | undefined;
  readonly disks?: readonly DiskRequest[] | undefined;
}

export type NetworkRequest =
  | { readonly kind: 'port'; readonly portId: string }
  | { readonly kind: 'network'; readonly networkId: string; readonly address?: string | undefined };

export interface DiskRequest {
  readonly source: 'volume' | 'image' | 'blank';
  /** The volume or image; absent for `blank`. */
  readonly id?: string | undefined;
  readonly sizeGb?: number | undefined;
  readonly isRoot: boolean;
  readonly deleteOnTermination: boolean;
  readonly tag?: string | undefined;
  readonly volumeType?: string | undefined;
}

/** Nova's status word, which it derives from the two states. */
export function statusOf(server: Server): string {
  if (server.statusOverride !== undefined) return server.statusOverride;
  if (server.taskState === 'resize_prep') return 'RESIZE';
  switch (server.vmState) {
    case 'building':
      return 'BUILD';
    case 'active':
      if (server.taskState === 'rebooting') return 'REBOOT';
      return server.taskState === 'rebooting_hard' ? 'HARD_REBOOT' : 'ACTIVE';
    case 'stopped':
      return 'SHUTOFF';
    case 'resized':
      return server.taskState === 'resize_reverting' ? 'REVERT_RESIZE' : 'VERIFY_RESIZE';
    case 'error':
      return 'ERROR';
  }
}

/** Nova's number: 0 no state, 1 running, 4 shut down. */
export function powerStateOf(server: Server): number {
  if (server.vmState === 'active') return 1;
  if (server.vmState === 'resized') return server.beforeResize?.vmState === 'stopped' ? 4 : 1;
  return server.vmState === 'stopped' ? 4 : 0;
}
