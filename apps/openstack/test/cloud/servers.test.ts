import { expect } from 'chai';
import { createBench } from '../support/bench.ts';
import type { Bench } from '../support/bench.ts';
import { readyVolume, runningServer } from '../support/objects.ts';

const servers = '/compute/v2.1/servers';
const latest = { 'OpenStack-API-Version': 'compute 2.79' };

async function createServer(bench: Bench, server: object) {
  const body = { server: { name: 'vm', flavorRef: '2', networks: 'auto', ...server } };
  return bench.call('POST', servers, { body, headers: latest });
}

async function show(bench: Bench, id: string) {
  return (await bench.call('GET', `${servers}/${id}`, { headers: latest })).body['server']!;
}

const fromVolume = (uuid: string, more: object = {}) => ({
  source_type: 'volume',
  destination_type: 'volume',
  uuid,
  boot_index: 0,
  delete_on_termination: false,
  ...more,
});

describe('servers of the simulated cloud', () => {
  it('are built through the tasks of Nova and become ACTIVE after their time', async () => {
    await using bench = await createBench();
    const reply = await createServer(bench, { imageRef: bench.ids.image });
    expect(reply.status).to.equal(202);
    const id = String(reply.body['server']!['id']);
    expect(reply.headers.get('location')).to.equal(`${bench.cloud.url}${servers}/${id}`);
    expect(reply.body['server']!['adminPass']).to.be.a('string');
    expect(await show(bench, id)).to.include({ status: 'BUILD', 'OS-EXT-STS:task_state': 'scheduling', 'OS-EXT-STS:vm_state': 'building' });
    bench.clock.advance(1250);
    expect(await show(bench, id)).to.include({ status: 'BUILD', 'OS-EXT-STS:task_state': 'spawning' });
    bench.clock.advance(1250);
    const server = await show(bench, id);
    expect(server).to.include({
      status: 'ACTIVE',
      'OS-EXT-STS:task_state': null,
      'OS-EXT-STS:vm_state': 'active',
      'OS-EXT-STS:power_state': 1,
    });
    expect(server['addresses']!['private']![0]!['addr']).to.equal('10.0.0.2');
  });

  it('reserve their volumes while they are built and hold them afterwards', async () => {
    await using bench = await createBench();
    const boot = await readyVolume(bench, 'boot', bench.ids.image);
    const data = await readyVolume(bench, 'data');
    const disks = [fromVolume(boot.id), fromVolume(data.id, { boot_index: -1 })];
    const id = String((await createServer(bench, { block_device_mapping_v2: disks })).body['server']!['id']);
    expect((await bench.backend.getVolume(data.id)).status).to.equal('reserved');
    bench.clock.advance(2500);
    const attached = await bench.backend.getVolume(data.id);
    expect(attached.status).to.equal('in-use');
    expect(attached.attachments).to.deep.equal([{ serverId: id, device: '/dev/vdb' }]);
    const list = (await bench.call('GET', `${servers}/${id}/os-volume_attachments`)).body['volumeAttachments']!;
    expect(Array.from(list, ({ volumeId, device }) => [volumeId, device])).to.deep.equal([
      [boot.id, '/dev/vda'],
      [data.id, '/dev/vdb'],
    ]);
  });

  it('wait for the volumes that Nova makes for them', async () => {
    await using bench = await createBench({ latencies: { volumeCreate: 4000 } });
    const disk = {
      source_type: 'image',
      destination_type: 'volume',
      uuid: bench.ids.image,
      volume_size: 5,
      boot_index: 0,
      delete_on_termination: true,
    };
    const id = String((await createServer(bench, { block_device_mapping_v2: [disk] })).body['server']!['id']);
    bench.clock.advance(3999);
    expect((await show(bench, id))['status']).to.equal('BUILD');
    expect(bench.cloud.control.summary().running).to.deep.equal({ instance: 1, volume: 1 });
    bench.clock.advance(1);
    const server = await show(bench, id);
    expect(server['status']).to.equal('ACTIVE');
    expect(server['os-extended-volumes:volumes_attached']).to.have.length(1);
    await bench.call('DELETE', `${servers}/${id}`);
    bench.clock.advance(5000);
    expect(bench.cloud.control.summary().objects.volume.total, 'the volume ends with the server').to.equal(0);
  });

  it('end in ERROR with a fault when one of their volumes fails', async () => {
    await using bench = await createBench();
    bench.cloud.control.failTransitions({ transition: 'volume.create', outcome: { kind: 'status', status: 'error' } });
    const disk = { source_type: 'image', destination_type: 'volume', uuid: bench.ids.image, volume_size: 5, boot_index: 0 };
    const id = String((await createServer(bench, { block_device_mapping_v2: [disk] })).body['server']!['id']);
    bench.clock.advance(5000);
    const server = await show(bench, id);
    expect(server['status']).to.equal('ERROR');
    expect(server['fault']).to.include({ code: 500 });
    expect(server['fault']!['message']).to.match(/^Build of instance .* aborted/);
  });

  it('end in ERROR when Cinder refuses them a volume', async () => {
    await using bench = await createBench({ quotas: { volumes: 0 } });
    const disk = { source_type: 'blank', destination_type: 'volume', volume_size: 5, boot_index: -1 };
    const reply = await createServer(bench, { imageRef: bench.ids.image, block_device_mapping_v2: [disk] });
    expect(reply.status, 'Nova has accepted it by then').to.equal(202);
    const server = await show(bench, String(reply.body['server']!['id']));
    expect(server['fault']!['message']).to.match(/VolumeLimitExceeded/);
    expect(bench.cloud.control.summary().running.instance).to.equal(0);
  });

  it('free their volumes and ports when they are deleted, and take along only what is theirs', async () => {
    await using bench = await createBench();
    const data = await readyVolume(bench, 'data');
    const server = await runningServer(bench, 'vm', [data.id]);
    expect((await bench.call('DELETE', `${servers}/${server.id}`)).status).to.equal(204);
    expect(await show(bench, server.id)).to.include({ status: 'ACTIVE', 'OS-EXT-STS:task_state': 'deleting' });
    expect((await bench.call('DELETE', `${servers}/${server.id}`)).status, 'a second time').to.equal(204);
    bench.clock.advance(1000);
    const gone = await bench.call('GET', `${servers}/${server.id}`);
    expect(gone.body).to.deep.equal({ itemNotFound: { code: 404, message: `Instance ${server.id} could not be found.` } });
    expect((await bench.backend.getVolume(data.id)).status).to.equal('available');
    const [port] = await bench.backend.listPorts({});
    expect(port).to.include({ deviceId: '', status: 'DOWN' });
  });

  it('take along the port that Nova made', async () => {
    await using bench = await createBench();
    const id = String(
      (await createServer(bench, { imageRef: bench.ids.image, networks: [{ uuid: bench.ids.privateNetwork }] })).body['server']!['id'],
    );
    bench.clock.advance(2500);
    expect(await bench.backend.listPorts({ deviceId: id })).to.have.length(1);
    await bench.call('DELETE', `${servers}/${id}`);
    bench.clock.advance(1000);
    expect(await bench.backend.listPorts({})).to.have.length(0);
  });

  it('can be deleted while they are built, which ends the build', async () => {
    await using bench = await createBench();
    const id = String((await createServer(bench, { imageRef: bench.ids.image })).body['server']!['id']);
    bench.clock.advance(100);
    await bench.call('DELETE', `${servers}/${id}`);
    expect(bench.cloud.control.summary().running.instance).to.equal(0);
    bench.clock.advance(10_000);
    expect((await bench.call('GET', `${servers}/${id}`)).status).to.equal(404);
  });

  it('are refused at once for what Nova can see at once', async () => {
    await using bench = await createBench();
    const plain = await readyVolume(bench, 'plain');
    const boot = await readyVolume(bench, 'boot', bench.ids.image);
    const server = await runningServer(bench, 'vm');
    const [port] = await bench.backend.listPorts({ deviceId: server.id });
    const refused = async (request: object) => {
      const { status, body } = await createServer(bench, request);
      return `${status} ${Object.values(body)[0]!['message']}`;
    };
    expect(await refused({})).to.match(/^400 Block Device Mapping is Invalid: Boot sequence/);
    expect(await refused({ imageRef: 'none' })).to.match(/^400 Image none could not be found/);
    expect(await refused({ imageRef: bench.ids.image, flavorRef: '99' })).to.match(/^400 Flavor 99/);
    expect(await refused({ imageRef: bench.ids.image, name: '' })).to.match(/^400 Invalid input for field\/attribute server\.name/);
    expect(await refused({ block_device_mapping_v2: [fromVolume('none')] })).to.match(/^400 .*failed to get volume none/);
    expect(await refused({ block_device_mapping_v2: [fromVolume(plain.id)] })).to.match(/^400 Block Device .* is not bootable/);
    expect(await refused({ block_device_mapping_v2: [fromVolume(server.volumeIds[0]!)] })).to.match(/^400 Invalid volume: .*in-use/);
    expect(await refused({ imageRef: bench.ids.image, networks: [{ port: port!.id }] })).to.match(/^409 Port .* is still in use/);
    expect(await refused({ imageRef: bench.ids.image, networks: [{ uuid: bench.ids.publicNetwork }] })).to.match(/^403 /);
    expect(await refused({ imageRef: bench.ids.image, security_groups: [{ name: 'none' }] })).to.match(/^400 Security group none/);
    expect((await bench.backend.getVolume(boot.id)).status, 'nothing was touched').to.equal('available');
  });

  it('are found by name as a pattern, by status and by tags', async () => {
    await using bench = await createBench();
    await createServer(bench, { name: 'web-1', imageRef: bench.ids.image, tags: ['a', 'b'] });
    await createServer(bench, { name: 'db-1', imageRef: bench.ids.image, tags: ['b'] });
    const find = async (query: string) =>
      Array.from((await bench.call('GET', `${servers}?${query}`, { headers: latest })).body['servers']!, ({ name }) => String(name));
    expect(await find('name=%5Eweb')).to.deep.equal(['web-1']);
    expect(await find('status=build')).to.deep.equal(['db-1', 'web-1']);
    expect(await find('status=active')).to.deep.equal([]);
    expect(await find('tags=b')).to.deep.equal(['db-1', 'web-1']);
    expect(await find('tags=a,b')).to.deep.equal(['web-1']);
    expect((await bench.call('GET', `${servers}?name=%5B`, { headers: latest })).status).to.equal(400);
  });

  it('can be renamed and given metadata and tags', async () => {
    await using bench = await createBench();
    const { id } = await runningServer(bench, 'vm');
    await bench.call('PUT', `${servers}/${id}`, { body: { server: { name: 'renamed' } } });
    await bench.call('POST', `${servers}/${id}/metadata`, { body: { metadata: { colour: 'red' } } });
    await bench.call('PUT', `${servers}/${id}/tags`, { headers: latest, body: { tags: ['x'] } });
    const server = await show(bench, id);
    expect(server).to.deep.include({ name: 'renamed', tags: ['x'] });
    expect(server['metadata']).to.deep.equal({ troupe_token: 'token of vm', colour: 'red' });
  });
});
