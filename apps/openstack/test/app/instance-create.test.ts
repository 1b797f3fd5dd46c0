import { expect } from 'chai';
import { createStage, type Stage } from '../support/stage.ts';
import { insertInstance } from '../support/instances.ts';

const states = async (stage: Stage, ...rows: (readonly [string, string])[]): Promise<(string | undefined)[]> =>
  Promise.all(rows.map(async ([kind, id]) => (await stage.row(kind, id))?.state));

describe('creates of instances, on TEST_NATS_URL and a cloud over HTTP', () => {
  it('C1 family F6: two volumes and a floating IP, in order, all OK, tokens of volumes returned early', async () => {
    await using stage = await createStage();
    const ref = await insertInstance(stage, 'vm', { volumes: 2, ip: true });
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
    await stage.expectClean();
  });

  it('C1 family F6: more instances than tokens all finish and the cloud never sees more builds than it takes', async () => {
    await using stage = await createStage();
    const refs = await Promise.all([1, 2, 3, 4, 5].map((n) => insertInstance(stage, `vm${n}`, { volumes: 2 })));
    const ends = await Promise.all(refs.map((ref) => stage.run('openstack.instance.create', ref)));
    expect(ends.map(({ outcome }) => outcome)).to.deep.equal(Array(5).fill('succeeded'));
    expect(stage.cloud.control.summary().objects).to.deep.include({ server: { total: 5, byStatus: { ACTIVE: 5 } } });
    await stage.expectClean();
  });

  it('C1 family F6: every message of it is heavy', async () => {
    await using stage = await createStage();
    const ref = await insertInstance(stage, 'vm', { volumes: 1 });
    const { info } = await stage.run('openstack.instance.create', ref);
    expect(info).to.include({ outcome: 'succeeded', class: 'heavy' });
  });

  it('C1 family F6: a machine that breaks is ERRED; volumes that are OK stay, an IP that never came to be is removed', async () => {
    await using stage = await createStage();
    const { control } = stage.cloud;
    const ref = await insertInstance(stage, 'vm', { volumes: 2, ip: true });
    control.failTransitions({ transition: 'server.create', outcome: { kind: 'status', status: 'ERROR', message: 'No valid host' } });
    const { outcome, error } = await stage.run('openstack.instance.create', ref);
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'poll_failed' });
    expect(await stage.row('instance', 'vm')).to.include({ state: 'ERRED', runtimeState: 'ERROR' });
    const found = await states(stage, ['volume', 'vm-vol-1'], ['volume', 'vm-vol-2'], ['floatingIp', 'vm-ip']);
    expect(found).to.deep.equal(['OK', 'OK', undefined]);
    await stage.expectClean();
  });

  it('C1 family F6: volumes that were not started are removed, those that broke are ERRED, and no port stays', async () => {
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

  it('C1 family F6: what cannot be built is refused at accept', async () => {
    await using stage = await createStage();
    const ref = await stage.insert('instance', 'vm', { flavor: '1', volumes: [] });
    const { answer } = await stage.client.execute({ executor: 'openstack.instance.create', resource: ref });
    expect(answer).to.deep.include({ answer: 'rejected' });
    expect(JSON.stringify(answer)).to.include('forbidden_state').and.to.include('boots from a volume');
    expect(await stage.row('instance', 'vm')).to.include({ state: 'CREATION_SCHEDULED', currentOperation: null });
  });
});
