import { expect } from 'chai';
import { createBench } from '../support/bench.ts';
import type { Bench } from '../support/bench.ts';
import { readyVolume } from '../support/objects.ts';

const volumes = '/volume/v3/{project}/volumes';

async function createVolume(bench: Bench, volume: object) {
  return bench.call('POST', volumes, { body: { volume: { size: 1, name: 'data', ...volume } } });
}

async function statusOf({ call }: Bench, id: string) {
  const reply = await call('GET', `${volumes}/${id}`);
  return reply.status === 200 ? reply.body['volume']!['status'] : reply.status;
}

describe('volumes of the simulated cloud', () => {
  it('are accepted as creating and become available after their time', async () => {
    await using bench = await createBench();
    const reply = await createVolume(bench, { metadata: { purpose: 'test' } });
    expect(reply.status).to.equal(202);
    const volume = reply.body['volume']!;
    expect(volume).to.deep.include({
      status: 'creating',
      size: 1,
      name: 'data',
      bootable: 'false',
      attachments: [],
      metadata: { purpose: 'test' },
    });
    bench.clock.advance(1499);
    expect(await statusOf(bench, String(volume['id']))).to.equal('creating');
    bench.clock.advance(1);
    expect(await statusOf(bench, String(volume['id']))).to.equal('available');
  });

  it('from an image show downloading on the way and are bootable', async () => {
    await using bench = await createBench();
    const id = String((await createVolume(bench, { imageRef: bench.ids.image })).body['volume']!['id']);
    bench.clock.advance(800);
    expect(await statusOf(bench, id)).to.equal('downloading');
    bench.clock.advance(700);
    const { body } = await bench.call('GET', `${volumes}/${id}`);
    expect(body['volume']).to.deep.include({ status: 'available', bootable: 'true' });
    expect(body['volume']!['volume_image_metadata']!['image_name']).to.equal('cirros');
  });

  it('go through deleting until they are not found', async () => {
    await using bench = await createBench();
    const { id } = await readyVolume(bench, 'data');
    expect((await bench.call('DELETE', `${volumes}/${id}`)).status).to.equal(202);
    expect(await statusOf(bench, id)).to.equal('deleting');
    bench.clock.advance(500);
    const gone = await bench.call('GET', `${volumes}/${id}`);
    expect(gone.status).to.equal(404);
    expect(gone.body).to.deep.equal({ itemNotFound: { code: 404, message: `Volume ${id} could not be found.` } });
  });

  it('cannot be deleted while they are created, deleted or attached', async () => {
    await using bench = await createBench();
    const id = String((await createVolume(bench, {})).body['volume']!['id']);
    const early = await bench.call('DELETE', `${volumes}/${id}`);
    expect(early.status).to.equal(400);
    expect(early.body['badRequest']!['message']).to.match(/^Invalid volume: Volume status must be available or error/);
    bench.clock.advance(1500);
    await bench.call('POST', `${volumes}/${id}/action`, {
      body: { 'os-attach': { instance_uuid: 'some-server', mountpoint: '/dev/vdb' } },
    });
    expect(await statusOf(bench, id)).to.equal('in-use');
    expect((await bench.call('DELETE', `${volumes}/${id}`)).status).to.equal(400);
    await bench.call('POST', `${volumes}/${id}/action`, { body: { 'os-detach': {} } });
    expect((await bench.call('DELETE', `${volumes}/${id}`)).status).to.equal(202);
    expect((await bench.call('DELETE', `${volumes}/${id}`)).status).to.equal(400);
  });

  it('can be made larger, never smaller', async () => {
    await using bench = await createBench();
    const { id } = await readyVolume(bench, 'data');
    const extend = (size: number) => bench.call('POST', `${volumes}/${id}/action`, { body: { 'os-extend': { new_size: size } } });
    expect((await extend(4)).status).to.equal(400);
    expect((await extend(8)).status).to.equal(202);
    expect(await statusOf(bench, id)).to.equal('extending');
    bench.clock.advance(600);
    const { body } = await bench.call('GET', `${volumes}/${id}`);
    expect(body['volume']).to.include({ status: 'available', size: 8 });
  });

  it('are refused with the field that is wrong', async () => {
    await using bench = await createBench();
    const refused = async (volume: object) => {
      const { status, body } = await createVolume(bench, volume);
      return { status, message: Object.values(body)[0]!['message'] };
    };
    expect(await refused({ size: 0 })).to.deep.equal({
      status: 400,
      message: `Invalid input received: Volume size '0' must be an integer and greater than 0`,
    });
    expect((await refused({ size: 'big' })).message).to.match(/volume\.size/);
    expect((await refused({ volume_type: 'gold' })).status).to.equal(404);
    expect((await refused({ imageRef: 'none' })).status).to.equal(400);
    expect((await refused({ source_volid: 'none' })).status).to.equal(404);
    expect((await refused({ snapshot_id: 'none' })).status).to.equal(404);
    const malformed = await bench.call('POST', volumes, { body: '{"volume":' });
    expect(malformed.status).to.equal(400);
    expect(malformed.body['badRequest']!['message']).to.match(/malformed/);
  });

  it('are found by name, status and metadata', async () => {
    await using bench = await createBench();
    await createVolume(bench, { name: 'a', metadata: { colour: 'red' } });
    await createVolume(bench, { name: 'b', metadata: { colour: 'blue', shape: 'round' } });
    const find = async (query: string) =>
      Array.from((await bench.call('GET', `${volumes}/detail?${query}`)).body['volumes']!, ({ name }) => String(name));
    expect(await find('name=a')).to.deep.equal(['a']);
    expect(await find('status=available')).to.deep.equal([]);
    expect(await find(`metadata=${encodeURIComponent('{"colour":"blue"}')}`)).to.deep.equal(['b']);
    expect(await find(`metadata=${encodeURIComponent("{'colour': 'red'}")}`), 'as Python writes it').to.deep.equal(['a']);
    expect((await bench.call('GET', `${volumes}/detail?metadata=red`)).status).to.equal(400);
  });

  it('are listed newest first, in pages with a link to the next', async () => {
    await using bench = await createBench();
    for (const name of ['a', 'b', 'c']) await createVolume(bench, { name });
    const first = await bench.call('GET', `${volumes}?limit=2`);
    expect(Array.from(first.body['volumes']!, ({ name }) => name)).to.deep.equal(['c', 'b']);
    const next = new URL(String(first.body['volumes_links']![0]!['href']));
    const second = await bench.call('GET', next.pathname + next.search);
    expect(Array.from(second.body['volumes']!, ({ name }) => name)).to.deep.equal(['a']);
    expect(second.body['volumes_links']).to.equal(undefined);
    expect((await bench.call('GET', `${volumes}?marker=none`)).status).to.equal(400);
  });

  it('of another project are not there, except for an admin', async () => {
    await using bench = await createBench({
      users: [
        { name: 'demo', password: 'demo', projects: ['demo'] },
        { name: 'admin', password: 'admin', projects: ['demo', 'other'], isAdmin: true },
      ],
    });
    const { id } = await readyVolume(bench, 'data');
    const other = (await bench.callAsAdmin('GET', '/v3/projects?name=other')).body['projects']![0]!['id'];
    expect((await bench.call('GET', `/volume/v3/${other}/volumes`)).status).to.equal(400);
    expect((await bench.callAsAdmin('GET', `/volume/v3/${other}/volumes/${id}`)).status).to.equal(200);
  });

  it('can be renamed, tagged with metadata and reset by an admin', async () => {
    await using bench = await createBench();
    const { id } = await readyVolume(bench, 'data');
    await bench.call('PUT', `${volumes}/${id}`, { body: { volume: { name: 'renamed' } } });
    await bench.call('POST', `${volumes}/${id}/metadata`, { body: { metadata: { colour: 'red' } } });
    await bench.call('DELETE', `${volumes}/${id}/metadata/troupe_token`);
    const reset = { body: { 'os-reset_status': { status: 'error' } } };
    expect((await bench.call('POST', `${volumes}/${id}/action`, reset)).status).to.equal(403);
    expect((await bench.callAsAdmin('POST', `${volumes}/${id}/action`, reset)).status).to.equal(202);
    const { body } = await bench.call('GET', `${volumes}/${id}`);
    expect(body['volume']).to.deep.include({ name: 'renamed', status: 'error', metadata: { colour: 'red' } });
    expect((await bench.call('POST', `${volumes}/${id}/action`, { body: { 'os-fly': {} } })).body['badRequest']!['message']).to.match(
      /no such action/,
    );
  });
});
