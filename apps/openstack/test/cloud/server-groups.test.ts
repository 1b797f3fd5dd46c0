import { expect } from 'chai';
import { createBench } from '../support/bench.ts';
import { longMs } from '../support/objects.ts';

const path = '/compute/v2.1/os-server-groups';
const named = (name: string) => ({ body: { server_group: { name, policies: ['affinity'] } } });

describe('server groups of the simulated cloud', () => {
  it('know their members, which a server becomes by a hint, until it is gone', async () => {
    await using bench = await createBench();
    const { body } = await bench.call('POST', path, named('near'));
    expect(body['server_group']).to.deep.include({ name: 'near', members: [], policies: ['affinity'], metadata: {} });
    const group = body['server_group']!['id'] as unknown as string;
    const { item: volume } = await bench.backend.createVolume({ token: 'v', name: 'v', sizeGb: 1, imageId: bench.ids.image });
    bench.clock.advance(longMs);
    const wanted = { token: 's', name: 's', flavorId: '1', bootVolumeId: volume.id, serverGroupId: group };
    const { item: server } = await bench.backend.createServer(wanted);
    expect(await bench.backend.findServerGroupOf(server.id)).to.deep.equal({ id: group, name: 'near', members: [server.id] });
    bench.clock.advance(longMs);
    await bench.backend.deleteServer(server.id);
    bench.clock.advance(longMs);
    expect(await bench.backend.findServerGroupOf(server.id)).to.equal(undefined);
    expect(await bench.backend.listServerGroups()).to.deep.equal([{ id: group, name: 'near', members: [] }]);
  });

  it('have one policy from 2.64 on, a list of one before', async () => {
    await using bench = await createBench();
    const headers = { 'OpenStack-API-Version': 'compute 2.64' };
    const group = (await bench.call('POST', path, { headers, body: { server_group: { name: 'far', policy: 'anti-affinity' } } })).body;
    const found = await bench.call('GET', `${path}/${String(group['server_group']!['id'])}`, { headers });
    expect(found.body['server_group']).to.include({ policy: 'anti-affinity' }).and.to.not.have.property('policies');
    expect((await bench.call('POST', path, { headers, ...named('old') })).status).to.equal(400);
    expect((await bench.call('POST', path, { body: { server_group: { name: 'new', policy: 'affinity' } } })).status).to.equal(400);
  });

  it('are deleted once, and of another project are not there', async () => {
    await using bench = await createBench();
    const group = (await bench.call('POST', path, named('near'))).body['server_group']!;
    const one = `${path}/${String(group['id'])}`;
    expect((await bench.call('DELETE', one)).status).to.equal(204);
    expect((await bench.call('DELETE', one)).status).to.equal(404);
    const body = { server: { name: 's', flavorRef: '1', imageRef: bench.ids.image }, 'os:scheduler_hints': { group: 'none' } };
    expect((await bench.call('POST', '/compute/v2.1/servers', { body })).status).to.equal(400);
  });
});
