/** Real servers for tests: each is started on a free loopback port and stopped by process id. */
export { bundleOf } from './bundle.ts';
export { guardProcess } from '@troupe/nats-server';
export { type Leak, trackLeak } from './leaks.ts';
export { type NatsClusterOptions, startNatsCluster, type TestNatsCluster } from './nats-cluster.ts';
export { type NatsServerOptions, startNatsServer, type TestNatsServer } from './nats-server.ts';
export { type CanSkip, natsBinary, needs, needsNats, postgresIsRequired, serversAreRequired } from './needs.ts';
export { postgresBinaries } from './postgres-binaries.ts';
export { createSchema, type TestSchema } from './postgres-schema.ts';
export { startPostgres, type TestPostgres } from './postgres-server.ts';
export { type Direction, type FaultProxy, startProxy } from './proxy.ts';
export { sourceArgs, startSource } from './source-process.ts';
export { until } from './until.ts';
