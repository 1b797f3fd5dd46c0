import { expect } from 'chai';
import { backendOf, insertBackup, peakWhile, readyVolumes, snapshotOf } from '../support/backups.ts';
import { createdInstance } from '../support/instances.ts';
import { createStage } from '../support/stage.ts';

describe('creating a backup', function () {
  this.timeout(60_000);

  it('C1 F12 n=3: the snapshots are taken in turn, each under a token of its own; backup and snapshots are OK', async () => {
    await using stage = await createStage({ latencies: { snapshotCreate: 4_000 } });
    const backend = backendOf(stage);
    const ref = await insertBackup(stage, 'b', await readyVolumes(backend, ['v1', 'v2', 'v3']));
    const begun = await stage.client.execute({ executor: 'openstack.backup.create', resource: ref });
    const ended = begun.ended();
    expect(await peakWhile(backend, ended), 'one after the other').to.be.at.most(1);
    expect(await ended).to.include({ outcome: 'succeeded' });
    const one = ['snapshot.create', 'snapshot.pull'];
    expect(stage.witness.steps()).to.deep.equal([...one, ...one, ...one]);
    expect(stage.changes().slice(3)).to.deep.equal(Array(3).fill('POST snapshots'));
    for (const row of [ref, ...[1, 2, 3].map((n) => snapshotOf('b', n))])
      expect(stage.witness.states(row), row.id).to.deep.equal(['CREATION_SCHEDULED', 'CREATING', 'OK']);
    const ids = await Promise.all([1, 2, 3].map(async (n) => (await stage.row('snapshot', `b-${n}`))!.backendId));
    expect((await backend.listSnapshots()).map(({ id }) => id)).to.have.members(ids);
    expect([...new Set(stage.witness.tasks().map(({ cls }) => cls))], 'by hand').to.deep.equal(['regular']);
    await stage.expectClean();
  });

  it('C1 F12 S3: ordered as heavy, as a schedule does, every message is; volumes in use are backed up too', async () => {
    await using stage = await createStage();
    await createdInstance(stage, 'vm', { volumes: 2 });
    const volumeIds = await Promise.all([1, 2].map(async (n) => (await stage.row('volume', `vm-vol-${n}`))!.backendId));
    const ref = await insertBackup(stage, 'b', volumeIds);
    const sent = stage.witness.tasks().length;
    const begun = await stage.client.execute({ executor: 'openstack.backup.create', resource: ref, options: { class: 'heavy' } });
    expect(await begun.ended()).to.include({ outcome: 'succeeded' });
    expect([...new Set(stage.witness.tasks(sent).map(({ cls }) => cls))]).to.deep.equal(['heavy']);
    await stage.expectClean();
  });

  it('C1 F12: finished snapshots stay OK when a later one fails, which is ERRED; those never started are removed', async () => {
    await using stage = await createStage();
    const ref = await insertBackup(stage, 'b', await readyVolumes(backendOf(stage), ['v1', 'v2', 'v3']));
    stage.cloud.control.failTransitions({ transition: 'snapshot.create', nth: 2, outcome: { kind: 'status', status: 'error' } });
    const { outcome, error } = await stage.run('openstack.backup.create', ref);
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'poll_failed' });
    expect(await stage.row('backup', 'b')).to.include({ state: 'ERRED', currentOperation: null });
    const rows = await Promise.all([1, 2, 3].map(async (n) => (await stage.row('snapshot', `b-${n}`))?.state));
    expect(rows).to.deep.equal(['OK', 'ERRED', undefined]);
    expect((await stage.row('snapshot', 'b-1'))!.error).to.equal(null);
    await stage.expectClean();
    // what was removed is no hindrance to its delete
    expect(await stage.run('openstack.backup.delete', ref)).to.include({ outcome: 'succeeded' });
    expect(await backendOf(stage).listSnapshots()).to.deep.equal([]);
  });

  it('C1 F12: more backups than tokens share them, and none fails', async () => {
    await using stage = await createStage({ limit: 2, latencies: { snapshotCreate: 8_000 } });
    const backend = backendOf(stage);
    const volumeIds = await readyVolumes(backend, ['v1']);
    const refs = await Promise.all([1, 2, 3, 4].map((n) => insertBackup(stage, `b${n}`, volumeIds)));
    const all = Promise.all(refs.map((ref) => stage.run('openstack.backup.create', ref)));
    expect(await peakWhile(backend, all)).to.be.at.most(2);
    const ends = await all;
    expect(ends.map(({ outcome }) => outcome)).to.deep.equal(Array(4).fill('succeeded'));
    await stage.expectClean();
  });
});
