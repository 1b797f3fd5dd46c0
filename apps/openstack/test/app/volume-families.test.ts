import { expect } from 'chai';
import { createStage, type Stage } from '../support/stage.ts';

async function createdVolume(stage: Stage, id = 'v') {
  const ref = await stage.insert('volume', id, { sizeGb: 1 });
  expect(await stage.run('openstack.volume.create', ref)).to.include({ outcome: 'succeeded' });
  return ref;
}

describe('volumes, on TEST_NATS_URL and a cloud over HTTP', () => {
  it('C1 family F1: a volume is created, waited for and OK', async () => {
    await using stage = await createStage();
    const ref = await createdVolume(stage);
    const row = await stage.row('volume', ref.id);
    expect(row).to.include({ state: 'OK', runtimeState: 'available', currentOperation: null, error: null });
    expect(row!.backendId).to.match(/^[0-9a-f-]{36}$/);
    expect(stage.changes()).to.deep.equal(['POST volumes']);
    await stage.expectClean();
  });

  it('C1 family F1: never more builds than tokens, and all finish', async () => {
    await using stage = await createStage();
    const refs = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => stage.insert('volume', `v${n}`, { sizeGb: 1 })));
    const ends = await Promise.all(refs.map((ref) => stage.run('openstack.volume.create', ref)));
    expect(ends.map(({ outcome }) => outcome)).to.deep.equal(Array(6).fill('succeeded'));
    expect(stage.cloud.control.summary().peak.volume).to.equal(2);
    await stage.expectClean();
  });

  it('C1 family F1: a volume that breaks leaves its row ERRED, with what the cloud said', async () => {
    await using stage = await createStage();
    stage.cloud.control.failTransitions({ transition: 'volume.create', outcome: { kind: 'status', status: 'error' } });
    const ref = await stage.insert('volume', 'v', { sizeGb: 1 });
    const { outcome, error } = await stage.run('openstack.volume.create', ref);
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'poll_failed' });
    const row = await stage.row('volume', 'v');
    expect(row).to.include({ state: 'ERRED', runtimeState: 'error', currentOperation: null });
    expect(row!.error).to.include({ code: 'poll_failed' });
    await stage.expectClean();
  });

  it('C1 family F1: a volume that vanishes is a failure, not another hundred minutes', async () => {
    await using stage = await createStage();
    stage.cloud.control.failTransitions({ transition: 'volume.create', outcome: { kind: 'vanish' } });
    const ref = await stage.insert('volume', 'v', { sizeGb: 1 });
    const { outcome, error } = await stage.run('openstack.volume.create', ref);
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'missing_on_backend' });
    expect(await stage.row('volume', 'v')).to.include({ state: 'ERRED' });
    await stage.expectClean();
  });

  it('C1 family F1: a create whose answer was lost makes one volume', async () => {
    await using stage = await createStage();
    stage.cloud.control.failCalls({ route: 'cinder.volumes.create', effect: { kind: 'drop', when: 'after' } });
    const ref = await createdVolume(stage);
    expect(stage.cloud.control.summary().objects.volume.total).to.equal(1);
    expect(await stage.row('volume', ref.id)).to.include({ state: 'OK' });
    await stage.expectClean();
  });

  it('C1 family F2: a volume and its row are removed', async () => {
    await using stage = await createStage();
    const ref = await createdVolume(stage);
    expect(await stage.run('openstack.volume.delete', ref)).to.include({ outcome: 'succeeded' });
    expect(await stage.row('volume', ref.id)).to.equal(undefined);
    expect(stage.changes()).to.deep.equal(['POST volumes', 'DELETE volumes/:id']);
    expect(stage.cloud.control.summary().objects.volume.total).to.equal(0);
    await stage.expectClean();
  });

  it('C1 family F2: a volume that is gone already is removed all the same', async () => {
    await using stage = await createStage();
    const ref = await createdVolume(stage);
    stage.cloud.control.vanish('volume', (await stage.row('volume', ref.id))!.backendId);
    expect(await stage.run('openstack.volume.delete', ref)).to.include({ outcome: 'succeeded' });
    expect(await stage.row('volume', ref.id)).to.equal(undefined);
  });

  it('C1 family F2: error_deleting ends the poll and leaves the row ERRED', async () => {
    await using stage = await createStage();
    const ref = await createdVolume(stage);
    stage.cloud.control.failTransitions({ transition: 'volume.delete', outcome: { kind: 'status', status: 'error_deleting' } });
    const { outcome, error } = await stage.run('openstack.volume.delete', ref);
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'poll_failed' });
    expect(await stage.row('volume', ref.id)).to.include({ state: 'ERRED', currentOperation: null });
  });

  it('C1 family F2 forced: a failed delete of an ERRED volume removes the row and names the orphan', async () => {
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
    expect(info.orphans).to.deep.equal([{ kind: 'volume', id: ref.id, backendId }]);
    expect(await stage.row('volume', ref.id)).to.equal(undefined);
    expect(stage.cloud.control.summary().objects.volume.byStatus).to.deep.equal({ error_deleting: 1 });
    await stage.expectClean();
  });

  it('C1 family F2: a volume that never came to the backend costs no call', async () => {
    await using stage = await createStage();
    stage.cloud.control.failCalls({ route: 'cinder.volumes.create', times: 0, effect: { kind: 'status', status: 400 } });
    const ref = await stage.insert('volume', 'v', { sizeGb: 1 });
    expect(await stage.run('openstack.volume.create', ref)).to.include({ outcome: 'failed' });
    expect(await stage.row('volume', 'v')).to.include({ state: 'ERRED', backendId: '' });
    const before = stage.cloud.control.summary().calls.total;
    expect(await stage.run('openstack.volume.delete', ref)).to.include({ outcome: 'succeeded' });
    expect(stage.cloud.control.summary().calls.total).to.equal(before);
    expect(await stage.row('volume', 'v')).to.equal(undefined);
  });
});
