import { expect } from 'chai';
import { backendOf, insertBackup, insertMadeBackup, readyVolumes, snapshotOf } from '../support/backups.ts';
import { createStage, type Stage } from '../support/stage.ts';

const rowsOf = (stage: Stage, id: string, count: number): Promise<(string | undefined)[]> =>
  Promise.all(
    [{ kind: 'backup', id }, ...Array.from({ length: count }, (_, i) => snapshotOf(id, i + 1))].map(
      async (ref) => (await stage.row(ref.kind, ref.id))?.state,
    ),
  );

describe('deleting a backup', function () {
  this.timeout(60_000);

  it('C1 F13 n=2: all snapshots are asked to go, then each is waited for and its row removed; the backup goes last', async () => {
    await using stage = await createStage();
    const backend = backendOf(stage);
    const ref = await insertMadeBackup(stage, backend, 'b', await readyVolumes(backend, ['v1', 'v2']));
    const { outcome, error } = await stage.run('openstack.backup.delete', ref);
    expect({ outcome, error }).to.deep.equal({ outcome: 'succeeded', error: undefined });
    expect(stage.witness.steps()).to.deep.equal(['snapshot.delete', 'snapshot.gone']);
    expect(stage.witness.tasks().filter(({ name }) => name === 'openstack.snapshot.delete')).to.have.lengthOf(2);
    for (const row of [ref, snapshotOf('b', 1), snapshotOf('b', 2)])
      expect(stage.witness.states(row), row.id).to.deep.equal(['OK', 'DELETION_SCHEDULED', 'DELETING', 'removed']);
    expect(await backend.listSnapshots()).to.deep.equal([]);
    await stage.expectClean();
  });

  it('C1 F13 D9: one busy snapshot is a conflict that names it, and nothing has moved', async () => {
    await using stage = await createStage();
    const backend = backendOf(stage);
    const [v1, v2] = (await readyVolumes(backend, ['v1', 'v2'])) as [string, string];
    const { item } = await backend.createSnapshot({ token: 's', volumeId: v1, name: 's' });
    stage.cloud.control.setLatencies({ snapshotCreate: 30_000 });
    const busy = await insertBackup(stage, 'busy', [v2]);
    await stage.insert('snapshot', 'free', { volumeId: v1 }, 'OK', item.id);
    const ref = await stage.insert('backup', 'b', { snapshots: ['free', 'busy-1'] }, 'OK');
    const running = await stage.client.execute({ executor: 'openstack.backup.create', resource: busy });
    const { answer } = await stage.client.execute({ executor: 'openstack.backup.delete', resource: ref });
    expect(answer).to.deep.include({ answer: 'rejected' });
    expect(answer).to.have.nested.property('error.code', 'conflict');
    expect(answer).to.have.nested.property('error.data').that.includes({ kind: 'snapshot', id: 'busy-1', operation: running.id });
    expect(await stage.row('backup', 'b')).to.include({ state: 'OK', currentOperation: null });
    expect(await stage.row('snapshot', 'free')).to.include({ state: 'OK', currentOperation: null });
    expect(stage.changes().filter((call) => call.startsWith('DELETE'))).to.deep.equal([]);
    expect(await running.ended()).to.include({ outcome: 'succeeded' });
    // and now they are taken together
    expect(await stage.run('openstack.backup.delete', ref)).to.include({ outcome: 'succeeded' });
    expect(await rowsOf(stage, 'b', 0)).to.deep.equal([undefined]);
    await stage.expectClean();
  });

  it('C1 F13: one that the cloud cannot delete is ERRED with its backup; the next delete, forced, removes all and names the orphan', async () => {
    await using stage = await createStage();
    const backend = backendOf(stage);
    const ref = await insertMadeBackup(stage, backend, 'b', await readyVolumes(backend, ['v1', 'v2']));
    const { backendId } = (await stage.row('snapshot', 'b-2'))!;
    stage.cloud.control.setLatencies({ snapshotDelete: 100 });
    const failSecond = () =>
      stage.cloud.control.failTransitions({ transition: 'snapshot.delete', nth: 2, outcome: { kind: 'status', status: 'error_deleting' } });
    failSecond();
    const { outcome, error } = await stage.run('openstack.backup.delete', ref);
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'poll_failed' });
    expect(await rowsOf(stage, 'b', 2)).to.deep.equal(['ERRED', undefined, 'ERRED']);
    const forced = await stage.run('openstack.backup.delete', ref);
    expect(forced.outcome).to.equal('failed');
    expect(await rowsOf(stage, 'b', 2)).to.deep.equal(Array(3).fill(undefined));
    expect(forced.info.orphans!.map(({ kind, id, backendId: left }) => ({ kind, id, left }))).to.deep.equal([
      { kind: 'snapshot', id: 'b-2', left: backendId },
    ]);
    await stage.expectClean();
  });

  it('C1 F13: a snapshot that was never made, and one that somebody has removed, are no hindrance', async () => {
    await using stage = await createStage();
    const backend = backendOf(stage);
    const ref = await insertMadeBackup(stage, backend, 'b', await readyVolumes(backend, ['v1']));
    stage.cloud.control.vanish('snapshot', (await stage.row('snapshot', 'b-1'))!.backendId);
    await stage.insert('snapshot', 'never', { volumeId: 'x' }, 'ERRED');
    const all = await stage.insert('backup', 'all', { snapshots: ['b-1', 'never', 'no such row'] }, 'OK');
    expect(await stage.run('openstack.backup.delete', all)).to.include({ outcome: 'succeeded' });
    expect(await Promise.all(['b-1', 'never'].map((id) => stage.row('snapshot', id)))).to.deep.equal([undefined, undefined]);
    // the other backup of the same snapshot
    expect(await stage.run('openstack.backup.delete', ref)).to.include({ outcome: 'succeeded' });
    await stage.expectClean();
  });
});
