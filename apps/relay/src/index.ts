/** The relay of the outbox as a process of its own; `bin/troupe-relay.mjs` runs it. */
export { main } from './main.ts';
export { createRelayService, type RelayServiceOptions } from './relay-service.ts';
