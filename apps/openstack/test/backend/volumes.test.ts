import { expect } from 'chai';
import { createBench } from '../support/bench.ts';
import { failureOf } from '../support/failure.ts';
import { longMs, readyVolume, runningServer } from '../support/objects.ts';

describe('volumes through the backend client', () => {
  it('are created with what was asked for', async () => {
    await using bench = await createBench();
    const { item } = await bench.backend.createVolume({
      token: 'op-1',
      name: 'boot',
      description: 'system disk',
      sizeGb: 5,
      imageId: bench.ids.image,
      volumeType: 'ssd',
      metadata: { owner: 'me' },
    });
    expect(item).to.deep.include({ name: 'boot', status: 'creating', sizeGb: 5, volumeType: 'ssd', token: 'op-1', attachments: [] });
    expect(item.metadata).to.deep.equal({ owner: 'me', troupe_token: 'op-1' });
    bench.clock.advance(longMs);
    expect(await bench.backend.getVolume(item.id)).to.include({ status: 'available', isBootable: true });
  });

  it('tell where they are attached', async () => {
    await using bench = await createBench();
    const data = await readyVolume(bench, 'data');
    const server = await runningServer(bench, 'vm', [data.id]);
    const volume = await bench.backend.getVolume(data.id);
    expect(volume).to.deep.include({ status: 'in-use', attachments: [{ serverId: server.id, device: '/dev/vdb' }] });
  });

  it('that do not exist are an error for get and nothing for find', async () => {
    await using bench = await createBench();
    await failureOf(bench.backend.getVolume('none'), 'not_found');
    expect(await bench.backend.findVolume('none')).to.equal(undefined);
  });

  it('can be deleted any number of times', async () => {
    await using bench = await createBench();
    const { id } = await readyVolume(bench, 'data');
    expect(await bench.backend.deleteVolume(id)).to.equal('requested');
    expect(await bench.backend.deleteVolume(id)).to.equal('underWay');
    bench.clock.advance(longMs);
    expect(await bench.backend.deleteVolume(id)).to.equal('gone');
  });

  it('that are in use are not said to be deleted', async () => {
    await using bench = await createBench();
    const data = await readyVolume(bench, 'data');
    await runningServer(bench, 'vm', [data.id]);
    const error = await failureOf(bench.backend.deleteVolume(data.id), 'bad_request');
    expect(error.data.fault).to.equal('badRequest');
  });

  it('that vanish between the refusal and the look are gone', async () => {
    await using bench = await createBench();
    const { id } = await readyVolume(bench, 'data');
    bench.cloud.control.failCalls({ route: 'cinder.volumes.delete', effect: { kind: 'status', status: 400 } });
    bench.cloud.control.failCalls({ route: 'cinder.volumes.show', effect: { kind: 'status', status: 404 } });
    expect(await bench.backend.deleteVolume(id)).to.equal('gone');
  });

  it('are found by their token alone, even by a cloud that ignores the filter', async () => {
    await using bench = await createBench();
    const { item } = await bench.backend.createVolume({ token: 'op-1', name: 'a', sizeGb: 1 });
    await bench.backend.createVolume({ token: 'op-10', name: 'b', sizeGb: 1 });
    expect((await bench.backend.findVolumeByToken('op-1'))?.id).to.equal(item.id);
    expect(await bench.backend.findVolumeByToken('op-2')).to.equal(undefined);
    const [look] = bench.cloud.control.log().calls.filter(({ route }) => route === 'cinder.volumes.detail');
    expect(new URL(look!.path, bench.cloud.url).searchParams.get('metadata')).to.equal('{"troupe_token":"op-1"}');
  });
});
