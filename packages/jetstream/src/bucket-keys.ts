/** The live keys of a bucket, as subjects: one multi-get, deleted ones left out. For small buckets. */
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { readPaged } from './paged-read.ts';

const PAGE = 500;

export async function readKeys(nc: NatsConnection, bucket: string, filter: string): Promise<string[]> {
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const subjects: string[] = [];
  for await (const message of readPaged(jsm, `KV_${bucket}`, filter, PAGE)) {
    if (message.header.get('KV-Operation') === '' && message.data.length > 0) subjects.push(message.subject);
  }
  return subjects;
}
