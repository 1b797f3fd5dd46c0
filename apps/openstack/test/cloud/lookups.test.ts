import { expect } from 'chai';
import { createBench } from '../support/bench.ts';
import type { Bench } from '../support/bench.ts';
import type { Fields } from '../support/http.ts';
import { readyVolume } from '../support/objects.ts';

async function read(bench: Bench, path: string): Promise<Fields> {
  const { status, body } = await bench.call('GET', path);
  expect(status, path).to.equal(200);
  return body;
}

const namesOf = (items: Fields | undefined): unknown[] => Array.from(items!, ({ name }) => name);

describe('what one looks up on the simulated cloud', () => {
  it('are flavors, in short and in full, by id', async () => {
    await using bench = await createBench();
    expect((await read(bench, '/compute/v2.1/flavors/detail'))['flavors']![2]).to.include({
      name: 'm1.medium',
      vcpus: 2,
      ram: 4096,
      disk: 40,
    });
    expect((await read(bench, '/compute/v2.1/flavors/3'))['flavor']).to.include({ name: 'm1.medium' });
    expect((await read(bench, '/compute/v2.1/flavors/3/os-extra_specs'))['extra_specs']).to.deep.equal({});
    expect((await bench.call('GET', '/compute/v2.1/flavors/99')).body['itemNotFound']!['message']).to.equal(
      'Flavor 99 could not be found.',
    );
    const page = await read(bench, '/compute/v2.1/flavors?limit=3');
    expect(page['flavors_links']![0]!['rel']).to.equal('next');
  });

  it('are images, in Glance and through Nova', async () => {
    await using bench = await createBench();
    const first = await read(bench, '/image/v2/images?limit=2');
    expect(namesOf(first['images'])).to.deep.equal(['cirros', 'debian-12']);
    expect(namesOf((await read(bench, `/image${String(first['next'])}`))['images'])).to.deep.equal(['ubuntu-24.04']);
    expect(await read(bench, `/image/v2/images/${bench.ids.image}`)).to.include({ name: 'cirros', status: 'active', min_disk: 1 });
    expect((await read(bench, `/compute/v2.1/images/${bench.ids.image}`))['image']).to.include({ name: 'cirros', status: 'ACTIVE' });
    const gone = await bench.call('GET', '/image/v2/images/<none>');
    expect(gone.status).to.equal(404);
    expect(gone.body).to.match(/Failed to find image/);
    expect(gone.body).to.not.match(/<none>/);
    expect((await bench.call('GET', '/compute/v2.1/images/none')).status).to.equal(404);
  });

  it('are volume types and zones', async () => {
    await using bench = await createBench();
    const types = (await read(bench, '/volume/v3/{project}/types'))['volume_types']!;
    expect(namesOf(types)).to.deep.equal(['__DEFAULT__', 'ssd']);
    expect((await read(bench, `/volume/v3/{project}/types/${types[1]!['id']}`))['volume_type']).to.include({ name: 'ssd' });
    expect((await read(bench, '/volume/v3/{project}/types/default'))['volume_type']).to.include({ name: '__DEFAULT__' });
    expect((await bench.call('GET', '/volume/v3/{project}/types/none')).status).to.equal(404);
    expect((await read(bench, '/volume/v3/{project}/os-availability-zone'))['availabilityZoneInfo']![0]).to.include({ zoneName: 'nova' });
    expect((await read(bench, '/compute/v2.1/os-availability-zone'))['availabilityZoneInfo']![0]).to.include({ zoneName: 'nova' });
    expect((await read(bench, '/networking/v2.0/availability_zones'))['availability_zones']![0]).to.include({ name: 'nova' });
    expect((await read(bench, '/compute/v2.1/os-keypairs'))['keypairs']).to.deep.equal([]);
  });

  it('are users, domains and extensions', async () => {
    await using bench = await createBench();
    expect((await bench.call('GET', '/v3/users')).status).to.equal(403);
    const [admin] = [...(await bench.callAsAdmin('GET', '/v3/users?name=admin')).body['users']!];
    expect((await read(bench, `/v3/users/${admin!['id']}`))['user']).to.include({ name: 'admin', domain_id: 'default' });
    expect((await bench.call('GET', '/v3/users/none')).status).to.equal(404);
    expect(namesOf((await read(bench, '/v3/domains'))['domains'])).to.deep.equal(['Default']);
    expect((await read(bench, '/v3/domains/default'))['domain']).to.include({ name: 'Default' });
    expect((await bench.call('GET', '/v3/domains/none')).status).to.equal(404);
    const aliases = Array.from((await read(bench, '/networking/v2.0/extensions'))['extensions']!, ({ alias }) => alias);
    expect(aliases).to.include('router');
    expect((await read(bench, '/networking/v2.0/extensions/router'))['extension']).to.include({ alias: 'router' });
    expect((await bench.call('GET', '/networking/v2.0/extensions/none')).status).to.equal(404);
  });

  it('are quotas with their defaults, per service', async () => {
    await using bench = await createBench();
    const { project } = bench.ids;
    expect((await read(bench, `/compute/v2.1/os-quota-sets/${project}/detail`))['quota_set']!['instances']).to.include({
      limit: 10_000,
      in_use: 0,
    });
    expect((await read(bench, `/compute/v2.1/os-quota-sets/${project}/defaults`))['quota_set']).to.include({ cores: 100_000 });
    expect((await read(bench, `/volume/v3/{project}/os-quota-sets/${project}/defaults`))['quota_set']).to.include({ volumes: 10_000 });
    expect((await read(bench, `/networking/v2.0/quotas/${project}.json`))['quota']).to.include({ port: 50_000 });
    for (const path of ['/compute/v2.1', '/volume/v3/{project}'])
      expect((await bench.call('GET', `${path}/os-quota-sets/other`)).status).to.equal(403);
    expect((await bench.call('GET', '/networking/v2.0/quotas/other')).status).to.equal(403);
    const unknown = { body: { quota_set: { instances: 1, volumes: 1 } } };
    expect((await bench.callAsAdmin('PUT', '/compute/v2.1/os-quota-sets/none', unknown)).status).to.equal(400);
    expect((await bench.callAsAdmin('PUT', '/volume/v3/{project}/os-quota-sets/none', unknown)).status).to.equal(404);
  });

  it('is the metadata of a volume, and whether one can boot from it', async () => {
    await using bench = await createBench();
    const { id } = await readyVolume(bench, 'data');
    const volume = `/volume/v3/{project}/volumes/${id}`;
    expect((await read(bench, `${volume}/metadata`))['metadata']).to.deep.equal({ troupe_token: 'token of data' });
    expect((await bench.call('DELETE', `${volume}/metadata/none`)).status).to.equal(404);
    await bench.call('POST', `${volume}/action`, { body: { 'os-set_bootable': { bootable: 'True' } } });
    const bootable = await read(bench, '/volume/v3/{project}/volumes?bootable=True');
    expect(namesOf(bootable['volumes'])).to.deep.equal(['data']);
  });
});
