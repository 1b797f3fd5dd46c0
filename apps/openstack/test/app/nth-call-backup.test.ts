import { expect } from 'chai';
import { backendOf, insertBackup, insertMadeBackup, readyVolumes, snapshotOf } from '../support/backups.ts';
import { untilUntouched } from '../support/nth-call.ts';
import { createStage } from '../support/stage.ts';

describe('a call to the cloud that fails while a backup is made or removed, be it the first or the last', () => {
  const quick = { timeFactor: 0.01, pace: { every: '20ms' } } as const;

  it('C1 F12 n=2: error at call k, for every k: the backup is ERRED, finished snapshots are OK, and each has a row that knows it', async function () {
    this.timeout(60_000);
    await using stage = await createStage(quick);
    const backend = backendOf(stage);
    const volumeIds = await readyVolumes(backend, ['v1', 'v2']);
    let known: string[] = [];
    const calls = await untilUntouched(
      stage,
      'openstack.backup.create',
      (name) => insertBackup(stage, name, volumeIds),
      async ({ n, ref, isHit, end }) => {
        const where = `call ${n}`;
        const backup = (await stage.row('backup', ref.id))!;
        expect(backup, where).to.include({ state: isHit ? 'ERRED' : 'OK', currentOperation: null });
        if (isHit) expect(backup.error!.message, where).to.equal(end.error!.message).and.to.include('not this time');
        const rows = await Promise.all([1, 2].map((i) => stage.row('snapshot', snapshotOf(ref.id, i).id)));
        for (const row of rows) if (row !== undefined) expect(row.state, where).to.be.oneOf(['OK', 'ERRED']);
        if (rows[1] !== undefined) expect(rows[0]!.state, where).to.equal('OK');
        known = [...known, ...rows.flatMap((row) => (row === undefined || row.backendId === '' ? [] : [row.backendId]))];
        expect(
          (await backend.listSnapshots()).map(({ id }) => id),
          where,
        ).to.have.members(known);
        await stage.expectClean();
      },
    );
    expect(calls).to.be.at.least(6);
  });

  it('C1 F13 n=2: error at call k, for every k: backup and what is left are ERRED, and the next delete leaves nothing', async function () {
    this.timeout(60_000);
    await using stage = await createStage(quick);
    const backend = backendOf(stage);
    const volumeIds = await readyVolumes(backend, ['v1', 'v2']);
    let failures = 0;
    const calls = await untilUntouched(
      stage,
      'openstack.backup.delete',
      (name) => insertMadeBackup(stage, backend, name, volumeIds),
      async ({ n, ref, end }) => {
        const where = `call ${n}`;
        const rows = () => Promise.all([ref, snapshotOf(ref.id, 1), snapshotOf(ref.id, 2)].map(({ kind, id }) => stage.row(kind, id)));
        if (end.outcome !== 'succeeded') {
          failures++;
          expect(end.error!.message, where).to.include('not this time');
          for (const row of await rows()) if (row !== undefined) expect(row, where).to.include({ state: 'ERRED', currentOperation: null });
          expect(await stage.run('openstack.backup.delete', ref), where).to.include({ outcome: 'succeeded' });
        }
        expect(await rows(), where).to.deep.equal(Array(3).fill(undefined));
        expect(await backend.listSnapshots(), where).to.deep.equal([]);
        await stage.expectClean();
      },
    );
    expect(calls).to.be.at.least(4);
    expect(failures).to.be.at.least(2);
  });
});
