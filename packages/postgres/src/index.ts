/**
 * Troupe on PostgreSQL: resources in tables, ours or yours, and an outbox whose commands leave exactly if your transaction
 * commits.
 */
export { enqueue, type EnqueueOptions, type EnqueueRequest, type ExecutorName } from './enqueue.ts';
export { migrate, type MigrateOptions, migrations, verifySchema } from './migrate.ts';
export type { OutboxCommand } from './outbox-table.ts';
export { createPool, type OwnPool, type Pool, type PoolClient, type PoolOptions, type Queryable, type QueryResult } from './pool.ts';
export { type CommandPublisher, createRelay, relayDefaults, type RelayEvent, type RelayOptions } from './relay.ts';
export { createPostgresResourceStore, type PostgresStoreOptions } from './resource-store.ts';
export type { MappedColumns, TableMapping } from './table-mapping.ts';
