import { expect } from 'chai';
import { createBackend } from '@troupe/openstack';
import { createBench } from '../support/bench.ts';
import { failureOf } from '../support/failure.ts';
import { readyVolume, runningServer } from '../support/objects.ts';

/** A cloud with two projects and a client of each. */
async function setup() {
  const bench = await createBench({
    users: [
      { name: 'demo', password: 'demo', projects: ['demo'] },
      { name: 'other', password: 'other', projects: ['other'] },
      { name: 'admin', password: 'admin', projects: ['demo', 'other'], isAdmin: true },
    ],
  });
  const other = createBackend({ ...bench.config, username: 'other', password: 'other', projectName: 'other' });
  return { ...bench, bench, other, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() };
}

describe('projects of the simulated cloud', () => {
  it('do not see each other', async () => {
    await using both = await setup();
    const { bench, other } = both;
    const data = await readyVolume(bench, 'data');
    const server = await runningServer(bench, 'vm');
    const [port] = await bench.backend.listPorts({ deviceId: server.id });
    const { item: ip } = await bench.backend.createFloatingIp({ token: 'ip', networkId: bench.ids.publicNetwork });
    expect(await other.findVolume(data.id)).to.equal(undefined);
    expect(await other.findServer(server.id)).to.equal(undefined);
    expect(await other.findPort(port!.id)).to.equal(undefined);
    expect(await other.findFloatingIp(ip.id)).to.equal(undefined);
    expect(await other.deleteVolume(data.id), 'to them it is not there').to.equal('gone');
    expect(await other.listPorts({})).to.deep.equal([]);
    expect(await other.listFloatingIps()).to.deep.equal([]);
    expect((await bench.backend.getVolume(data.id)).status).to.equal('available');
  });

  it('do not find the objects of each other by token', async () => {
    await using both = await setup();
    const { bench, other } = both;
    const mine = await bench.backend.createVolume({ token: 'same', name: 'data', sizeGb: 1 });
    const theirs = await other.createVolume({ token: 'same', name: 'data', sizeGb: 1 });
    expect(theirs.isNew).to.equal(true);
    expect(theirs.item.id).to.not.equal(mine.item.id);
  });

  it('cannot attach what is not theirs', async () => {
    await using both = await setup();
    const { bench, other } = both;
    const server = await runningServer(bench, 'vm');
    const { item: foreign } = await other.createVolume({ token: 't', name: 'data', sizeGb: 1 });
    bench.clock.advance(60_000);
    await failureOf(bench.backend.attachVolume(server.id, foreign.id), 'not_found');
  });

  it('have groups and quotas of their own', async () => {
    await using both = await setup();
    const { bench, other } = both;
    const idsOf = async (backend: typeof other) => (await backend.listSecurityGroups()).map(({ id }) => id);
    expect(await idsOf(other)).to.not.have.any.members(await idsOf(bench.backend));
    bench.cloud.control.setQuotas('demo', { volumes: 0 });
    await failureOf(bench.backend.createVolume({ token: 't', name: 'data', sizeGb: 1 }), 'over_limit');
    expect((await other.createVolume({ token: 't', name: 'data', sizeGb: 1 })).isNew).to.equal(true);
  });

  it('are all seen by an admin who asks for all', async () => {
    await using both = await setup();
    const { bench, other } = both;
    await readyVolume(bench, 'mine');
    await other.createVolume({ token: 't', name: 'theirs', sizeGb: 1 });
    await other.createServer({ token: 's', name: 'their-vm', flavorId: '1', imageId: bench.ids.image });
    const names = async (path: string, key: string) => Array.from((await bench.callAsAdmin('GET', path)).body[key]!, ({ name }) => name);
    expect(await names('/volume/v3/{project}/volumes', 'volumes')).to.deep.equal(['mine']);
    expect(await names('/volume/v3/{project}/volumes?all_tenants=1', 'volumes')).to.deep.equal(['theirs', 'mine']);
    expect(await names('/compute/v2.1/servers', 'servers')).to.deep.equal([]);
    expect(await names('/compute/v2.1/servers?all_tenants=True', 'servers')).to.deep.equal(['their-vm']);
    const [server] = [...(await bench.callAsAdmin('GET', '/compute/v2.1/servers/detail?all_tenants=1')).body['servers']!];
    expect(server).to.include.keys('OS-EXT-SRV-ATTR:host');
  });
});
