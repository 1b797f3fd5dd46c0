/**
 * The client of a real OpenStack cloud, over its REST API.
 *
 * ```ts
 * const backend = createBackend(backendConfigFromEnvironment(process.env));
 * const { item, isNew } = await backend.createVolume({ token: 'op-17/create', name: 'data', sizeGb: 10 }, { signal });
 * ```
 */
export { createBackend } from './backend.ts';
export type { Backend } from './backend.ts';
export { backendConfigFromEnvironment } from './config.ts';
export type { BackendConfig } from './config.ts';
export { BackendError, backendErrorCodes, isBackendError } from './errors.ts';
export type { BackendErrorCode, BackendErrorData } from './errors.ts';
export type { FloatingIp, FloatingIpCalls, NewFloatingIp } from './floating-ips.ts';
export type { LookupCalls, NamedObject, Network } from './lookups.ts';
export type { NetworkCalls, NetworkCollection, NewRouter, NewSubnet, ProjectObject, Route } from './networks.ts';
export type { NewPort, Port, PortCalls, PortFilter } from './ports.ts';
export type { NewProject, NewUser, Project, ProjectCalls, User } from './projects.ts';
export { quotaNames } from './quotas.ts';
export type { ProjectQuotas, QuotaCalls, QuotaName } from './quotas.ts';
export type { Removal } from './removal.ts';
export type { SecurityGroup, SecurityGroupCalls, SecurityGroupRule } from './security-groups.ts';
export type { ServerGroup, ServerGroupCalls } from './server-groups.ts';
export type { NewServer, Server, ServerAddress } from './server.ts';
export type { PowerChange, ServerCalls } from './servers.ts';
export type { CallOptions } from './session.ts';
export type { InventoryCalls } from './inventory.ts';
export type { NewSnapshot, Snapshot, SnapshotCalls } from './snapshots.ts';
export type { Made } from './tokens.ts';
export {
  floatingIpStates,
  isFloatingIpState,
  isSnapshotState,
  isVolumeState,
  vmStateByNovaStatus,
  vmStateOf,
  snapshotStates,
  vmStates,
  volumeStates,
} from './vocabulary.ts';
export type { FloatingIpState, SnapshotState, VmState, VolumeState } from './vocabulary.ts';
export type { NewVolume, Volume, VolumeCalls } from './volumes.ts';
