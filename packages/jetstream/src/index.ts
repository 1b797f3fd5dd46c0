/** The adapter to NATS JetStream: host, topology, publisher, stores. */
export { connectNats, type ConnectOptions } from './connection.ts';
export {
  connectionFlags,
  type ConnectionSetting,
  connectionSettings,
  connectionUsage,
  type ConnectionValues,
  connectionValues,
  connectionVariables,
  connectOptions,
  readText,
} from './connection-settings.ts';
export {
  createPublisher,
  isWrongSequence,
  type PublishAck,
  type Publisher,
  type PublisherOptions,
  type PublisherStats,
  type PublishOptions,
  type WrongSequence,
} from './publisher.ts';
export { createKvResourceStore, type ResourceStoreOptions } from './resource-store.ts';
export { createDoor, type Door, type DoorEvent, type DoorOptions, type DoorStatus, type JudgeCommand } from './door.ts';
export { createEntityService, type EntityService, type EntityServiceEvent, type EntityServiceOptions } from './entity-service.ts';
export { highWaterDefaults, type HighWaterOptions, type Marks, type Overload } from './marks.ts';
export { type Rights, rightsOf, type RightsOptions, type RightsRole, rightsRoles } from './rights.ts';
export { accountsConfig, authorizationConfig, type ConfiguredUser } from './rights-config.ts';
export { createServerClock, type ServerClock } from './server-clock.ts';
export { createTaskSource, type TaskSourceOptions } from './task-source.ts';
export { topologyDefaults, type TopologyOptions } from './topology.ts';
export { applyTopology, readTopology } from './topology-apply.ts';
export { type TopologyNeeds, verifyTopology } from './topology-verify.ts';
export type { TopologyStep } from './topology-plan.ts';
