import { expect } from 'chai';
import { createBench } from '../support/bench.ts';
import { runningServer } from '../support/objects.ts';

describe('microversions of the simulated cloud', () => {
  it('are answered with the version that was served', async () => {
    await using bench = await createBench();
    const plain = await bench.call('GET', '/compute/v2.1/servers');
    expect(plain.headers.get('openstack-api-version')).to.equal('compute 2.1');
    const wanted = await bench.call('GET', '/compute/v2.1/servers', { headers: { 'OpenStack-API-Version': 'compute 2.52' } });
    expect(wanted.headers.get('openstack-api-version')).to.equal('compute 2.52');
    expect(wanted.headers.get('x-openstack-nova-api-version')).to.equal('2.52');
    const old = await bench.call('GET', '/compute/v2.1/servers', { headers: { 'X-OpenStack-Nova-API-Version': 'latest' } });
    expect(old.headers.get('openstack-api-version')).to.equal('compute 2.79');
    const cinder = await bench.call('GET', '/volume/v3/{project}/volumes', {
      headers: { 'OpenStack-API-Version': 'compute 2.1, volume 3.27' },
    });
    expect(cinder.headers.get('openstack-api-version')).to.equal('volume 3.27');
  });

  it('out of range are refused with 406, malformed ones with 400', async () => {
    await using bench = await createBench();
    const high = await bench.call('GET', '/compute/v2.1/servers', { headers: { 'OpenStack-API-Version': 'compute 2.999' } });
    expect(high.status).to.equal(406);
    expect(high.body['computeFault']!['message']).to.equal(
      'Version 2.999 is not supported by the API. Minimum is 2.1 and maximum is 2.79.',
    );
    const odd = await bench.call('GET', '/compute/v2.1/servers', { headers: { 'OpenStack-API-Version': 'compute two' } });
    expect(odd.status).to.equal(400);
  });

  it('change what a server shows', async () => {
    await using bench = await createBench();
    const { id } = await runningServer(bench, 'vm');
    const show = async (version: string) =>
      (await bench.call('GET', `/compute/v2.1/servers/${id}`, { headers: { 'OpenStack-API-Version': `compute ${version}` } })).body[
        'server'
      ]!;
    expect((await show('2.46'))['flavor']).to.deep.include({ id: '2' });
    expect((await show('2.47'))['flavor']).to.include({ original_name: 'm1.small', vcpus: 1 });
    expect(await show('2.1')).to.not.have.any.keys('locked', 'description', 'tags');
    expect(await show('2.26')).to.include.keys('locked', 'description', 'tags');
    expect(await show('2.73')).to.include.keys('locked_reason', 'server_groups', 'trusted_image_certificates');
  });

  it('demand networks from 2.37 and allow tags from 2.52', async () => {
    await using bench = await createBench();
    const create = (version: string, more: object) =>
      bench.call('POST', '/compute/v2.1/servers', {
        headers: { 'OpenStack-API-Version': `compute ${version}` },
        body: { server: { name: 'vm', flavorRef: '1', imageRef: bench.ids.image, ...more } },
      });
    expect((await create('2.36', {})).status).to.equal(202);
    expect((await create('2.37', {})).body['badRequest']!['message']).to.match(/'networks' is a required property/);
    expect((await create('2.51', { networks: 'auto', tags: ['a'] })).body['badRequest']!['message']).to.match(/tags/);
    expect((await create('2.52', { networks: 'auto', tags: ['a'] })).status).to.equal(202);
  });
});
