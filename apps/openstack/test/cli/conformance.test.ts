import { expect } from 'chai';
import { startCloud } from '@troupe/openstack/internal';
import { findOpenstackCli, openstackCli } from '../support/openstack-cli.ts';
import type { OpenstackCli } from '../support/openstack-cli.ts';

const installed = findOpenstackCli();
/** Where the machine is prepared for it, a missing command line is a failure and not an excuse. */
const isRequired = process.env['CI'] === 'true' && process.env['TROUPE_CI_OPENSTACK'] === '1';

type Row = Readonly<Record<string, unknown>>;

/** The cloud runs a hundred times quicker: the command line itself takes a second for each command. */
async function setup(user?: string) {
  const cloud = await startCloud({ timeFactor: 0.01 });
  const cli = await openstackCli(cloud, installed ?? 'openstack', user);
  return {
    cloud,
    cli,
    async [Symbol.asyncDispose]() {
      await cli[Symbol.asyncDispose]();
      await cloud.stop();
    },
  };
}

const rows = async (cli: OpenstackCli, ...args: readonly string[]): Promise<readonly Row[]> => (await cli.json(...args)) as readonly Row[];
const row = async (cli: OpenstackCli, ...args: readonly string[]): Promise<Row> => (await cli.json(...args)) as Row;

describe('the official command line on the simulated cloud', function () {
  this.timeout(120_000);

  if (installed === undefined && !isRequired) {
    it('is not installed here (Debian: apt-get install python3-openstackclient)');
    return;
  }

  it('creates, shows, lists and deletes volumes and their snapshots', async () => {
    await using bench = await setup();
    const { cli } = bench;
    const made = await row(cli, 'volume', 'create', '--size', '2', '--property', 'purpose=test', 'data');
    expect(made).to.include({ name: 'data', size: 2, status: 'creating' });
    const [listed] = await rows(cli, 'volume', 'list');
    expect(listed).to.include({ ID: made['id'], Name: 'data', Size: 2, Status: 'available' });
    const shown = await row(cli, 'volume', 'show', 'data');
    expect(shown['properties']).to.deep.equal({ purpose: 'test' });
    expect(await row(cli, 'volume', 'snapshot', 'create', '--volume', 'data', 'before')).to.include({ size: 2, status: 'creating' });
    expect((await rows(cli, 'volume', 'snapshot', 'list'))[0]).to.include({ Name: 'before', Status: 'available', Size: 2 });
    await cli.run('volume', 'snapshot', 'delete', 'before');
    await cli.run('volume', 'delete', 'data');
    expect(await rows(cli, 'volume', 'list')).to.deep.equal([]);
    const again = await cli.attempt('volume', 'delete', 'data');
    expect(again.code).to.equal(1);
    expect(again.stderr).to.match(/No volume with a name or ID of 'data' exists/);
  });

  it('creates servers, attaches, stops, starts, reboots and deletes them', async () => {
    await using bench = await setup();
    const { cli } = bench;
    await cli.run('volume', 'create', '--size', '4', '--image', 'cirros', 'boot');
    await cli.run('volume', 'create', '--size', '1', 'data');
    const made = await row(cli, 'server', 'create', '--flavor', 'm1.small', '--volume', 'boot', '--network', 'private', '--wait', 'vm');
    expect(made).to.include({ name: 'vm', status: 'ACTIVE' });
    const [listed] = await rows(cli, 'server', 'list');
    expect(listed).to.deep.include({
      ID: made['id'],
      Name: 'vm',
      Status: 'ACTIVE',
      Flavor: 'm1.small',
      Networks: { private: ['10.0.0.2'] },
    });
    await cli.run('server', 'add', 'volume', 'vm', 'data');
    const volumes = await rows(cli, 'volume', 'list');
    expect(volumes.map(({ Name, Status }) => [Name, Status])).to.have.deep.members([
      ['boot', 'in-use'],
      ['data', 'in-use'],
    ]);
    await cli.run('server', 'remove', 'volume', 'vm', 'data');
    await cli.run('server', 'stop', 'vm');
    expect((await row(cli, 'server', 'show', 'vm'))['status']).to.equal('SHUTOFF');
    const twice = await cli.attempt('server', 'stop', 'vm');
    expect(twice.stderr).to.match(/Cannot 'stop' instance .* while it is in vm_state stopped \(HTTP 409\)/);
    await cli.run('server', 'start', 'vm');
    await cli.run('server', 'reboot', '--hard', 'vm');
    await cli.run('server', 'delete', 'vm');
    expect(await rows(cli, 'server', 'list')).to.deep.equal([]);
    const left = await rows(cli, 'volume', 'list');
    expect(left.map(({ Status }) => Status)).to.deep.equal(['available', 'available']);
  });

  it('creates, associates, lists and deletes ports and floating IPs', async () => {
    await using bench = await setup();
    const { cli } = bench;
    const port = await row(cli, 'port', 'create', '--network', 'private', '--description', 'for a test', 'eth0');
    expect(port).to.include({ name: 'eth0', status: 'DOWN', description: 'for a test' });
    expect((await rows(cli, 'port', 'list')).map(({ Name }) => Name)).to.deep.equal(['eth0']);
    const ip = await row(cli, 'floating', 'ip', 'create', 'public');
    expect(ip).to.include({ status: 'DOWN', port_id: null });
    const address = String(ip['floating_ip_address']);
    await cli.run('floating', 'ip', 'set', '--port', 'eth0', address);
    const [listed] = await rows(cli, 'floating', 'ip', 'list');
    expect(listed).to.include({ 'Floating IP Address': address, Port: port['id'] });
    expect((await row(cli, 'floating', 'ip', 'show', address))['status']).to.equal('ACTIVE');
    await cli.run('floating', 'ip', 'delete', address);
    await cli.run('port', 'delete', 'eth0');
    expect(await rows(cli, 'port', 'list')).to.deep.equal([]);
    expect(await rows(cli, 'floating', 'ip', 'list')).to.deep.equal([]);
  });

  it('reads networks, subnets, security groups, flavors, images, quotas and versions', async () => {
    await using bench = await setup();
    const { cli } = bench;
    const namesOf = async (...args: readonly string[]) => (await rows(cli, ...args)).map(({ Name }) => Name);
    expect(await namesOf('network', 'list')).to.have.members(['private', 'public']);
    expect(await namesOf('subnet', 'list')).to.have.members(['private-subnet', 'public-subnet']);
    expect(await namesOf('security', 'group', 'list')).to.have.members(['default', 'ssh', 'web']);
    expect(await namesOf('flavor', 'list')).to.include('m1.small');
    expect(await namesOf('image', 'list')).to.include('cirros');
    expect(await namesOf('volume', 'type', 'list')).to.include('__DEFAULT__');
    expect(await namesOf('project', 'list')).to.deep.equal(['demo']);
    expect(await row(cli, 'quota', 'show')).to.include({ instances: 10_000, volumes: 10_000 });
    const versions = await rows(cli, 'versions', 'show', '--service', 'compute');
    expect(versions[0]).to.include({ 'Max Microversion': '2.79' });
  });

  it('makes and removes projects, users, roles, networks, subnets, routers and security groups', async () => {
    await using bench = await setup('admin');
    const { cli } = bench;
    const project = await row(cli, 'project', 'create', '--description', 'of a team', 'team');
    expect(project).to.include({ name: 'team', description: 'of a team', enabled: true });
    await cli.run('user', 'create', '--project', 'team', '--password', 'secret', 'anna');
    await cli.run('role', 'add', '--project', 'team', '--user', 'anna', 'member');
    const network = await row(cli, 'network', 'create', '--project', 'team', 'net');
    expect(network).to.include({ name: 'net', project_id: project['id'], 'router:external': false });
    const subnet = await row(cli, 'subnet', 'create', '--project', 'team', '--network', 'net', '--subnet-range', '192.168.42.0/24', 'sub');
    expect(subnet).to.include({ cidr: '192.168.42.0/24', gateway_ip: '192.168.42.1', network_id: network['id'] });
    await cli.run('router', 'create', '--project', 'team', 'out');
    await cli.run('router', 'add', 'subnet', 'out', 'sub');
    const refused = await cli.attempt('network', 'delete', 'net');
    expect(refused.stderr).to.match(/one or more ports still in use on the network/);
    await cli.run('security', 'group', 'create', '--project', 'team', 'team-ssh');
    const rule = ['security', 'group', 'rule', 'create', '--protocol', 'tcp', '--dst-port', '22', 'team-ssh'];
    expect(await row(cli, ...rule, '--project', 'team')).to.include({ port_range_min: 22, direction: 'ingress' });
    await cli.run('router', 'remove', 'subnet', 'out', 'sub');
    await cli.run('router', 'delete', 'out');
    await cli.run('network', 'delete', 'net');
    const [left] = await rows(cli, 'network', 'list', '--project', 'team');
    expect(left).to.equal(undefined);
  });

  it('shows the refusal of a build past the limit in the words of the real services', async () => {
    await using bench = await setup();
    const { cli, cloud } = bench;
    cloud.control.setBuildLimits({ instance: 0, volume: 0 });
    const volume = await cli.attempt('volume', 'create', '--size', '1', 'data');
    expect(volume.stderr).to.match(/VolumeLimitExceeded: .* \(HTTP 413\)/);
    const server = await cli.attempt('server', 'create', '--flavor', 'm1.tiny', '--image', 'cirros', '--network', 'private', 'vm');
    expect(server.stderr).to.match(/Quota exceeded for building_instances: .* \(HTTP 403\)/);
  });
});
