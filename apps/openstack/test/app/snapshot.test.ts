import type { ResourceRef } from '@troupe/protocol';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { backendOf, existingVolume, snapshotOf } from '../support/volumes.ts';
import { createStage } from '../support/stage.ts';

describe('snapshots of volumes', () => {
  it('C1 F5: a snapshot is created under a token of its own, waited for and deleted', async () => {
    await using stage = await createStage();
    const { backendId: volumeId } = await existingVolume(stage, 'v');
    const ref = await stage.insert('snapshot', 's', { volumeId });
    const sent = stage.changes().length;
    expect(await stage.run('openstack.snapshot.create', ref)).to.include({ outcome: 'succeeded' });
    expect(await stage.row('snapshot', 's')).to.include({ state: 'OK', runtimeState: 'available', currentOperation: null });
    expect(await stage.run('openstack.snapshot.delete', ref)).to.include({ outcome: 'succeeded' });
    expect(await stage.row('snapshot', 's')).to.equal(undefined);
    expect(stage.witness.steps()).to.deep.equal(['snapshot.create', 'snapshot.pull', 'snapshot.delete', 'snapshot.gone']);
    const states = ['CREATION_SCHEDULED', 'CREATING', 'OK', 'DELETION_SCHEDULED', 'DELETING', 'removed'];
    expect(stage.witness.states(ref)).to.deep.equal(states);
    expect(stage.changes().slice(sent)).to.deep.equal(['POST snapshots', 'DELETE snapshots/:id']);
    await stage.expectClean();
  });

  it('C1 F5: a snapshot of a volume that is in use needs force, and says so without it', async () => {
    await using stage = await createStage();
    const { backendId: volumeId } = await existingVolume(stage, 'v');
    stage.cloud.control.setStatus('volume', volumeId, 'in-use');
    const [plain, forced] = [await stage.insert('snapshot', 's', { volumeId }), await stage.insert('snapshot', 't', { volumeId })];
    expect((await stage.run('openstack.snapshot.create', plain)).error).to.include({ code: 'bad_request' });
    expect(await stage.run('openstack.snapshot.create', forced, { force: true })).to.include({ outcome: 'succeeded' });
  });

  it('C1 F5: error_deleting ends the poll; a forced delete removes the row and names the orphan', async () => {
    await using stage = await createStage();
    const { ref, backendId } = await snapshotOf(stage, 'v');
    const outcome = { kind: 'status', status: 'error_deleting' } as const;
    stage.cloud.control.failTransitions({ transition: 'snapshot.delete', outcome });
    expect((await stage.run('openstack.snapshot.delete', ref)).error).to.include({ code: 'poll_failed' });
    expect(await stage.row('snapshot', ref.id)).to.include({ state: 'ERRED' });
    const { info } = await stage.run('openstack.snapshot.delete', ref);
    expect(info.orphans?.map(({ kind, backendId: left }) => ({ kind, left }))).to.deep.equal([{ kind: 'snapshot', left: backendId }]);
    expect(await stage.row('snapshot', ref.id)).to.equal(undefined);
  });
});

describe('volumes out of snapshots', () => {
  it('C1 F5: a restore makes a volume of the data, which nobody boots from', async () => {
    await using stage = await createStage();
    const { backendId: snapshotId } = await snapshotOf(stage, 'v', { image: 'cirros' });
    const ref = await stage.insert('volume', 'copy', { sizeGb: 2 });
    const sent = stage.changes().length;
    expect(await stage.run('openstack.volume.restore', ref, { snapshotId })).to.include({ outcome: 'succeeded' });
    expect(stage.witness.steps()).to.deep.equal(['volume.createFromSnapshot', 'volume.pull', 'volume.bootFlag.clear', 'volume.pull']);
    expect(stage.witness.states(ref)).to.deep.equal(['CREATION_SCHEDULED', 'CREATING', 'OK']);
    expect(stage.changes().slice(sent)).to.deep.equal(['POST volumes', 'POST volumes/:id/action']);
    const row = (await stage.row('volume', 'copy'))!;
    expect(row).to.include({ state: 'OK', runtimeState: 'available' });
    const { isBootable, sizeGb } = await backendOf(stage).getVolume(row.backendId);
    expect({ isBootable, sizeGb }).to.deep.equal({ isBootable: false, sizeGb: 2 });
    await stage.expectClean();
  });

  it('C1 F5 trap: a restore takes a token of a volume, not one of a snapshot', async () => {
    await using stage = await createStage();
    const { backendId: snapshotId } = await snapshotOf(stage, 'v');
    stage.cloud.control.failTransitions({ transition: 'volume.create', outcome: { kind: 'stuck' } });
    const ref = await stage.insert('volume', 'copy', { sizeGb: 1 });
    const running = stage.run('openstack.volume.restore', ref, { snapshotId });
    const madeId = async (): Promise<string> => (await stage.row('volume', 'copy'))!.backendId;
    await until('it is being made', async () => (await madeId()) !== '');
    const held = ((await stage.client.throttle('cloud-1')) ?? []).filter(({ used }) => used > 0);
    expect(held.map(({ kind, used }) => [kind, used])).to.deep.equal([['volume', 1]]);
    stage.cloud.control.setStatus('volume', await madeId(), 'available');
    expect(await running).to.include({ outcome: 'succeeded' });
    await stage.expectClean();
  });

  it('C1 F5 trap S30: a restore that fails says why, in the row of the volume', async () => {
    await using stage = await createStage();
    const { backendId: snapshotId } = await snapshotOf(stage, 'v');
    const expectErred = async (ref: ResourceRef, code: string, message: string): Promise<void> => {
      const { outcome, error } = await stage.run('openstack.volume.restore', ref, { snapshotId });
      expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code });
      const row = (await stage.row('volume', ref.id))!;
      expect(row).to.include({ state: 'ERRED', currentOperation: null });
      expect(row.error).to.include({ code });
      expect(row.error!.message).to.include(message);
    };
    stage.cloud.control.failCalls({ route: 'cinder.volumes.create', effect: { kind: 'status', status: 400, message: 'not this time' } });
    await expectErred(await stage.insert('volume', 'refused', { sizeGb: 1 }), 'bad_request', 'not this time');
    stage.cloud.control.failTransitions({ transition: 'volume.create', outcome: { kind: 'status', status: 'error' } });
    await expectErred(await stage.insert('volume', 'broken', { sizeGb: 1 }), 'poll_failed', 'error');
    await stage.expectClean();
  });
});
