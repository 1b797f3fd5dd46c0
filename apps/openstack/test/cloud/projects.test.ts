import { createBackend } from '@troupe/openstack';
import { expect } from 'chai';
import { adminConfigOf, createBench } from '../support/bench.ts';
import { failureOf } from '../support/failure.ts';

async function setup() {
  const bench = await createBench();
  const admin = createBackend(adminConfigOf(bench.cloud));
  const { item } = await admin.createProject({ token: 'team', name: 'team' });
  return { bench, admin, projectId: item.id, [Symbol.asyncDispose]: () => bench.cloud.stop() };
}

describe('projects of the simulated cloud', () => {
  it('let in whoever has a role there, an admin too, and nobody once they are gone', async () => {
    await using setting = await setup();
    const { admin, bench, projectId } = setting;
    const config = { ...bench.config, username: 'anna', password: 'secret', projectId };
    const { item: anna } = await admin.createUser({ name: 'anna', password: 'secret', projectId });
    await failureOf(createBackend(config).listNetworks(), 'unauthorized');
    await failureOf(createBackend({ ...adminConfigOf(bench.cloud), projectId }).listNetworks(), 'unauthorized');
    for (let attempt = 0; attempt < 2; attempt += 1) await admin.assignRole({ projectId, userId: anna.id, role: 'member' });
    const own = createBackend(config);
    expect(await own.listSecurityGroups(), 'it has a default group and no other').to.have.lengthOf(1);
    await failureOf(own.createProject({ token: 'x', name: 'x' }), 'forbidden');
    expect(await admin.findUser({ name: 'anna', projectId })).to.include({ id: anna.id });
    await admin.deleteProject(projectId);
    await failureOf(own.listNetworks(), 'unauthorized');
    expect([await admin.deleteUser(anna.id), await admin.deleteUser(anna.id)]).to.deep.equal(['requested', 'gone']);
  });

  it('have networks that others neither see nor touch, and that go only when nothing is on them', async () => {
    await using setting = await setup();
    const { admin, bench, projectId } = setting;
    const own = { projectId, token: 't', name: 'net' };
    const { item: network } = await admin.createNetwork(own);
    const { item: subnet } = await admin.createSubnet({ ...own, networkId: network.id, cidr: '192.168.42.0/24' });
    expect((await bench.backend.listNetworks()).map(({ name }) => name)).to.deep.equal(['private', 'public']);
    await failureOf(bench.backend.createSubnet({ ...own, networkId: network.id, cidr: '10.0.0.0/24' }), 'forbidden');
    const overlap = admin.createSubnet({ ...own, token: 'u', networkId: network.id, cidr: '192.168.42.0/24' });
    expect((await failureOf(overlap, 'bad_request')).message).to.include('overlaps');
    const { item: router } = await admin.createRouter({ ...own, externalNetworkId: bench.ids.publicNetwork });
    expect([await admin.connectSubnet(router.id, subnet.id), await admin.connectSubnet(router.id, subnet.id)]).to.deep.equal([
      'added',
      'alreadySo',
    ]);
    const [port] = await admin.listOfProject('ports', projectId);
    expect((await failureOf(admin.removeFromNetwork('ports', port!.id), 'conflict')).data.fault).to.equal('ServicePortInUse');
    expect((await failureOf(admin.removeFromNetwork('networks', network.id), 'conflict')).data.fault).to.equal('NetworkInUse');
    expect((await failureOf(admin.removeFromNetwork('subnets', subnet.id), 'conflict')).data.fault).to.equal('SubnetInUse');
    expect((await failureOf(admin.removeFromNetwork('routers', router.id), 'conflict')).data.fault).to.equal('RouterInUse');
    await admin.disconnectSubnet(router.id, subnet.id);
    for (const [collection, id] of [
      ['routers', router.id],
      ['networks', network.id],
    ] as const)
      expect([await admin.removeFromNetwork(collection, id), await admin.removeFromNetwork(collection, id)]).to.deep.equal([
        'requested',
        'gone',
      ]);
    expect(await admin.listOfProject('subnets', projectId)).to.deep.equal([]);
  });

  it('have security groups whose rules exist once, and quotas by the names of each service', async () => {
    await using setting = await setup();
    const { admin, projectId } = setting;
    const { item: group } = await admin.createSecurityGroup({ projectId, token: 'g', name: 'ssh' });
    const rule = { direction: 'ingress', protocol: 'tcp', portMin: 22, portMax: 22, remotePrefix: '0.0.0.0/0' };
    expect([await admin.addSecurityGroupRule(group.id, rule), await admin.addSecurityGroupRule(group.id, rule)]).to.deep.equal([
      'added',
      'alreadySo',
    ]);
    const ofProject = await admin.listOfProject('security-groups', projectId);
    const standard = ofProject.find(({ name }) => name === 'default')!;
    await failureOf(admin.removeFromNetwork('security-groups', standard.id), 'conflict');
    await admin.setQuotas(projectId, { instances: 3, snapshots: 4, network: 0 });
    expect(await admin.getQuotas(projectId)).to.include({ instances: 3, snapshots: 4, network: 0, volumes: 10_000 });
    expect((await failureOf(admin.createNetwork({ projectId, token: 'n', name: 'n' }), 'conflict')).data.fault).to.equal('OverQuota');
  });
});
