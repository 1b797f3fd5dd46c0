/** For tests of actors: virtual time, seeded chance and faults, everything in memory, and suites that hold every adapter. */
export { type Cluster, type ClusterOptions, createCluster, entityRole, type EntityRoleOptions, type RoleOptions } from './cluster.ts';
export { describeRecordStore, type RecordStoreAbilities, type RecordStoreFixture } from './conformance/record-store.ts';
export { describeResourceStore, type ResourceStoreAbilities, type ResourceStoreFixture } from './conformance/resource-store.ts';
export { type ServiceFixture, type StressOptions, stressService } from './conformance/stress-service.ts';
export { describeTaskSource, type SentMail, type TaskSourceAbilities, type TaskSourceFixture } from './conformance/task-source.ts';
export { type Fault, type FaultRates, type Faults, faultAt, faultEverywhere, noFaults, type PortCall, seededFaults } from './faults.ts';
export { createMemoryBroker, type MemoryBroker, type MemoryBrokerOptions, type MemoryPorts } from './memory/broker.ts';
export type { Letter, Mailboxes } from './memory/mailboxes.ts';
export type { MemoryProcess } from './memory/process.ts';
export type { RecordTable } from './memory/record-table.ts';
export type { ResourceTable } from './memory/resource-table.ts';
export type { HeldTask, TaskQueues } from './memory/task-queues.ts';
export { travel } from './memory/travel.ts';
export { createRehearsal, type HandlerSurroundings, type Rehearsal, type RehearsalOptions, type Submission } from './rehearsal.ts';
export { createSeededRandom, type SeededRandom } from './seeded-random.ts';
export { createVirtualClock, type VirtualClock, type VirtualClockOptions } from './virtual-clock.ts';
export { createWatchman, type Watchman } from './watchman.ts';
