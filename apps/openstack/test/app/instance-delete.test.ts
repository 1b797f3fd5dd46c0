import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { createdInstance, insertInstance } from '../support/instances.ts';
import { createStage, type Stage } from '../support/stage.ts';

const sequence = (stage: Stage): number => stage.cloud.control.log().calls.at(-1)?.sequence ?? 0;

async function rowsLeft(stage: Stage, id: string): Promise<string[]> {
  const all = [
    ['instance', id],
    ['volume', `${id}-vol-1`],
    ['volume', `${id}-vol-2`],
    ['floatingIp', `${id}-ip`],
  ] as const;
  const found = await Promise.all(all.map(([kind, name]) => stage.row(kind, name)));
  return found.flatMap((row) => (row === undefined ? [] : [`${row.id} ${row.state} ${row.runtimeState}`]));
}

describe('deletes of instances, on TEST_NATS_URL and a cloud over HTTP', () => {
  it('C1 F7 a: one that never came to the backend takes along what its create has left', async () => {
    await using stage = await createStage();
    stage.cloud.control.failCalls({ route: 'nova.servers.create', times: 0, effect: { kind: 'status', status: 400, message: 'No.' } });
    const ref = await insertInstance(stage, 'vm', { volumes: 2, ips: 1 });
    expect(await stage.run('openstack.instance.create', ref)).to.include({ outcome: 'failed' });
    expect(await rowsLeft(stage, 'vm')).to.deep.equal(['vm ERRED ', 'vm-vol-1 OK available', 'vm-vol-2 OK available']);
    const { outcome, error } = await stage.run('openstack.instance.delete', ref);
    expect({ outcome, error }).to.deep.equal({ outcome: 'succeeded', error: undefined });
    expect(await rowsLeft(stage, 'vm')).to.deep.equal([]);
    const { objects } = stage.cloud.control.summary();
    expect([objects.volume.total, objects.server.total, objects.port.total]).to.deep.equal([0, 0, 0]);
    await stage.expectClean();
  });

  it('C1 F7 a: volumes of one that never came to the backend stay if they are to, and no call asks for the machine', async () => {
    await using stage = await createStage();
    stage.cloud.control.failCalls({ route: 'nova.servers.create', times: 0, effect: { kind: 'status', status: 400, message: 'No.' } });
    const ref = await insertInstance(stage, 'vm', { volumes: 2 });
    expect(await stage.run('openstack.instance.create', ref)).to.include({ outcome: 'failed' });
    const before = sequence(stage);
    expect(await stage.run('openstack.instance.delete', ref, { deleteVolumes: false })).to.include({ outcome: 'succeeded' });
    expect(await rowsLeft(stage, 'vm')).to.deep.equal(['vm-vol-1 OK available', 'vm-vol-2 OK available']);
    expect(stage.cloud.control.log(before).calls.filter(({ route }) => route.startsWith('nova.'))).to.deep.equal([]);
    expect(stage.witness.states(ref).slice(-4)).to.deep.equal(['ERRED', 'DELETION_SCHEDULED', 'DELETING', 'removed']);
    await stage.expectClean();
  });

  it('C1 F7 b: data volumes are detached and deleted, then the machine, its boot volume, address and port', async () => {
    await using stage = await createStage();
    const ref = await createdInstance(stage, 'vm', { volumes: 2, ips: 1 });
    const before = sequence(stage);
    const sent = stage.witness.tasks().length;
    const { outcome, error, info } = await stage.run('openstack.instance.delete', ref);
    expect({ outcome, error }).to.deep.equal({ outcome: 'succeeded', error: undefined });
    expect(await rowsLeft(stage, 'vm')).to.deep.equal([]);
    expect(stage.witness.steps(sent)).to.deep.equal([
      'volume.detach',
      'volume.pull',
      'volume.delete',
      'volume.gone',
      'server.delete',
      'server.gone',
      'volume.delete',
      'volume.gone',
      'floatingIp.delete',
      'tenant.addresses.pull',
      'ports.delete',
    ]);
    expect(stage.witness.states(ref).slice(-4)).to.deep.equal(['OK', 'DELETION_SCHEDULED', 'DELETING', 'removed']);
    const children = (await stage.client.operations({})).filter(({ parent }) => parent === info.id);
    expect(children.map(({ executor }) => executor.replace('openstack.', '')).sort()).to.deep.equal([
      'floatingIp.delete',
      'tenant.pullAddresses',
      'volume.delete',
      'volume.delete',
      'volume.detach',
    ]);
    expect(stage.changes(before)).to.deep.equal([
      'DELETE servers/:id/os-volume_attachments/:id',
      'DELETE volumes/:id',
      'DELETE servers/:id',
      'DELETE volumes/:id',
      'DELETE floatingips/:id',
      'DELETE ports/:id',
    ]);
    const { objects } = stage.cloud.control.summary();
    expect(
      Object.entries(objects).filter(([, { total }]) => total > 0),
      'left on the cloud',
    ).to.deep.equal([]);
    expect((await stage.row('tenant', 'tenant'))!.data['addresses']).to.deep.equal([]);
    await stage.expectClean();
  });

  it('C1 F7 b: DELETING comes late: while volumes go, the machine is scheduled to', async () => {
    await using stage = await createStage();
    const ref = await createdInstance(stage, 'vm', { volumes: 2 });
    stage.cloud.control.failCalls({ route: 'cinder.volumes.delete', effect: { kind: 'slow', ms: 400 } });
    const ended = stage.run('openstack.instance.delete', ref);
    await until('the data volume is being deleted', async () => (await stage.row('volume', 'vm-vol-2'))?.state === 'DELETING');
    expect(await stage.row('instance', 'vm')).to.include({ state: 'DELETION_SCHEDULED' });
    expect(await ended).to.include({ outcome: 'succeeded' });
    await stage.expectClean();
  });

  it('C1 F7 b: what others are busy with is waited for, a volume as well as the tenant', async function () {
    this.timeout(20_000);
    await using stage = await createStage();
    const ref = await createdInstance(stage, 'vm', { volumes: 2, ips: 1 });
    const { backendId } = (await stage.row('instance', 'vm'))!;
    const { control } = stage.cloud;
    const slow = { kind: 'slow', ms: 1500 } as const;
    control.failCalls({ route: 'nova.attachments.delete', effect: slow });
    control.failCalls({ route: 'neutron.floatingips.list', effect: slow });
    const { client } = stage;
    const volume = { kind: 'volume', id: 'vm-vol-2' };
    const others = [
      await client.execute({ executor: 'openstack.volume.detach', resource: volume, input: { serverId: backendId } }),
      await client.execute({ executor: 'openstack.tenant.pullAddresses', resource: { kind: 'tenant', id: 'tenant' } }),
    ];
    const { outcome, error } = await stage.run('openstack.instance.delete', ref);
    expect({ outcome, error }).to.deep.equal({ outcome: 'succeeded', error: undefined });
    for (const other of others) expect(await other.ended()).to.include({ outcome: 'succeeded' });
    expect(stage.witness.states(volume).slice(-3)).to.deep.equal(['DELETION_SCHEDULED', 'DELETING', 'removed']);
    expect((await stage.row('tenant', 'tenant'))!.data['addresses']).to.deep.equal([]);
    await stage.expectClean();
  });

  it('C1 F7 b forced: a machine that cannot be deleted loses its row, and is listed as an orphan with the reason', async () => {
    await using stage = await createStage();
    const ref = await createdInstance(stage, 'vm', { volumes: 2 });
    const { backendId } = (await stage.row('instance', 'vm'))!;
    stage.cloud.control.failCalls({ route: 'nova.servers.delete', times: 0, effect: { kind: 'status', status: 409, message: 'locked' } });
    const handle = await stage.client.execute({ executor: 'openstack.instance.delete', resource: ref, options: { force: true } });
    const { outcome, error } = await handle.ended();
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'conflict' });
    expect((await stage.client.operation(handle.id))!.orphans).to.deep.equal([
      { kind: 'instance', id: 'vm', backendId, error: { code: 'conflict', message: error!.message } },
    ]);
    expect(await stage.row('instance', 'vm')).to.equal(undefined);
    expect(stage.cloud.control.summary().objects.server.total).to.equal(1);
    await stage.expectClean();
  });

  it('C1 F7 b: a data volume that cannot be deleted stops it before the machine, and is named', async () => {
    await using stage = await createStage();
    const ref = await createdInstance(stage, 'vm', { volumes: 2 });
    const outcome = { kind: 'status', status: 'error_deleting' } as const;
    stage.cloud.control.failTransitions({ transition: 'volume.delete', name: 'vm-vol-2', outcome });
    const { outcome: end, error } = await stage.run('openstack.instance.delete', ref);
    expect({ end, code: error?.code }).to.deep.equal({ end: 'failed', code: 'child_failed' });
    expect(error!.message).to.include('vm-vol-2');
    expect(await rowsLeft(stage, 'vm')).to.deep.equal(['vm ERRED ACTIVE', 'vm-vol-1 OK in-use', 'vm-vol-2 ERRED available']);
    expect(stage.cloud.control.summary().objects.server.byStatus).to.deep.equal({ ACTIVE: 1 });
    // now it is ERRED, so the next one is forced, and its children inherit that
    expect(await stage.run('openstack.instance.delete', ref)).to.include({ outcome: 'succeeded' });
    expect(await rowsLeft(stage, 'vm')).to.deep.equal([]);
    const { objects } = stage.cloud.control.summary();
    expect([objects.server.total, objects.volume.byStatus]).to.deep.equal([0, { error_deleting: 1 }]);
    const [orphaned] = await stage.client.operations({ executor: 'openstack.volume.delete', outcome: 'failed' });
    expect(orphaned!.orphans).to.have.lengthOf(1);
    await stage.expectClean();
  });

  it('C1 F7 b forced: a broken machine goes with its volumes, though it lets none of them go', async () => {
    await using stage = await createStage();
    stage.cloud.control.failTransitions({
      transition: 'server.create',
      outcome: { kind: 'status', status: 'ERROR', message: 'No valid host' },
    });
    const ref = await insertInstance(stage, 'vm', { volumes: 2 });
    expect(await stage.run('openstack.instance.create', ref)).to.include({ outcome: 'failed' });
    const { outcome, error } = await stage.run('openstack.instance.delete', ref);
    expect({ outcome, error }).to.deep.equal({ outcome: 'succeeded', error: undefined });
    expect(await rowsLeft(stage, 'vm')).to.deep.equal([]);
    const { objects } = stage.cloud.control.summary();
    expect([objects.volume.total, objects.server.total, objects.port.total]).to.deep.equal([0, 0, 0]);
  });

  it('C1 F7 c: data volumes and addresses that are to be kept are free and OK; the boot volume goes with the machine', async () => {
    await using stage = await createStage();
    const ref = await createdInstance(stage, 'vm', { volumes: 2, ips: 1 });
    const { outcome, error } = await stage.run('openstack.instance.delete', ref, { deleteVolumes: false, releaseIps: false });
    expect({ outcome, error }).to.deep.equal({ outcome: 'succeeded', error: undefined });
    expect(stage.cloud.control.summary().objects.volume.byStatus).to.deep.equal({ available: 1 });
    expect(stage.cloud.control.summary().objects.floatingip.total).to.equal(1);
    expect(await stage.row('instance', 'vm')).to.equal(undefined);
    expect(await stage.row('volume', 'vm-vol-1')).to.equal(undefined);
    const kept = (await stage.row('volume', 'vm-vol-2'))!;
    expect(kept).to.include({ state: 'OK', runtimeState: 'available' });
    expect(kept.data).to.include({ attachedTo: null, device: null });
    expect(await stage.row('floatingIp', 'vm-ip')).to.include({ state: 'OK', runtimeState: 'DOWN' });
    await stage.expectClean();
  });
});
