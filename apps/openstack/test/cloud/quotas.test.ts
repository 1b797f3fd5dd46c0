import { expect } from 'chai';
import { createBench } from '../support/bench.ts';
import { readyVolume } from '../support/objects.ts';

const volume = (size: number) => ({ body: { volume: { name: 'data', size } } });
const volumes = '/volume/v3/{project}/volumes';

describe('quotas of the simulated cloud', () => {
  it('of Cinder answer 413 overLimit with Retry-After', async () => {
    await using bench = await createBench({ quotas: { volumes: 1 } });
    expect((await bench.call('POST', volumes, volume(1))).status).to.equal(202);
    const reply = await bench.call('POST', volumes, volume(1));
    expect(reply.status).to.equal(413);
    expect(reply.headers.get('retry-after')).to.equal('0');
    expect(reply.body).to.deep.equal({
      overLimit: {
        code: 413,
        message: `VolumeLimitExceeded: Maximum number of volumes allowed (1) exceeded for quota 'volumes'.`,
        retryAfter: '0',
      },
    });
  });

  it('count gigabytes as well', async () => {
    await using bench = await createBench({ quotas: { gigabytes: 10 } });
    await bench.call('POST', volumes, volume(7));
    const reply = await bench.call('POST', volumes, volume(4));
    expect(reply.body['overLimit']!['message']).to.match(/Requested 4G, quota is 10G and 7G has been consumed\.$/);
  });

  it('are free again for what was deleted, and count what was made larger', async () => {
    await using bench = await createBench({ quotas: { volumes: 1, gigabytes: 10 } });
    const { id } = await readyVolume(bench, 'data');
    const extend = (size: number) => bench.call('POST', `${volumes}/${id}/action`, { body: { 'os-extend': { new_size: size } } });
    expect((await extend(11)).status).to.equal(413);
    expect((await extend(9)).status).to.equal(202);
    bench.clock.advance(600);
    expect((await bench.call('GET', '/volume/v3/{project}/limits')).body['limits']!['absolute']).to.include({ totalGigabytesUsed: 9 });
    await bench.backend.deleteVolume(id);
    expect((await bench.call('POST', volumes, volume(10))).status, 'deleting still counts').to.equal(413);
    bench.clock.advance(500);
    expect((await bench.call('POST', volumes, volume(10))).status).to.equal(202);
  });

  it('of Nova answer 403 forbidden', async () => {
    await using bench = await createBench({ quotas: { cores: 1 } });
    const create = (flavorRef: string) =>
      bench.call('POST', '/compute/v2.1/servers', { body: { server: { name: 'vm', flavorRef, imageRef: bench.ids.image } } });
    const reply = await create('3');
    expect(reply.status).to.equal(403);
    expect(reply.body).to.deep.equal({
      forbidden: { code: 403, message: 'Quota exceeded for cores: Requested 2, but already used 0 of 1 cores' },
    });
    expect((await create('1')).status).to.equal(202);
  });

  it('of Neutron answer 409 OverQuota', async () => {
    await using bench = await createBench({ quotas: { port: 0, floatingip: 0 } });
    const port = await bench.call('POST', '/networking/v2.0/ports', { body: { port: { network_id: bench.ids.privateNetwork } } });
    expect(port.status).to.equal(409);
    expect(port.body['NeutronError']).to.include({ type: 'OverQuota', message: `Quota exceeded for resources: ['port'].` });
    const ip = await bench.call('POST', '/networking/v2.0/floatingips', {
      body: { floatingip: { floating_network_id: bench.ids.publicNetwork } },
    });
    expect(ip.body['NeutronError']!['type']).to.equal('OverQuota');
  });

  it('can be read by their project and written by an admin, with usage', async () => {
    await using bench = await createBench();
    const path = `/volume/v3/{project}/os-quota-sets/${bench.ids.project}`;
    const change = { body: { quota_set: { volumes: 3, gigabytes: '-1' } } };
    expect((await bench.call('PUT', path, change)).status).to.equal(403);
    expect((await bench.callAsAdmin('PUT', path, change)).status).to.equal(200);
    await bench.call('POST', volumes, volume(2));
    const shown = await bench.call('GET', `${path}?usage=True`);
    expect(shown.body['quota_set']!['volumes']).to.deep.equal({ limit: 3, in_use: 1, reserved: 0 });
    expect(shown.body['quota_set']!['gigabytes']).to.deep.equal({ limit: -1, in_use: 2, reserved: 0 });
    const nova = `/compute/v2.1/os-quota-sets/${bench.ids.project}`;
    await bench.callAsAdmin('PUT', nova, { body: { quota_set: { instances: 2 } } });
    expect((await bench.call('GET', nova)).body['quota_set']!['instances']).to.equal(2);
    const neutron = `/networking/v2.0/quotas/${bench.ids.project}`;
    await bench.callAsAdmin('PUT', neutron, { body: { quota: { port: 9 } } });
    expect((await bench.call('GET', `${neutron}/details.json`)).body['quota']!['port']).to.deep.equal({ limit: 9, used: 0, reserved: 0 });
  });

  it('show in the limits of the project', async () => {
    await using bench = await createBench({ quotas: { volumes: 7, instances: 5 } });
    await bench.call('POST', volumes, volume(2));
    expect((await bench.call('GET', '/volume/v3/{project}/limits')).body['limits']!['absolute']).to.include({
      maxTotalVolumes: 7,
      totalGigabytesUsed: 2,
    });
    expect((await bench.call('GET', '/compute/v2.1/limits')).body['limits']!['absolute']).to.include({
      maxTotalInstances: 5,
      totalInstancesUsed: 0,
    });
  });
});
