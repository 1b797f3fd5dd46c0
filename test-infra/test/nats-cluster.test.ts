import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { needsNats, startNatsCluster } from '@troupe/test-infra';
import { expect } from 'chai';

describe('a cluster of nats-servers of a test', () => {
  before(needsNats);

  it('keeps a replicated stream and finds a new leader when the leader is killed', async function () {
    this.timeout(60_000);
    await using cluster = await startNatsCluster();
    expect(cluster.urls).to.have.length(3);
    const connection = await connect({ servers: cluster.urls, reconnectTimeWait: 50, maxReconnectAttempts: -1 });
    const jsm = await jetstreamManager(connection);
    await jsm.streams.add({ name: 'KEPT', subjects: ['kept'], num_replicas: 3 });
    await jetstream(connection).publish('kept', 'one');

    const leader = await cluster.metaLeader();
    expect(leader).not.to.equal(undefined);
    await leader?.kill();
    await cluster.ready();
    expect(await cluster.metaLeader()).not.to.equal(leader);
    await leader?.restart();
    await cluster.ready();
    await connection.close();

    const again = await connect({ servers: leader?.url ?? '' });
    expect((await (await jetstreamManager(again)).streams.info('KEPT')).state.messages).to.equal(1);
    await again.close();
  });
});
