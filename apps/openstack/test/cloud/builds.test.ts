import { expect } from 'chai';
import { createBench } from '../support/bench.ts';
import type { Bench } from '../support/bench.ts';

const createVolume = (bench: Bench, name: string) =>
  bench.call('POST', '/volume/v3/{project}/volumes', { body: { volume: { name, size: 1 } } });

const createServer = (bench: Bench, name: string) =>
  bench.call('POST', '/compute/v2.1/servers', { body: { server: { name, flavorRef: '1', imageRef: bench.ids.image } } });

const names = ['a', 'b', 'c', 'd'];

describe('builds in progress on the simulated cloud', () => {
  it('of volumes: a fifth one is refused as Cinder refuses a used-up quota', async () => {
    await using bench = await createBench({ buildLimits: { volume: 4 } });
    const first = await Promise.all(names.map((name) => createVolume(bench, name)));
    expect(first.map(({ status }) => status)).to.deep.equal([202, 202, 202, 202]);
    const fifth = await createVolume(bench, 'e');
    expect(fifth.status).to.equal(413);
    expect(fifth.headers.get('retry-after')).to.equal('0');
    expect(fifth.body['overLimit']!['message']).to.equal(
      `VolumeLimitExceeded: Maximum number of volumes allowed (4) exceeded for quota 'volumes_creating'.`,
    );
    bench.clock.advance(1500);
    expect((await createVolume(bench, 'e')).status, 'there is room again').to.equal(202);
    const { peak, refusals, running } = bench.cloud.control.summary();
    expect([peak.volume, refusals.volume, running.volume]).to.deep.equal([4, 1, 1]);
  });

  it('of servers: a fifth one is refused as Nova refuses a used-up quota, and leaves nothing behind', async () => {
    await using bench = await createBench({ buildLimits: { instance: 4 } });
    await Promise.all(names.map((name) => createServer(bench, name)));
    const fifth = await createServer(bench, 'e');
    expect(fifth.status).to.equal(403);
    expect(fifth.body).to.deep.equal({
      forbidden: { code: 403, message: 'Quota exceeded for building_instances: Requested 1, but already used 4 of 4 building_instances' },
    });
    const { objects, peak, refusals } = bench.cloud.control.summary();
    expect([objects.server.total, objects.port.total, peak.instance, refusals.instance]).to.deep.equal([4, 4, 4, 1]);
  });

  it('are counted where there is no limit', async () => {
    await using bench = await createBench();
    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => createVolume(bench, name)));
    bench.clock.advance(1500);
    expect(bench.cloud.control.summary()).to.deep.include({ peak: { instance: 0, volume: 6 }, running: { instance: 0, volume: 0 } });
  });

  it('are limited over all projects together', async () => {
    await using bench = await createBench({ buildLimits: { volume: 1 } });
    const admins = await bench.callAsAdmin('GET', '/v3/projects?name=admin');
    const elsewhere = `/volume/v3/${admins.body['projects']![0]!['id']}/volumes`;
    expect((await bench.callAsAdmin('POST', elsewhere, { body: { volume: { name: 'a', size: 1 } } })).status).to.equal(202);
    expect((await createVolume(bench, 'b')).status).to.equal(413);
  });

  it('are written down with their time, their number and how they ended', async () => {
    await using bench = await createBench({ buildLimits: { volume: 2 } });
    const id = String((await createVolume(bench, 'a')).body['volume']!['id']);
    bench.clock.advance(500);
    await createVolume(bench, 'b');
    await createVolume(bench, 'c');
    bench.clock.advance(1500);
    const startedAt = bench.clock.now() - 2000;
    const events = bench.cloud.control
      .log()
      .builds.map(({ at, event, name, outcome, running }) => [at - startedAt, event, name, outcome, running]);
    expect(events).to.deep.equal([
      [0, 'start', 'a', undefined, 1],
      [500, 'start', 'b', undefined, 2],
      [500, 'refused', 'c', undefined, 2],
      [1500, 'end', 'a', 'available', 1],
      [2000, 'end', 'b', 'available', 0],
    ]);
    expect(bench.cloud.control.log().builds[0]?.id).to.equal(id);
  });

  it('end with a failure, a removal behind the back of the API, and a forced delete', async () => {
    await using bench = await createBench();
    const ids: string[] = [];
    for (const name of names) ids.push(String((await createVolume(bench, name)).body['volume']!['id']));
    bench.cloud.control.setStatus('volume', ids[0]!, 'error');
    bench.cloud.control.vanish('volume', ids[1]!);
    await bench.callAsAdmin('POST', `/volume/v3/{project}/volumes/${ids[2]}/action`, { body: { 'os-force_delete': {} } });
    const ends = bench.cloud.control.log().builds.filter(({ event }) => event === 'end');
    expect(ends.map(({ name, outcome }) => [name, outcome])).to.deep.equal([
      ['a', 'error'],
      ['b', 'vanished'],
      ['c', 'deleting'],
    ]);
    expect(bench.cloud.control.summary().running.volume).to.equal(1);
  });

  it('have limits that can be changed and taken away while they run', async () => {
    await using bench = await createBench({ buildLimits: { volume: 1 } });
    await createVolume(bench, 'a');
    expect((await createVolume(bench, 'b')).status).to.equal(413);
    bench.cloud.control.setBuildLimits({ volume: 2 });
    expect((await createVolume(bench, 'b')).status).to.equal(202);
    bench.cloud.control.setBuildLimits({ volume: 0 });
    expect((await createVolume(bench, 'c')).status, '0 stops all').to.equal(413);
    bench.cloud.control.setBuildLimits({ volume: undefined });
    expect((await createVolume(bench, 'c')).status).to.equal(202);
  });
});
