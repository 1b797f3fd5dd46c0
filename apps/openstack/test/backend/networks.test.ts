import { expect } from 'chai';
import { createBench } from '../support/bench.ts';
import { failureOf } from '../support/failure.ts';
import { longMs, runningServer } from '../support/objects.ts';

describe('ports through the backend client', () => {
  it('are created with address and groups, and listed by device, network and token', async () => {
    await using bench = await createBench();
    const [ssh] = (await bench.backend.listSecurityGroups()).filter(({ name }) => name === 'ssh');
    const { item } = await bench.backend.createPort({
      token: 'op-1',
      networkId: bench.ids.privateNetwork,
      name: 'eth0',
      address: '10.0.1.1',
      securityGroupIds: [ssh!.id],
    });
    expect(item).to.deep.include({ name: 'eth0', status: 'DOWN', deviceId: '', addresses: ['10.0.1.1'], securityGroupIds: [ssh!.id] });
    const server = await runningServer(bench, 'vm');
    const idsOf = async (filter: object) => (await bench.backend.listPorts(filter)).map(({ id }) => id);
    expect(await idsOf({ token: 'op-1' })).to.deep.equal([item.id]);
    expect(await idsOf({ networkId: bench.ids.privateNetwork })).to.have.length(2);
    expect(await idsOf({ networkId: bench.ids.publicNetwork })).to.deep.equal([]);
    expect(await idsOf({ deviceId: server.id })).to.have.length(1);
  });

  it('can be deleted any number of times, by id and by token', async () => {
    await using bench = await createBench();
    const { item } = await bench.backend.createPort({ token: 'op-1', networkId: bench.ids.privateNetwork });
    expect(await bench.backend.deletePort(item.id)).to.equal('requested');
    expect(await bench.backend.deletePort(item.id)).to.equal('gone');
    expect(await bench.backend.findPort(item.id)).to.equal(undefined);
    const { item: other } = await bench.backend.createPort({ token: 'op-2', networkId: bench.ids.privateNetwork });
    expect(await bench.backend.deletePortsByToken('op-2')).to.deep.equal([other.id]);
    expect(await bench.backend.deletePortsByToken('op-2')).to.deep.equal([]);
  });

  it('on no network are not found', async () => {
    await using bench = await createBench();
    const error = await failureOf(bench.backend.createPort({ token: 't', networkId: 'none' }), 'not_found');
    expect(error.data.fault).to.equal('NetworkNotFound');
  });
});

describe('floating IPs through the backend client', () => {
  it('are associated, also twice, become ACTIVE, and can be taken off', async () => {
    await using bench = await createBench();
    const server = await runningServer(bench, 'vm');
    const [port] = await bench.backend.listPorts({ deviceId: server.id });
    const { item } = await bench.backend.createFloatingIp({ token: 'op-1', networkId: bench.ids.publicNetwork });
    expect(item).to.include({ status: 'DOWN', portId: undefined, networkId: bench.ids.publicNetwork });
    expect((await bench.backend.associateFloatingIp(item.id, port!.id)).portId).to.equal(port!.id);
    bench.clock.advance(longMs);
    expect((await bench.backend.associateFloatingIp(item.id, port!.id)).status, 'the second changes nothing').to.equal('ACTIVE');
    expect(await bench.backend.listFloatingIps({ portId: port!.id })).to.have.length(1);
    expect(await bench.backend.disassociateFloatingIp(item.id)).to.include({ status: 'DOWN', portId: undefined });
    expect(await bench.backend.listFloatingIps({ portId: port!.id })).to.have.length(0);
    expect(await bench.backend.listFloatingIps()).to.have.length(1);
  });

  it('may be born with their port', async () => {
    await using bench = await createBench();
    const { item: port } = await bench.backend.createPort({ token: 'p', networkId: bench.ids.privateNetwork });
    const { item } = await bench.backend.createFloatingIp({ token: 'op-1', networkId: bench.ids.publicNetwork, portId: port.id });
    expect(item.portId).to.equal(port.id);
    const second = bench.backend.createFloatingIp({ token: 'op-2', networkId: bench.ids.publicNetwork, portId: port.id });
    expect((await failureOf(second, 'conflict')).data.fault).to.equal('FloatingIPPortAlreadyAssociated');
  });

  it('can be deleted any number of times', async () => {
    await using bench = await createBench();
    const { item } = await bench.backend.createFloatingIp({ token: 'op-1', networkId: bench.ids.publicNetwork });
    expect(await bench.backend.deleteFloatingIp(item.id)).to.equal('requested');
    expect(await bench.backend.deleteFloatingIp(item.id)).to.equal('gone');
    expect(await bench.backend.findFloatingIp(item.id)).to.equal(undefined);
    await failureOf(bench.backend.getFloatingIp(item.id), 'not_found');
  });
});

describe('lookups through the backend client', () => {
  it('give networks, flavors and images by name', async () => {
    await using bench = await createBench();
    expect((await bench.backend.listNetworks()).map(({ name, isExternal }) => [name, isExternal])).to.deep.equal([
      ['private', false],
      ['public', true],
    ]);
    expect((await bench.backend.listFlavors()).map(({ name }) => name)).to.include('m1.small');
    expect((await bench.backend.findImage('debian-12'))?.name).to.equal('debian-12');
    expect(await bench.backend.findImage('none')).to.equal(undefined);
  });

  it('give security groups with their rules', async () => {
    await using bench = await createBench();
    const groups = await bench.backend.listSecurityGroups();
    expect(groups.map(({ name }) => name)).to.have.members(['default', 'ssh', 'web']);
    const [rule] = groups.find(({ name }) => name === 'ssh')?.rules.filter(({ direction }) => direction === 'ingress') ?? [];
    expect(rule).to.include({ protocol: 'tcp', portMin: 22, portMax: 22, remotePrefix: '0.0.0.0/0' });
    await failureOf(bench.backend.listServerSecurityGroups('none'), 'not_found');
  });
});
