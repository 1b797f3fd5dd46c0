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

export { openstackApp, openstackKinds, type OpenstackOptions, type Pace } from './app/index.ts';
/** What the service apps load: the cloud is that of the OS_* variables. */
export const app = openstackApp;
export {
  createBackend,
  backendConfigFromEnvironment,
  BackendError,
  backendErrorCodes,
  isBackendError,
  floatingIpStates,
  isFloatingIpState,
  isVolumeState,
  vmStateByNovaStatus,
  vmStateOf,
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
  LookupCalls,
  Made,
  NamedObject,
  Network,
  NewFloatingIp,
  NewPort,
  NewServer,
  NewVolume,
  Port,
  PortCalls,
  PortFilter,
  PowerChange,
  Removal,
  SecurityGroup,
  SecurityGroupCalls,
  SecurityGroupRule,
  Server,
  ServerAddress,
  ServerCalls,
  ServerGroup,
  ServerGroupCalls,
  VmState,
  Volume,
  VolumeCalls,
  VolumeState,
} from './backend/index.ts';
