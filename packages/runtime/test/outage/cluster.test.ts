import { needsNats, startNatsCluster } from '@troupe/test-infra';
import { expect } from 'chai';
import { install, survives } from './installation.ts';

describe('G6 consumption resumes by itself on a cluster: none lost, none stuck', function () {
  this.timeout(60_000);
  before(needsNats);

  it('after every stream and consumer has got another leader, and after a server has gone', async () => {
    await using cluster = await startNatsCluster();
    await using at = await install(cluster.urls, cluster.urls, { replicas: 3 });
    const { nc, subjects } = at.runtime;
    await survives(at, async () => {
      let moved = 0;
      for (const stream of [...Object.values(subjects.streams), `KV_${subjects.buckets.resources}`]) {
        const { consumers } = (await nc.request(`$JS.API.CONSUMER.NAMES.${stream}`, '{}', { timeout: 5_000 })).json<{
          consumers: string[];
        }>();
        for (const name of [`STREAM.LEADER.STEPDOWN.${stream}`, ...consumers.map((one) => `CONSUMER.LEADER.STEPDOWN.${stream}.${one}`)]) {
          const answer = (await nc.request(`$JS.API.${name}`, '', { timeout: 5_000 })).json<{ success?: boolean }>();
          if (answer.success === true) moved++;
        }
      }
      expect(moved).to.be.above(10);
    });
    await survives(at, async () => {
      await (await cluster.metaLeader())!.kill();
    });
  });
});
