/** Roots of all entities of a kind, as their last commits left them. Needs the right to read STATE by sequence, as hosts have it. */
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import type { RootRecord } from '@troupe/actor/internal';
import type { Subjects } from '@troupe/protocol';
import { readPaged } from './paged-read.ts';

const PAGE = 250;

/** In the order of their last change, oldest first. Throws what the server says. */
export async function* readRoots(
  nc: NatsConnection,
  subjects: Subjects,
  kind: string,
): AsyncGenerator<{ readonly key: string; readonly root: RootRecord }> {
  const manager = await jetstreamManager(nc, { checkAPI: false });
  for await (const message of readPaged(manager, subjects.streams.state, subjects.stateFilter(kind), PAGE)) {
    const key = subjects.parseState(message.subject)?.of.key;
    if (key !== undefined && message.data.length > 0) yield { key, root: JSON.parse(message.string()) as RootRecord };
  }
}
