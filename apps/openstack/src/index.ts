/**
 * The reference actor app: OpenStack. Its operations, for `troupe-worker --app @troupe/openstack` and its siblings, and its
 * client of the real REST API:
 *
 * ```ts
 * const backend = createBackend(backendConfigFromEnvironment(process.env));
 * const { item, isNew } = await backend.createVolume({ token: 'op-17/create', name: 'data', sizeGb: 10 }, { signal });
 * ```
 */
import { openstackApp } from './app/index.ts';

export { openstackApp, openstackKinds, tenantGroups, type OpenstackOptions, type Pace } from './app/index.ts';
/** What the service apps load: the cloud is that of the OS_* variables. */
export const app = openstackApp;
export {
  createBackend,
  backendConfigFromEnvironment,
  BackendError,
  backendErrorCodes,
  isBackendError,
  floatingIpStates,
  quotaNames,
  isFloatingIpState,
  isSnapshotState,
  isVolumeState,
  vmStateByNovaStatus,
  vmStateOf,
  snapshotStates,
  vmStates,
  volumeStates,
} from './backend/index.ts';
export type {
  Backend,
  BackendConfig,
  BackendErrorCode,
  BackendErrorData,
  CallOptions,
  FloatingIp,
  FloatingIpCalls,
  FloatingIpState,
  InventoryCalls,
  LookupCalls,
  Made,
  NamedObject,
  Network,
  NetworkCalls,
  NetworkCollection,
  NewFloatingIp,
  NewPort,
  NewProject,
  NewRouter,
  NewServer,
  NewSnapshot,
  NewSubnet,
  NewUser,
  NewVolume,
  Port,
  PortCalls,
  PortFilter,
  PowerChange,
  Project,
  ProjectCalls,
  ProjectObject,
  ProjectQuotas,
  QuotaCalls,
  QuotaName,
  Removal,
  Route,
  Snapshot,
  SnapshotCalls,
  SnapshotState,
  SecurityGroup,
  SecurityGroupCalls,
  SecurityGroupRule,
  Server,
  ServerAddress,
  ServerCalls,
  ServerGroup,
  ServerGroupCalls,
  User,
  VmState,
  Volume,
  VolumeCalls,
  VolumeState,
} from './backend/index.ts';
