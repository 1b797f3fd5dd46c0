import { expect } from 'chai';
import { createStage, type Stage } from '../support/stage.ts';

async function createdVolume(stage: Stage, id = 'v') {
  const ref = await stage.insert('volume', id, { sizeGb: 1 });
  expect(await stage.run('openstack.volume.create', ref)).to.include({ outcome: 'succeeded' });
  return ref;
}

describe('creates of volumes, on TEST_NATS_URL and a cloud over HTTP', () => {
  it('C1 F1: a volume is created, waited for and OK', async () => {
    await using stage = await createStage();
    const ref = await createdVolume(stage);
    const row = await stage.row('volume', ref.id);
    expect(row).to.include({ state: 'OK', runtimeState: 'available', currentOperation: null, error: null });
    expect(row!.backendId).to.match(/^[0-9a-f-]{36}$/);
    expect(stage.changes()).to.deep.equal(['POST volumes']);
    expect(stage.witness.steps()).to.deep.equal(['volume.create', 'volume.pull']);
    expect(stage.witness.states(ref)).to.deep.equal(['CREATION_SCHEDULED', 'CREATING', 'OK']);
    await stage.expectClean();
  });

  it('C1 F1: the lease spans the start delay and the looks, not only the call', async () => {
    await using stage = await createStage({ limit: 1, pace: { volumeDelay: '600ms' } });
    const refs = [await stage.insert('volume', 'v1', { sizeGb: 1 }), await stage.insert('volume', 'v2', { sizeGb: 1 })];
    await Promise.all(refs.map((ref) => stage.run('openstack.volume.create', ref)));
    const made = stage.cloud.control.log().calls.filter(({ method, path }) => method === 'POST' && path.endsWith('/volumes'));
    expect(made).to.have.lengthOf(2);
    expect(made[1]!.at - made[0]!.at, 'the second waited for the first look at the first').to.be.at.least(600);
    await stage.expectClean();
  });

  it('C1 F1: a volume whose delete was begun by somebody else and failed is no reason to look for a hundred minutes', async () => {
    await using stage = await createStage();
    stage.cloud.control.failTransitions({ transition: 'volume.create', outcome: { kind: 'status', status: 'error_deleting' } });
    const ref = await stage.insert('volume', 'v', { sizeGb: 1 });
    const { outcome, error } = await stage.run('openstack.volume.create', ref);
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'poll_failed' });
    expect(await stage.row('volume', 'v')).to.include({ state: 'ERRED', runtimeState: 'error_deleting' });
  });

  it('C1 F1: never more builds than tokens, and all finish', async () => {
    await using stage = await createStage();
    const refs = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => stage.insert('volume', `v${n}`, { sizeGb: 1 })));
    const ends = await Promise.all(refs.map((ref) => stage.run('openstack.volume.create', ref)));
    expect(ends.map(({ outcome }) => outcome)).to.deep.equal(Array(6).fill('succeeded'));
    expect(stage.cloud.control.summary().peak.volume).to.equal(2);
    await stage.expectClean();
  });

  it('C1 F1: a volume that breaks leaves its row ERRED, with what the cloud said', async () => {
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

  it('C1 F1: a volume that vanishes is a failure, not another hundred minutes', async () => {
    await using stage = await createStage();
    stage.cloud.control.failTransitions({ transition: 'volume.create', outcome: { kind: 'vanish' } });
    const ref = await stage.insert('volume', 'v', { sizeGb: 1 });
    const { outcome, error } = await stage.run('openstack.volume.create', ref);
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'missing_on_backend' });
    expect(await stage.row('volume', 'v')).to.include({ state: 'ERRED' });
    await stage.expectClean();
  });

  it('C1 F1: a create whose answer was lost makes one volume', async () => {
    await using stage = await createStage();
    stage.cloud.control.failCalls({ route: 'cinder.volumes.create', effect: { kind: 'drop', when: 'after' } });
    const ref = await createdVolume(stage);
    expect(stage.cloud.control.summary().objects.volume.total).to.equal(1);
    expect(await stage.row('volume', ref.id)).to.include({ state: 'OK' });
    await stage.expectClean();
  });
});
