import { expect } from 'chai';
import { createStage, type Stage } from '../support/stage.ts';

async function createdVolume(stage: Stage, id = 'v') {
  const ref = await stage.insert('volume', id, { sizeGb: 1 });
  expect(await stage.run('openstack.volume.create', ref)).to.include({ outcome: 'succeeded' });
  return ref;
}

describe('deletes of volumes, on TEST_NATS_URL and a cloud over HTTP', () => {
  it('C1 F2: a volume and its row are removed', async () => {
    await using stage = await createStage();
    const ref = await createdVolume(stage);
    expect(await stage.run('openstack.volume.delete', ref)).to.include({ outcome: 'succeeded' });
    expect(await stage.row('volume', ref.id)).to.equal(undefined);
    expect(stage.changes()).to.deep.equal(['POST volumes', 'DELETE volumes/:id']);
    expect(stage.witness.steps()).to.deep.equal(['volume.create', 'volume.pull', 'volume.delete', 'volume.gone']);
    expect(stage.witness.states(ref)).to.deep.equal(['CREATION_SCHEDULED', 'CREATING', 'OK', 'DELETION_SCHEDULED', 'DELETING', 'removed']);
    expect(stage.cloud.control.summary().objects.volume.total).to.equal(0);
    await stage.expectClean();
  });

  it('C1 F2: a volume that is gone already is removed all the same', async () => {
    await using stage = await createStage();
    const ref = await createdVolume(stage);
    stage.cloud.control.vanish('volume', (await stage.row('volume', ref.id))!.backendId);
    expect(await stage.run('openstack.volume.delete', ref)).to.include({ outcome: 'succeeded' });
    expect(await stage.row('volume', ref.id)).to.equal(undefined);
  });

  it('C1 F2: error_deleting ends the poll and leaves the row ERRED', async () => {
    await using stage = await createStage();
    const ref = await createdVolume(stage);
    stage.cloud.control.failTransitions({ transition: 'volume.delete', outcome: { kind: 'status', status: 'error_deleting' } });
    const { outcome, error } = await stage.run('openstack.volume.delete', ref);
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'poll_failed' });
    expect(await stage.row('volume', ref.id)).to.include({ state: 'ERRED', currentOperation: null });
  });

  it('C1 F2 forced: a failed delete of an ERRED volume removes the row and names the orphan', async () => {
    await using stage = await createStage();
    const { control } = stage.cloud;
    control.failTransitions({ transition: 'volume.create', outcome: { kind: 'status', status: 'error' } });
    control.failTransitions({ transition: 'volume.delete', outcome: { kind: 'status', status: 'error_deleting' } });
    const ref = await stage.insert('volume', 'v', { sizeGb: 1 });
    expect(await stage.run('openstack.volume.create', ref)).to.include({ outcome: 'failed' });
    const { backendId } = (await stage.row('volume', ref.id))!;
    const { outcome: end, info } = await stage.run('openstack.volume.delete', ref);
    expect(end).to.equal('failed');
    expect(info.error).to.include({ code: 'poll_failed' });
    const error = { code: 'poll_failed', message: info.error!.message };
    expect(info.orphans).to.deep.equal([{ kind: 'volume', id: ref.id, backendId, error }]);
    expect(await stage.row('volume', ref.id)).to.equal(undefined);
    expect(stage.cloud.control.summary().objects.volume.byStatus).to.deep.equal({ error_deleting: 1 });
    await stage.expectClean();
  });

  it('C1 F2: a volume that never came to the backend costs no call', async () => {
    await using stage = await createStage();
    stage.cloud.control.failCalls({ route: 'cinder.volumes.create', times: 0, effect: { kind: 'status', status: 400 } });
    const ref = await stage.insert('volume', 'v', { sizeGb: 1 });
    expect(await stage.run('openstack.volume.create', ref)).to.include({ outcome: 'failed' });
    expect(await stage.row('volume', 'v')).to.include({ state: 'ERRED', backendId: '' });
    const before = stage.cloud.control.summary().calls.total;
    expect(await stage.run('openstack.volume.delete', ref)).to.include({ outcome: 'succeeded' });
    expect(stage.cloud.control.summary().calls.total).to.equal(before);
    expect(await stage.row('volume', 'v')).to.equal(undefined);
    expect(stage.witness.states(ref).slice(-3)).to.deep.equal(['DELETION_SCHEDULED', 'DELETING', 'removed']);
  });

  it('C1 F2: a delete whose answer was lost is repeated, and that is a success', async () => {
    await using stage = await createStage();
    const ref = await createdVolume(stage);
    stage.cloud.control.failCalls({ route: 'cinder.volumes.delete', effect: { kind: 'drop', when: 'after' } });
    expect(await stage.run('openstack.volume.delete', ref)).to.include({ outcome: 'succeeded' });
    expect(await stage.row('volume', 'v')).to.equal(undefined);
    await stage.expectClean();
  });
});
