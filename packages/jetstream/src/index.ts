/** The adapter to NATS JetStream: host, topology, publisher, stores. */
export {};
