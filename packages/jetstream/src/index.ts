/** The adapter to NATS JetStream: host, topology, publisher, stores. */
export { connectNats, type ConnectOptions } from './connection.ts';
export { createPublisher, type PublishAck, type Publisher, type PublisherOptions, type PublishOptions } from './publisher.ts';
export { createKvResourceStore, type ResourceStoreOptions } from './resource-store.ts';
