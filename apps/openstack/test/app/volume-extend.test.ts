import { expect } from 'chai';
import { createdInstance } from '../support/instances.ts';
import { createStage } from '../support/stage.ts';
import { backendOf, existingVolume } from '../support/volumes.ts';

const changed = ['UPDATE_SCHEDULED', 'UPDATING'];

describe('extending a volume', () => {
  it('C1 F3 detached: is one call, and looks until it is free again', async () => {
    await using stage = await createStage();
    const { ref, backendId } = await existingVolume(stage, 'v');
    const sent = stage.changes().length;
    const { outcome, info } = await stage.run('openstack.volume.extend', ref, { sizeGb: 3 });
    expect({ outcome, action: info.action, details: info.actionDetails }).to.deep.equal({
      outcome: 'succeeded',
      action: 'extend',
      details: { old: { sizeGb: 1 }, new: { sizeGb: 3 } },
    });
    expect(stage.witness.steps()).to.deep.equal(['volume.extend', 'volume.pull']);
    expect(stage.witness.states(ref)).to.deep.equal(['OK', ...changed, 'OK']);
    expect(stage.changes().slice(sent)).to.deep.equal(['POST volumes/:id/action']);
    const row = (await stage.row('volume', 'v'))!;
    expect(row).to.include({ state: 'OK', runtimeState: 'available', action: '' });
    expect(row.data).to.include({ sizeGb: 3 });
    expect((await backendOf(stage).getVolume(backendId)).sizeGb).to.equal(3);
    await stage.expectClean();
  });

  it('C1 F3 detached: error_extending ends the looks, and the volume is ERRED', async () => {
    await using stage = await createStage();
    const { ref } = await existingVolume(stage, 'v');
    stage.cloud.control.failTransitions({ transition: 'volume.extend', outcome: { kind: 'status', status: 'error_extending' } });
    const { outcome, error } = await stage.run('openstack.volume.extend', ref, { sizeGb: 3 });
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'poll_failed' });
    expect(await stage.row('volume', 'v')).to.include({ state: 'ERRED', runtimeState: 'error_extending', action: '' });
  });

  it('C1 F3: an answer that is lost is no reason to extend twice', async () => {
    await using stage = await createStage();
    const { ref } = await existingVolume(stage, 'v');
    stage.cloud.control.failCalls({ route: 'cinder.volumes.action', effect: { kind: 'drop', when: 'after' } });
    expect(await stage.run('openstack.volume.extend', ref, { sizeGb: 3 })).to.include({ outcome: 'succeeded' });
    expect(stage.changes().filter((call) => call.endsWith('/action'))).to.have.lengthOf(1);
  });

  it('C1 F3: what is no extension, or names no instance for a volume that one has, is refused at accept', async () => {
    await using stage = await createStage();
    const smaller = await stage.insert('volume', 'v', { sizeGb: 4 }, 'OK', 'there');
    const used = await stage.insert('volume', 'w', { sizeGb: 4, attachedTo: 'a machine' }, 'OK', 'there too');
    for (const [resource, sizeGb] of [
      [smaller, 4],
      [used, 5],
    ] as const) {
      const handle = await stage.client.execute({ executor: 'openstack.volume.extend', resource, input: { sizeGb } });
      expect(handle).to.have.nested.property('answer.answer', 'rejected');
    }
  });

  it('C1 F3 attached: volume and instance are taken together; let go, extended, and given back at the same place', async () => {
    await using stage = await createStage();
    const instance = await createdInstance(stage, 'vm', { volumes: 2 });
    const ref = { kind: 'volume', id: 'vm-vol-2' };
    const { device, attachedTo } = (await stage.row('volume', ref.id))!.data;
    const [tasks, calls] = [stage.witness.tasks().length, stage.changes().length];
    expect(await stage.run('openstack.volume.extend', ref, { sizeGb: 2, instance: 'vm' })).to.include({ outcome: 'succeeded' });
    const steps = ['volume.detach', 'volume.pull', 'volume.extend', 'volume.pull', 'volume.attach', 'volume.pull'];
    expect(stage.witness.steps(tasks)).to.deep.equal(steps);
    const attachments = 'servers/:id/os-volume_attachments';
    expect(stage.changes().slice(calls)).to.deep.equal([`DELETE ${attachments}/:id`, 'POST volumes/:id/action', `POST ${attachments}`]);
    for (const one of [ref, instance]) expect(stage.witness.states(one).slice(-4), one.kind).to.deep.equal(['OK', ...changed, 'OK']);
    const row = (await stage.row('volume', ref.id))!;
    expect(row.data).to.include({ sizeGb: 2, device, attachedTo });
    expect(row).to.include({ runtimeState: 'in-use', action: '', currentOperation: null });
    expect(await stage.row('instance', 'vm')).to.include({ state: 'OK', action: '', currentOperation: null });
    await stage.expectClean();
  });

  it('C1 F3 attached: an instance that somebody has is a conflict, and nothing is moved', async () => {
    await using stage = await createStage();
    await createdInstance(stage, 'vm', { volumes: 2 });
    stage.cloud.control.failTransitions({ transition: 'server.stop', outcome: { kind: 'stuck' } });
    const stop = await stage.client.execute({ executor: 'openstack.instance.stop', resource: { kind: 'instance', id: 'vm' } });
    const calls = stage.changes().length;
    const resource = { kind: 'volume', id: 'vm-vol-2' };
    const handle = await stage.client.execute({ executor: 'openstack.volume.extend', resource, input: { sizeGb: 2, instance: 'vm' } });
    expect(handle).to.have.nested.property('answer.error.code', 'conflict');
    expect(await stage.row('volume', 'vm-vol-2')).to.include({ state: 'OK', currentOperation: null });
    stage.cloud.control.setStatus('server', (await stage.row('instance', 'vm'))!.backendId, 'SHUTOFF');
    expect(await stop.ended()).to.include({ outcome: 'succeeded' });
    expect(
      stage
        .changes()
        .slice(calls)
        .filter((call) => !call.endsWith('servers/:id/action')),
    ).to.deep.equal([]);
  });

  it('C1 F3 trap S60: a failure after the detach, which has erased the link, leaves neither volume nor instance UPDATING', async () => {
    await using stage = await createStage();
    const instance = await createdInstance(stage, 'vm', { volumes: 2 });
    const ref = { kind: 'volume', id: 'vm-vol-2' };
    const effect = { kind: 'status', status: 400, message: 'not this time' } as const;
    stage.cloud.control.failCalls({ route: 'cinder.volumes.action', effect });
    const { outcome, error } = await stage.run('openstack.volume.extend', ref, { sizeGb: 2, instance: 'vm' });
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'bad_request' });
    const volume = (await stage.row('volume', ref.id))!;
    expect(volume.data, 'the link is erased').to.include({ attachedTo: null, device: null });
    for (const row of [volume, (await stage.row(instance.kind, instance.id))!]) {
      expect(row, row.kind).to.include({ state: 'ERRED', action: '', currentOperation: null });
      expect(row.error!.message, row.kind).to.include('not this time');
    }
    await stage.expectClean();
  });
});
