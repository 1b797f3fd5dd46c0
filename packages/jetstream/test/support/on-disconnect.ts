/** Resolves when the client has read all of its connection and found its end. */
import type { NatsConnection } from '@nats-io/nats-core';

export async function onDisconnect(nc: NatsConnection): Promise<void> {
  for await (const { type } of nc.status()) if (type === 'disconnect') return;
}
