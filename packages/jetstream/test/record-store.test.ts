import { jetstreamManager } from '@nats-io/jetstream';
import { connectNats, createPublisher } from '@troupe/jetstream';
import { createRecordStore, readTombstone } from '@troupe/jetstream/internal';
import { createSubjects } from '@troupe/protocol';
import { describeRecordStore } from '@troupe/testing';

let namespaces = 0;

async function setup() {
  const subjects = createSubjects(`rec-${process.pid}-${namespaces++}`);
  const nc = await connectNats({ servers: process.env['TEST_NATS_URL']! });
  const jsm = await jetstreamManager(nc);
  const stream = subjects.streams.state;
  await jsm.streams.add({
    name: stream,
    subjects: [`${subjects.ns}.state.>`, `${subjects.ns}.tomb.>`],
    max_msgs_per_subject: 1,
    allow_msg_ttl: true,
    allow_direct: true,
  });
  const publisher = createPublisher(nc);
  await publisher.start();
  const make = () => createRecordStore({ nc, publisher, subjects, serverNow: () => Date.now() });
  return {
    store: make(),
    other: make(),
    tombstone: (address: Parameters<typeof readTombstone>[2]) => readTombstone(nc, subjects, address),
    elapse: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
    async close() {
      await publisher.stop();
      await jsm.streams.delete(stream);
      await nc.close();
    },
  };
}

describeRecordStore(setup, { name: 'on a stream', otherClient: true, expiry: true, tombstones: true, manyItems: 2_500 });
