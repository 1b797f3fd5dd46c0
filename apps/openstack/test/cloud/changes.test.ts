import { expect } from 'chai';
import { type Bench, createBench } from '../support/bench.ts';
import { longMs, readyVolume, runningServer } from '../support/objects.ts';

const act = (bench: Bench, path: string, body: unknown) => bench.call('POST', `${path}/action`, { body });

describe('changes of what is there, on the simulated cloud', () => {
  it('give a server another flavor, which is confirmed or reverted in the states of Nova', async () => {
    await using bench = await createBench();
    const { id } = await runningServer(bench, 'vm');
    const path = `/compute/v2.1/servers/${id}`;
    const told = async () => {
      const server = (await bench.call('GET', path)).body['server']!;
      return [server['status'], server['OS-EXT-STS:vm_state'], server['OS-EXT-STS:task_state']];
    };
    const flavorName = async () => (await bench.backend.getServer(id)).flavorName;
    const resize = (flavorRef: string) => act(bench, path, { resize: { flavorRef } });
    expect((await resize('2')).body['badRequest']!['message']).to.equal('When resizing, instances must change flavor!');
    expect((await act(bench, path, { confirmResize: null })).status, 'nothing to confirm').to.equal(409);
    expect((await resize('3')).status).to.equal(202);
    expect(await told()).to.deep.equal(['RESIZE', 'active', 'resize_prep']);
    bench.clock.advance(longMs);
    expect(await told()).to.deep.equal(['VERIFY_RESIZE', 'resized', null]);
    expect(await flavorName()).to.equal('m1.medium');
    expect((await act(bench, path, { revertResize: null })).status).to.equal(202);
    expect(await told()).to.deep.equal(['REVERT_RESIZE', 'resized', 'resize_reverting']);
    bench.clock.advance(longMs);
    expect(await told()).to.deep.equal(['ACTIVE', 'active', null]);
    expect(await flavorName()).to.equal('m1.small');
    await resize('3');
    bench.clock.advance(longMs);
    expect((await act(bench, path, { confirmResize: null })).status).to.equal(204);
    expect(await told(), 'a confirm under way shows in nothing').to.deep.equal(['VERIFY_RESIZE', 'resized', null]);
    expect((await act(bench, path, { revertResize: null })).body['badRequest']!['message']).to.equal('Instance has not been resized.');
    bench.clock.advance(longMs);
    expect([await told(), await flavorName()]).to.deep.equal([['ACTIVE', 'active', null], 'm1.medium']);
  });

  it('give a volume another type, free or in use', async () => {
    await using bench = await createBench();
    const { id } = await readyVolume(bench, 'v');
    const path = `/volume/v3/{project}/volumes/${id}`;
    const retype = (name: string) => act(bench, path, { 'os-retype': { new_type: name, migration_policy: 'on-demand' } });
    expect((await retype('gold')).status).to.equal(404);
    expect((await retype('ssd')).status).to.equal(202);
    expect(await bench.backend.getVolume(id)).to.include({ status: 'retyping', volumeType: '__DEFAULT__' });
    expect((await retype('ssd')).status, 'under way').to.equal(400);
    expect(await bench.backend.retypeVolume(id, 'ssd')).to.equal('underWay');
    bench.clock.advance(longMs);
    expect(await bench.backend.getVolume(id)).to.include({ status: 'available', volumeType: 'ssd' });
    expect(await bench.backend.retypeVolume(id, 'ssd')).to.equal('alreadySo');
  });

  it('make a volume of a snapshot: bootable as its origin, and not smaller', async () => {
    await using bench = await createBench();
    const { id: volumeId } = await readyVolume(bench, 'v', bench.ids.image);
    const { item: snapshot } = await bench.backend.createSnapshot({ token: 's', volumeId, name: 's' });
    const copy = (size: number) =>
      bench.call('POST', '/volume/v3/{project}/volumes', { body: { volume: { name: 'copy', size, snapshot_id: snapshot.id } } });
    expect((await copy(4)).status, 'a snapshot that is not ready').to.equal(400);
    bench.clock.advance(longMs);
    expect((await copy(3)).status, 'too small').to.equal(400);
    const made = (await copy(4)).body['volume']!;
    bench.clock.advance(longMs);
    expect(made['snapshot_id']).to.equal(snapshot.id);
    expect(await bench.backend.getVolume(String(made['id']))).to.include({ isBootable: true, status: 'available' });
    expect(await bench.backend.setBootable(String(made['id']), false)).to.equal('requested');
    expect(await bench.backend.setBootable(String(made['id']), false)).to.equal('alreadySo');
  });
});
