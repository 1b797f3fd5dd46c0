import { expect } from 'chai';
import { createBench } from '../support/bench.ts';
import type { Bench } from '../support/bench.ts';
import { readyVolume, runningServer } from '../support/objects.ts';

const act = (bench: Bench, id: string, body: unknown) => bench.call('POST', `/compute/v2.1/servers/${id}/action`, { body });

async function states(bench: Bench, id: string) {
  const server = (await bench.call('GET', `/compute/v2.1/servers/${id}`)).body['server']!;
  return [server['status'], server['OS-EXT-STS:task_state'], server['OS-EXT-STS:power_state']];
}

describe('actions on servers of the simulated cloud', () => {
  it('stop and start through the tasks of Nova', async () => {
    await using bench = await createBench();
    const { id } = await runningServer(bench, 'vm');
    expect((await act(bench, id, { 'os-stop': null })).status).to.equal(202);
    expect(await states(bench, id)).to.deep.equal(['ACTIVE', 'powering-off', 1]);
    bench.clock.advance(1000);
    expect(await states(bench, id)).to.deep.equal(['SHUTOFF', null, 4]);
    expect((await act(bench, id, { 'os-start': null })).status).to.equal(202);
    expect(await states(bench, id)).to.deep.equal(['SHUTOFF', 'powering-on', 4]);
    bench.clock.advance(800);
    expect(await states(bench, id)).to.deep.equal(['ACTIVE', null, 1]);
  });

  it('reboot softly and hard, each with its own status', async () => {
    await using bench = await createBench();
    const { id } = await runningServer(bench, 'vm');
    await act(bench, id, { reboot: { type: 'SOFT' } });
    expect(await states(bench, id)).to.deep.equal(['REBOOT', 'rebooting', 1]);
    bench.clock.advance(1200);
    await act(bench, id, { reboot: { type: 'hard' } });
    expect(await states(bench, id)).to.deep.equal(['HARD_REBOOT', 'rebooting_hard', 1]);
    bench.clock.advance(1800);
    expect(await states(bench, id)).to.deep.equal(['ACTIVE', null, 1]);
  });

  it('start a stopped server by a hard reboot, not by a soft one', async () => {
    await using bench = await createBench();
    const { id } = await runningServer(bench, 'vm');
    await act(bench, id, { 'os-stop': null });
    bench.clock.advance(1000);
    expect((await act(bench, id, { reboot: { type: 'SOFT' } })).status).to.equal(409);
    expect((await act(bench, id, { reboot: { type: 'HARD' } })).status).to.equal(202);
    bench.clock.advance(1800);
    expect(await states(bench, id)).to.deep.equal(['ACTIVE', null, 1]);
  });

  it('in the wrong state are a conflictingRequest that names the state', async () => {
    await using bench = await createBench();
    const { id } = await runningServer(bench, 'vm');
    const started = await act(bench, id, { 'os-start': null });
    expect(started.status).to.equal(409);
    expect(started.body).to.deep.equal({
      conflictingRequest: { code: 409, message: `Cannot 'start' instance ${id} while it is in vm_state active` },
    });
    await act(bench, id, { 'os-stop': null });
    const busy = await act(bench, id, { 'os-stop': null });
    expect(busy.body['conflictingRequest']!['message']).to.match(/while it is in task_state powering-off$/);
  });

  it('that do not exist, and reboots of no known type, are refused', async () => {
    await using bench = await createBench();
    const { id } = await runningServer(bench, 'vm');
    expect((await act(bench, id, { fly: null })).body['badRequest']!['message']).to.equal('There is no such action: fly');
    expect((await act(bench, id, { reboot: { type: 'GENTLE' } })).status).to.equal(400);
    expect((await act(bench, id, {})).status).to.equal(400);
    expect((await act(bench, id, { 'os-resetState': { state: 'error' } })).status).to.equal(403);
  });

  it('attach and detach volumes through attaching and detaching', async () => {
    await using bench = await createBench();
    const data = await readyVolume(bench, 'data');
    const { id } = await runningServer(bench, 'vm');
    const path = `/compute/v2.1/servers/${id}/os-volume_attachments`;
    const attached = await bench.call('POST', path, { body: { volumeAttachment: { volumeId: data.id } } });
    expect(attached.status).to.equal(200);
    expect(attached.body['volumeAttachment']).to.include({ volumeId: data.id, serverId: id, device: '/dev/vdb' });
    expect((await bench.backend.getVolume(data.id)).status).to.equal('attaching');
    bench.clock.advance(400);
    expect((await bench.backend.getVolume(data.id)).status).to.equal('in-use');
    expect((await bench.call('POST', path, { body: { volumeAttachment: { volumeId: data.id } } })).status, 'twice').to.equal(400);
    expect((await bench.call('DELETE', `${path}/${data.id}`)).status).to.equal(202);
    expect((await bench.backend.getVolume(data.id)).status).to.equal('detaching');
    expect((await bench.call('DELETE', `${path}/${data.id}`)).status, 'twice').to.equal(400);
    bench.clock.advance(500);
    expect((await bench.backend.getVolume(data.id)).status).to.equal('available');
    expect((await bench.call('DELETE', `${path}/${data.id}`)).status, 'when it is gone').to.equal(404);
  });

  it('never detach the root volume', async () => {
    await using bench = await createBench();
    const { id, volumeIds } = await runningServer(bench, 'vm');
    const reply = await bench.call('DELETE', `/compute/v2.1/servers/${id}/os-volume_attachments/${volumeIds[0]}`);
    expect(reply.body['forbidden']!['message']).to.equal('Cannot detach a root device volume');
  });

  it('list interfaces and security groups', async () => {
    await using bench = await createBench();
    const { id } = await runningServer(bench, 'vm');
    const interfaces = await bench.call('GET', `/compute/v2.1/servers/${id}/os-interface`);
    expect(interfaces.body['interfaceAttachments']![0]).to.include({ net_id: bench.ids.privateNetwork, port_state: 'ACTIVE' });
    const groups = await bench.call('GET', `/compute/v2.1/servers/${id}/os-security-groups`);
    expect(Array.from(groups.body['security_groups']!, ({ name }) => name)).to.deep.equal(['default']);
  });
});
