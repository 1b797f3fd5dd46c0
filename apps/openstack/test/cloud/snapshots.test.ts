import { expect } from 'chai';
import { createBench } from '../support/bench.ts';
import { failureOf } from '../support/failure.ts';
import { longMs, readyVolume, runningServer } from '../support/objects.ts';

describe('snapshots of the simulated cloud', () => {
  it('are made of a volume that is free, or in use by force, take their time, and go again', async () => {
    await using bench = await createBench();
    const { backend, clock } = bench;
    const volume = await readyVolume(bench, 'data');
    const server = await runningServer(bench, 'vm', [volume.id]);
    expect(server.state).to.equal('ACTIVE');
    const wanted = { token: 'one', volumeId: volume.id, name: 'before' };
    expect((await failureOf(backend.createSnapshot(wanted), 'bad_request')).message).to.include('status must be available');
    const { item } = await backend.createSnapshot({ ...wanted, force: true });
    expect(item).to.include({ status: 'creating', volumeId: volume.id, sizeGb: 4, name: 'before' });
    expect((await failureOf(backend.deleteSnapshot(item.id), 'bad_request')).message).to.include('available or error');
    clock.advance(longMs);
    expect(await backend.getSnapshot(item.id)).to.include({ status: 'available' });
    expect(await backend.deleteSnapshot(item.id)).to.equal('requested');
    expect(await backend.deleteSnapshot(item.id)).to.equal('underWay');
    clock.advance(longMs);
    expect(await backend.deleteSnapshot(item.id)).to.equal('gone');
    expect(await backend.findSnapshot(item.id)).to.equal(undefined);
  });

  it('keep their volume, and are counted by a quota', async () => {
    await using bench = await createBench({ quotas: { snapshots: 1 } });
    const { backend, clock } = bench;
    const volume = await readyVolume(bench, 'data');
    const { item } = await backend.createSnapshot({ token: 'one', volumeId: volume.id, name: 'one' });
    clock.advance(longMs);
    expect((await failureOf(backend.deleteVolume(volume.id), 'bad_request')).message).to.include('have snapshots');
    expect((await failureOf(backend.createSnapshot({ token: 'two', volumeId: volume.id, name: 'two' }), 'over_limit')).message).to.include(
      '(1)',
    );
    expect((await bench.call('GET', '/volume/v3/{project}/limits')).body['limits']!['absolute']).to.include({ totalSnapshotsUsed: 1 });
    await backend.deleteSnapshot(item.id);
    clock.advance(longMs);
    expect(await backend.deleteVolume(volume.id)).to.equal('requested');
  });

  it('end as a fault says, and vanish on command', async () => {
    await using bench = await createBench();
    const { backend, clock, cloud } = bench;
    const volume = await readyVolume(bench, 'data');
    cloud.control.failTransitions({ transition: 'snapshot.create', outcome: { kind: 'status', status: 'error' } });
    const { item } = await backend.createSnapshot({ token: 'one', volumeId: volume.id, name: 'one' });
    clock.advance(longMs);
    expect((await backend.getSnapshot(item.id)).status).to.equal('error');
    expect(cloud.control.summary().objects.snapshot).to.deep.equal({ total: 1, byStatus: { error: 1 } });
    cloud.control.vanish('snapshot', item.id);
    expect(await backend.listSnapshots()).to.deep.equal([]);
  });
});
