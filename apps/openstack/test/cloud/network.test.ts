import { expect } from 'chai';
import { createBench } from '../support/bench.ts';
import type { Bench } from '../support/bench.ts';
import { runningServer } from '../support/objects.ts';

const neutron = '/networking/v2.0';

async function createPort(bench: Bench, port: object = {}) {
  return bench.call('POST', `${neutron}/ports`, { body: { port: { network_id: bench.ids.privateNetwork, ...port } } });
}

async function createIp(bench: Bench, floatingip: object = {}) {
  return bench.call('POST', `${neutron}/floatingips`, {
    body: { floatingip: { floating_network_id: bench.ids.publicNetwork, ...floatingip } },
  });
}

describe('Neutron of the simulated cloud', () => {
  it('makes a port with an address, a MAC and the default group', async () => {
    await using bench = await createBench();
    const reply = await createPort(bench, { name: 'p' });
    expect(reply.status).to.equal(201);
    const port = reply.body['port']!;
    expect(port).to.include({ name: 'p', status: 'DOWN', device_id: '' });
    expect(port['fixed_ips']![0]!['ip_address']).to.equal('10.0.0.2');
    expect(port['mac_address']).to.match(/^fa:16:3e(:[0-9a-f]{2}){3}$/);
    expect(port['security_groups']).to.have.length(1);
  });

  it('gives an address to one port at a time', async () => {
    await using bench = await createBench();
    const first = await createPort(bench, { fixed_ips: [{ ip_address: '10.0.0.9' }] });
    expect(first.status).to.equal(201);
    expect((await createPort(bench, { fixed_ips: [{ ip_address: '10.0.0.9' }] })).body['NeutronError']!['type']).to.equal(
      'IpAddressAlreadyAllocated',
    );
    await bench.call('DELETE', `${neutron}/ports/${first.body['port']!['id']}`);
    expect((await createPort(bench, { fixed_ips: [{ ip_address: '10.0.0.9' }] })).status).to.equal(201);
  });

  it('filters by any attribute, several values meaning any of them', async () => {
    await using bench = await createBench();
    for (const [name, description] of [
      ['a', 'x'],
      ['b', 'y'],
      ['c', 'y'],
    ])
      await createPort(bench, { name, description });
    const find = async (query: string) =>
      Array.from((await bench.call('GET', `${neutron}/ports?${query}`)).body['ports']!, ({ name }) => String(name));
    expect(await find('description=y')).to.deep.equal(['c', 'b']);
    expect(await find('name=a&name=b')).to.deep.equal(['b', 'a']);
    expect(await find('fixed_ips=ip_address%3D10.0.0.3')).to.deep.equal(['b']);
    expect(await find('device_id=none')).to.deep.equal([]);
    const narrow = await bench.call('GET', `${neutron}/ports?name=a&fields=name`);
    expect(narrow.body['ports']).to.deep.equal([{ name: 'a' }]);
    const external = await bench.call('GET', `${neutron}/networks?router%3Aexternal=True`);
    expect(Array.from(external.body['networks']!, ({ name }) => name)).to.deep.equal(['public']);
  });

  it('changes and removes ports, and does not know them afterwards', async () => {
    await using bench = await createBench();
    const id = (await createPort(bench)).body['port']!['id'];
    const changed = await bench.call('PUT', `${neutron}/ports/${id}`, { body: { port: { name: 'renamed', security_groups: ['ssh'] } } });
    expect(changed.body['port']).to.include({ name: 'renamed' });
    expect((await bench.call('DELETE', `${neutron}/ports/${id}`)).status).to.equal(204);
    const gone = await bench.call('DELETE', `${neutron}/ports/${id}`);
    expect(gone.status).to.equal(404);
    expect(gone.body).to.deep.equal({ NeutronError: { type: 'PortNotFound', message: `Port ${id} could not be found.`, detail: '' } });
  });

  it('refuses ports on networks and in groups that do not exist', async () => {
    await using bench = await createBench();
    expect((await createPort(bench, { network_id: 'none' })).body['NeutronError']!['type']).to.equal('NetworkNotFound');
    expect((await createPort(bench, { security_groups: ['none'] })).body['NeutronError']!['type']).to.equal('SecurityGroupNotFound');
    expect((await createPort(bench, { network_id: 7 })).body['NeutronError']!['message']).to.match(/port\.network_id/);
  });

  it('brings a floating IP from DOWN to ACTIVE once it leads to a port', async () => {
    await using bench = await createBench();
    const port = (await createPort(bench)).body['port']!['id'];
    const made = await createIp(bench);
    expect(made.status).to.equal(201);
    expect(made.body['floatingip']).to.include({ status: 'DOWN', port_id: null, floating_ip_address: '198.18.0.2' });
    const path = `${neutron}/floatingips/${made.body['floatingip']!['id']}`;
    const associated = await bench.call('PUT', path, { body: { floatingip: { port_id: port } } });
    expect(associated.body['floatingip']).to.include({ status: 'DOWN', port_id: String(port), fixed_ip_address: '10.0.0.2' });
    bench.clock.advance(300);
    expect((await bench.call('GET', path)).body['floatingip']!['status']).to.equal('ACTIVE');
    const free = await bench.call('PUT', path, { body: { floatingip: { port_id: null } } });
    expect(free.body['floatingip']).to.include({ status: 'DOWN', port_id: null });
  });

  it('refuses a second floating IP for a port, and one from an inner network', async () => {
    await using bench = await createBench();
    const port = (await createPort(bench)).body['port']!['id'];
    expect((await createIp(bench, { port_id: port })).status).to.equal(201);
    const second = await createIp(bench, { port_id: port });
    expect(second.status).to.equal(409);
    expect(second.body['NeutronError']!['type']).to.equal('FloatingIPPortAlreadyAssociated');
    expect((await createIp(bench, { floating_network_id: bench.ids.privateNetwork })).status).to.equal(400);
    expect((await createIp(bench, { port_id: 'none' })).body['NeutronError']!['type']).to.equal('PortNotFound');
  });

  it('frees the floating IP of a port that goes away', async () => {
    await using bench = await createBench();
    const port = (await createPort(bench)).body['port']!['id'];
    const ip = (await createIp(bench, { port_id: port })).body['floatingip']!['id'];
    bench.clock.advance(300);
    expect((await bench.call('GET', `${neutron}/floatingips/${ip}`)).body['floatingip']!['status']).to.equal('ACTIVE');
    await bench.call('DELETE', `${neutron}/ports/${port}`);
    expect((await bench.call('GET', `${neutron}/floatingips/${ip}`)).body['floatingip']).to.include({ port_id: null, status: 'DOWN' });
  });

  it('shows the floating IP among the addresses of the server', async () => {
    await using bench = await createBench();
    const server = await runningServer(bench, 'vm');
    const [port] = await bench.backend.listPorts({ deviceId: server.id });
    await createIp(bench, { port_id: port!.id });
    const { addresses } = await bench.backend.getServer(server.id);
    expect(addresses.map(({ address, kind }) => [address, kind])).to.deep.equal([
      ['10.0.0.2', 'fixed'],
      ['198.18.0.2', 'floating'],
    ]);
  });

  it('shows networks, subnets and security groups with their rules', async () => {
    await using bench = await createBench();
    const subnets = await bench.call('GET', `${neutron}/subnets?network_id=${bench.ids.privateNetwork}`);
    expect(subnets.body['subnets']![0]).to.include({ cidr: '10.0.0.0/14', gateway_ip: '10.0.0.1' });
    const groups = await bench.call('GET', `${neutron}/security-groups?name=web`);
    const rules = groups.body['security_groups']![0]!['security_group_rules']!;
    expect(Array.from(rules, ({ port_range_min: port }) => port)).to.deep.equal([null, 80, 443]);
    expect((await bench.call('GET', `${neutron}/networks/none`)).body['NeutronError']!['type']).to.equal('NetworkNotFound');
  });
});
