/**
 * The reference actor app: OpenStack. So far its client of the real REST API:
 *
 * ```ts
 * const backend = createBackend(backendConfigFromEnvironment(process.env));
 * const { item, isNew } = await backend.createVolume({ token: 'op-17/create', name: 'data', sizeGb: 10 }, { signal });
 * ```
 */
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
  VmState,
  Volume,
  VolumeCalls,
  VolumeState,
} from './backend/index.ts';
