import { jetstreamManager } from '@nats-io/jetstream';
import { connectNats, createPublisher } from '@troupe/jetstream';
import { createRecordStore } from '@troupe/jetstream/internal';
import { createSubjects, encodeJson } from '@troupe/protocol';
import { needsNats, startNatsServer, until } from '@troupe/test-infra';
import { expect } from 'chai';

const address = { kind: 'throttle', key: 'cloud' };
const item = (n: number) => ({ nonce: 'n1', n, item: `l:${n}`, body: n });
const root = { v: 1, w: 'n1.1', s: {}, fx: [], in: [], nx: { n1: 20 } };

describe('items that were removed', () => {
  before(needsNats);

  it('stay away when the server is killed and starts again, also when what replaced them has expired', async () => {
    await using server = await startNatsServer();
    const subjects = createSubjects('removed');
    const nc = await connectNats({ servers: server.url });
    const publisher = createPublisher(nc);
    await publisher.start();
    try {
      const jsm = await jetstreamManager(nc);
      const name = subjects.streams.state;
      await jsm.streams.add({ name, subjects: ['removed.>'], max_msgs_per_subject: 1, allow_msg_ttl: true, allow_direct: true });
      const store = createRecordStore({ nc, publisher, subjects, serverNow: () => 0 });
      const all = Array.from({ length: 20 }, (_none, n) => item(n + 1));
      await store.putItems(address, all);
      await store.commit(address, 0, encodeJson(root));
      await store.removeItems(
        address,
        all.filter(({ n }) => n > 5),
      );
      const messages = async (): Promise<number> => (await jsm.streams.info(name)).state.messages;
      await until('what replaced them has expired', async () => (await messages()) === 6, 30_000);
      await server.kill();
      await server.restart();
      const loaded = await until('it can be read again', () => store.load(address).catch(() => undefined), 60_000);
      expect(loaded?.items.map(({ n }) => n).sort((a, b) => a - b)).to.deep.equal([1, 2, 3, 4, 5]);
    } finally {
      await publisher.stop();
      await nc.close();
    }
  }).timeout(120_000);
});
