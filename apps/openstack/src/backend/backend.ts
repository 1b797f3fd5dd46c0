import type { BackendConfig } from './config.ts';
import { createExistenceCalls } from './existence.ts';
import type { ExistenceCalls } from './existence.ts';
import { createFloatingIpCalls } from './floating-ips.ts';
import type { FloatingIpCalls } from './floating-ips.ts';
import { createInventoryCalls } from './inventory.ts';
import type { InventoryCalls } from './inventory.ts';
import { createLookupCalls } from './lookups.ts';
import type { LookupCalls } from './lookups.ts';
import { createNetworkCalls } from './networks.ts';
import type { NetworkCalls } from './networks.ts';
import { createPortCalls } from './ports.ts';
import type { PortCalls } from './ports.ts';
import { createProjectCalls } from './projects.ts';
import type { ProjectCalls } from './projects.ts';
import { createQuotaCalls } from './quotas.ts';
import type { QuotaCalls } from './quotas.ts';
import { createSecurityGroupCalls } from './security-groups.ts';
import type { SecurityGroupCalls } from './security-groups.ts';
import { createServerGroupCalls } from './server-groups.ts';
import type { ServerGroupCalls } from './server-groups.ts';
import { createServerCalls } from './servers.ts';
import type { ServerCalls } from './servers.ts';
import { createSession } from './session.ts';
import { createSnapshotCalls } from './snapshots.ts';
import type { SnapshotCalls } from './snapshots.ts';
import { createVolumeChangeCalls } from './volume-changes.ts';
import type { VolumeChangeCalls } from './volume-changes.ts';
import { createVolumeCalls } from './volumes.ts';
import type { VolumeCalls } from './volumes.ts';

/** One project of one OpenStack cloud. Every call takes an `AbortSignal` and fails with a `BackendError`. */
export interface Backend
  extends
    VolumeCalls,
    VolumeChangeCalls,
    ServerCalls,
    PortCalls,
    FloatingIpCalls,
    SecurityGroupCalls,
    ServerGroupCalls,
    LookupCalls,
    ExistenceCalls,
    ProjectCalls,
    NetworkCalls,
    QuotaCalls,
    SnapshotCalls,
    InventoryCalls {}

/** Opens no connection yet: the first call logs in. */
export function createBackend(config: BackendConfig): Backend {
  const session = createSession(config);
  const volumes = createVolumeCalls(session);
  return {
    ...volumes,
    ...createVolumeChangeCalls(session, volumes),
    ...createServerCalls(session, volumes),
    ...createPortCalls(session),
    ...createFloatingIpCalls(session),
    ...createSecurityGroupCalls(session),
    ...createServerGroupCalls(session),
    ...createLookupCalls(session),
    ...createProjectCalls(session),
    ...createExistenceCalls(session),
    ...createNetworkCalls(session),
    ...createQuotaCalls(session),
    ...createSnapshotCalls(session),
    ...createInventoryCalls(session),
  };
}
