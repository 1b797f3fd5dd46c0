import { expect } from 'chai';
import { createStage, type Stage } from '../support/stage.ts';
import { createBackend } from '@troupe/openstack';
import { configOf, logInBody } from '../support/bench.ts';
import { send } from '../support/http.ts';
import { createdInstance, insertInstance } from '../support/instances.ts';

const states = async (stage: Stage, ...rows: (readonly [string, string])[]): Promise<(string | undefined)[]> =>
  Promise.all(rows.map(async ([kind, id]) => (await stage.row(kind, id))?.state));

describe('creates of instances, on TEST_NATS_URL and a cloud over HTTP', () => {
  it('C1 F6 V=2 F=1: every step in its order, every state of every row, a child of its own for the tenant', async () => {
    await using stage = await createStage();
    const ref = await insertInstance(stage, 'vm', { volumes: 2, ips: 1 });
    const { outcome, error } = await stage.run('openstack.instance.create', ref);
    expect({ outcome, error }).to.deep.equal({ outcome: 'succeeded', error: undefined });
    const vm = (await stage.row('instance', 'vm'))!;
    expect(vm).to.include({ state: 'OK', runtimeState: 'ACTIVE', currentOperation: null });
    expect(vm.data['securityGroups']).to.deep.equal(['default']);
    for (const id of ['vm-vol-1', 'vm-vol-2']) expect(await stage.row('volume', id)).to.include({ state: 'OK', runtimeState: 'in-use' });
    const ip = (await stage.row('floatingIp', 'vm-ip'))!;
    expect(ip).to.include({ state: 'OK', runtimeState: 'ACTIVE' });
    const tenant = (await stage.row('tenant', 'tenant'))!;
    expect(tenant).to.deep.include({ state: 'OK', currentOperation: null });
    expect(tenant.data['addresses']).to.deep.equal([ip.data['address']]);
    expect(stage.changes()).to.deep.equal([
      'POST volumes',
      'POST volumes',
      'POST ports',
      'POST servers',
      'POST floatingips',
      'PUT floatingips/:id',
    ]);
    // looks and pulls of a volume are one task, so those that follow each other show as one
    expect(stage.witness.steps()).to.deep.equal([
      'volume.create',
      'volume.pull',
      'ports.create',
      'server.create',
      'server.pull',
      'volume.pull',
      'server.groups.pull',
      'floatingIp.create',
      'floatingIps.push',
      'floatingIp.pull',
      'tenant.addresses.pull',
      'server.group.pull',
      'server.pull',
    ]);
    const created = ['CREATION_SCHEDULED', 'CREATING', 'OK'];
    for (const row of [ref, { kind: 'volume', id: 'vm-vol-1' }, { kind: 'volume', id: 'vm-vol-2' }, { kind: 'floatingIp', id: 'vm-ip' }])
      expect(stage.witness.states(row), row.id).to.deep.equal(created);
    expect(stage.witness.states({ kind: 'tenant', id: 'tenant' })).to.deep.equal(['OK', 'UPDATE_SCHEDULED', 'UPDATING', 'OK']);
    expect((await stage.row('volume', 'vm-vol-2'))!.data).to.include({ attachedTo: vm.backendId, device: '/dev/vdb' });
    const children = (await stage.client.operations({})).filter(({ parent }) => parent !== undefined);
    expect(children.map(({ executor, outcome }) => ({ executor, outcome }))).to.deep.equal([
      { executor: 'openstack.tenant.pullAddresses', outcome: 'succeeded' },
    ]);
    await stage.expectClean();
  });

  it('C1 F6 V=1 F=2: each address leads to a port of its own; one that was there already is only pushed', async () => {
    await using stage = await createStage();
    const backend = createBackend(configOf(stage.cloud));
    const network = (await backend.listNetworks()).find(({ isExternal }) => isExternal)!;
    const { item: known } = await backend.createFloatingIp({ token: 'known', networkId: network.id });
    await stage.insert('floatingIp', 'known', {}, 'OK', known.id);
    const ref = await createdInstance(stage, 'vm', { volumes: 1, ips: 1, existingIps: ['known'] });
    const { portIds } = (await stage.row('instance', ref.id))!.data as { portIds: string[] };
    const made = (await stage.row('floatingIp', 'vm-ip'))!;
    const found = await Promise.all([made.backendId, known.id].map((id) => backend.getFloatingIp(id)));
    expect(found.map(({ portId }) => portId)).to.deep.equal(portIds);
    expect(stage.changes().filter((call) => call === 'POST floatingips')).to.have.lengthOf(2);
    expect(await states(stage, ['floatingIp', 'vm-ip'], ['floatingIp', 'known'])).to.deep.equal(['OK', 'OK']);
    await stage.expectClean();
  });

  it('C1 F6: a machine is placed by its server group, and the pull says so', async () => {
    await using stage = await createStage();
    const { headers } = await send(`${stage.cloud.authUrl}/auth/tokens`, { method: 'POST', body: logInBody('demo') });
    const { body } = await send(`${stage.cloud.url}/compute/v2.1/os-server-groups`, {
      method: 'POST',
      token: headers.get('x-subject-token')!,
      body: { server_group: { name: 'apart', policies: ['anti-affinity'] } },
    });
    const serverGroup = body['server_group']!['id'] as unknown as string;
    const [a, b] = [await createdInstance(stage, 'a', { volumes: 1, serverGroup }), await createdInstance(stage, 'b', { volumes: 1 })];
    expect((await stage.row('instance', a.id))!.data['serverGroup']).to.equal(serverGroup);
    expect((await stage.row('instance', b.id))!.data['serverGroup']).to.equal(null);
    await stage.expectClean();
  });

  it('C1 F6: instances of one tenant end at the same time, and their children queue for it', async () => {
    await using stage = await createStage({ limit: 4 });
    const refs = await Promise.all([1, 2, 3, 4].map((n) => insertInstance(stage, `vm${n}`, { volumes: 1, ips: 1 })));
    const busy = await stage.client.execute({ executor: 'openstack.tenant.pullAddresses', resource: { kind: 'tenant', id: 'tenant' } });
    const ends = await Promise.all(refs.map((ref) => stage.run('openstack.instance.create', ref)));
    expect(ends.map(({ outcome }) => outcome)).to.deep.equal(Array(4).fill('succeeded'));
    expect(await busy.ended()).to.include({ outcome: 'succeeded' });
    const tenant = (await stage.row('tenant', 'tenant'))!;
    expect(tenant).to.include({ state: 'OK', currentOperation: null });
    expect(tenant.data['addresses']).to.have.lengthOf(4);
    await stage.expectClean();
  });

  it('C1 F6: more instances than tokens all finish and the cloud never sees more builds than it takes', async () => {
    await using stage = await createStage();
    const refs = await Promise.all([1, 2, 3, 4, 5].map((n) => insertInstance(stage, `vm${n}`, { volumes: 2 })));
    const ends = await Promise.all(refs.map((ref) => stage.run('openstack.instance.create', ref)));
    expect(ends.map(({ outcome }) => outcome)).to.deep.equal(Array(5).fill('succeeded'));
    expect(stage.cloud.control.summary().objects).to.deep.include({ server: { total: 5, byStatus: { ACTIVE: 5 } } });
    await stage.expectClean();
  });

  it('C1 F6: a machine that breaks is ERRED; volumes that are OK stay, an IP that never came to be is removed', async () => {
    await using stage = await createStage();
    const { control } = stage.cloud;
    const ref = await insertInstance(stage, 'vm', { volumes: 2, ips: 1 });
    control.failTransitions({ transition: 'server.create', outcome: { kind: 'status', status: 'ERROR', message: 'No valid host' } });
    const { outcome, error } = await stage.run('openstack.instance.create', ref);
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'poll_failed' });
    expect(await stage.row('instance', 'vm')).to.include({ state: 'ERRED', runtimeState: 'ERROR' });
    const found = await states(stage, ['volume', 'vm-vol-1'], ['volume', 'vm-vol-2'], ['floatingIp', 'vm-ip']);
    expect(found).to.deep.equal(['OK', 'OK', undefined]);
    await stage.expectClean();
  });

  it('C1 F6: volumes that were not started are removed, those that broke are ERRED, and no port stays', async () => {
    await using stage = await createStage();
    const { control } = stage.cloud;
    control.failTransitions({ transition: 'volume.create', name: 'a-vol-2', outcome: { kind: 'status', status: 'error' } });
    const a = await insertInstance(stage, 'a', { volumes: 2 });
    expect(await stage.run('openstack.instance.create', a)).to.include({ outcome: 'failed' });
    expect(await states(stage, ['instance', 'a'], ['volume', 'a-vol-2'])).to.deep.equal(['ERRED', 'ERRED']);
    control.failCalls({ route: 'nova.servers.create', times: 0, effect: { kind: 'status', status: 400, message: 'No.' } });
    const b = await insertInstance(stage, 'b', { volumes: 1 });
    const { error } = await stage.run('openstack.instance.create', b);
    expect(error).to.include({ code: 'bad_request' });
    expect(await states(stage, ['instance', 'b'], ['volume', 'b-vol-1'])).to.deep.equal(['ERRED', 'OK']);
    expect(control.summary().objects.port.total, 'the port was released').to.equal(0);
    await stage.expectClean();
  });

  it('C1 F6 S61: ports that cannot be taken back are listed', async () => {
    await using stage = await createStage();
    const { control } = stage.cloud;
    control.failCalls({ route: 'nova.servers.create', effect: { kind: 'status', status: 400, message: 'No.' } });
    control.failCalls({ route: 'neutron.ports.delete', times: 0, effect: { kind: 'status', status: 400, message: 'Nor that.' } });
    const { error, info } = await stage.run('openstack.instance.create', await insertInstance(stage, 'vm', { volumes: 1 }));
    expect(error, 'the first error is shown').to.include({ code: 'bad_request' });
    expect(info.left).to.deep.equal(['release ports']);
    expect(info.log.map(({ error: one }) => one.code)).to.include('compensation_failed');
    expect(control.summary().objects.port.total).to.equal(1);
    await stage.expectClean();
  });

  it('C1 F6: what cannot be built is refused at accept', async () => {
    await using stage = await createStage();
    const ref = await stage.insert('instance', 'vm', { flavor: '1', volumes: [] });
    const { answer } = await stage.client.execute({ executor: 'openstack.instance.create', resource: ref });
    expect(answer).to.deep.include({ answer: 'rejected' });
    expect(JSON.stringify(answer)).to.include('forbidden_state').and.to.include('boots from a volume');
    expect(await stage.row('instance', 'vm')).to.include({ state: 'CREATION_SCHEDULED', currentOperation: null });
  });
});
