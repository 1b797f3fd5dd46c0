import { expect } from 'chai';
import type { TransitionOutcome } from '@troupe/openstack/internal';
import { createBench } from '../support/bench.ts';
import type { Bench } from '../support/bench.ts';
import { longMs, readyVolume, runningServer } from '../support/objects.ts';

async function createVolume({ backend }: Bench, name: string): Promise<string> {
  return (await backend.createVolume({ token: name, name, sizeGb: 1 })).item.id;
}

async function statusOf({ backend }: Bench, id: string): Promise<string> {
  return (await backend.findVolume(id))?.status ?? 'gone';
}

describe('programmed faults of what happens after a call', () => {
  it('hit the n-th object, or those of a name', async () => {
    await using bench = await createBench();
    const error: TransitionOutcome = { kind: 'status', status: 'error' };
    bench.cloud.control.failTransitions({ transition: 'volume.create', nth: 2, outcome: error });
    bench.cloud.control.failTransitions({ transition: 'volume.create', name: 'bad-*', times: 0, outcome: error });
    const ids = [];
    for (const name of ['a', 'b', 'c', 'bad-1', 'bad-2']) ids.push(await createVolume(bench, name));
    bench.clock.advance(longMs);
    const statuses = [];
    for (const id of ids) statuses.push(await statusOf(bench, id));
    expect(statuses).to.deep.equal(['available', 'error', 'available', 'error', 'error']);
    expect(bench.cloud.control.summary().running.volume).to.equal(0);
  });

  it('let a delete end in error_deleting, and a forced one end it', async () => {
    await using bench = await createBench();
    const { id } = await readyVolume(bench, 'data');
    bench.cloud.control.failTransitions({ transition: 'volume.delete', outcome: { kind: 'status', status: 'error_deleting' } });
    await bench.backend.deleteVolume(id);
    expect(await statusOf(bench, id)).to.equal('deleting');
    bench.clock.advance(longMs);
    expect(await statusOf(bench, id)).to.equal('error_deleting');
    await bench.callAsAdmin('POST', `/volume/v3/{project}/volumes/${id}/action`, { body: { 'os-force_delete': {} } });
    bench.clock.advance(longMs);
    expect(await statusOf(bench, id)).to.equal('gone');
  });

  it('let an object vanish in the middle of its build', async () => {
    await using bench = await createBench();
    bench.cloud.control.failTransitions({ transition: 'volume.create', outcome: { kind: 'vanish' } });
    const id = await createVolume(bench, 'data');
    expect(await statusOf(bench, id)).to.equal('creating');
    bench.clock.advance(longMs);
    expect(await statusOf(bench, id)).to.equal('gone');
    expect(bench.cloud.control.summary().running.volume).to.equal(0);
  });

  it('show a status that nobody knows on the way, still counted as a build', async () => {
    await using bench = await createBench();
    bench.cloud.control.failTransitions({ transition: 'volume.create', outcome: { kind: 'detour', status: 'meditating', forMs: 1000 } });
    const id = await createVolume(bench, 'data');
    bench.clock.advance(1500);
    expect(await statusOf(bench, id)).to.equal('meditating');
    expect(bench.cloud.control.summary().running.volume).to.equal(1);
    bench.clock.advance(1000);
    expect(await statusOf(bench, id)).to.equal('available');
    expect(bench.cloud.control.summary().running.volume).to.equal(0);
  });

  it('leave an object stuck, for a test to free it', async () => {
    await using bench = await createBench();
    bench.cloud.control.failTransitions({ transition: 'volume.create', outcome: { kind: 'stuck' } });
    const id = await createVolume(bench, 'data');
    bench.clock.advance(1000 * longMs);
    expect(await statusOf(bench, id)).to.equal('creating');
    bench.cloud.control.setStatus('volume', id, 'available');
    expect(await statusOf(bench, id)).to.equal('available');
  });

  it('put a server into ERROR with a fault of any text, and into a status of any name', async () => {
    await using bench = await createBench();
    bench.cloud.control.failTransitions({
      transition: 'server.create',
      outcome: { kind: 'status', status: 'ERROR', message: 'Out of luck' },
    });
    const broken = await runningServer(bench, 'broken');
    expect(broken).to.include({ state: 'ERROR', fault: 'Out of luck' });
    bench.cloud.control.failTransitions({ transition: 'server.create', outcome: { kind: 'status', status: 'DREAMING' } });
    const odd = await runningServer(bench, 'odd');
    expect(odd).to.include({ state: 'UNKNOWN', novaStatus: 'DREAMING' });
    expect(bench.cloud.control.summary().running.instance).to.equal(0);
  });

  it('hit power changes, attachments and floating IPs as well', async () => {
    await using bench = await createBench();
    const server = await runningServer(bench, 'vm');
    const data = await readyVolume(bench, 'data');
    bench.cloud.control.failTransitions({ transition: 'server.stop', outcome: { kind: 'status', status: 'ERROR' } });
    bench.cloud.control.failTransitions({ transition: 'volume.attach', outcome: { kind: 'status', status: 'error' } });
    bench.cloud.control.failTransitions({ transition: 'floatingip.activate', outcome: { kind: 'status', status: 'ERROR' } });
    await bench.backend.attachVolume(server.id, data.id);
    bench.clock.advance(longMs);
    await bench.backend.stopServer(server.id);
    const [port] = await bench.backend.listPorts({ deviceId: server.id });
    const { item: ip } = await bench.backend.createFloatingIp({ token: 'ip', networkId: bench.ids.publicNetwork, portId: port!.id });
    bench.clock.advance(longMs);
    expect((await bench.backend.getServer(server.id)).state).to.equal('ERROR');
    expect(await statusOf(bench, data.id)).to.equal('error');
    expect((await bench.backend.getFloatingIp(ip.id)).status).to.equal('ERROR');
  });

  it('let a server vanish, which frees what it held', async () => {
    await using bench = await createBench();
    const data = await readyVolume(bench, 'data');
    const server = await runningServer(bench, 'vm', [data.id]);
    bench.cloud.control.failTransitions({ transition: 'server.reboot', outcome: { kind: 'vanish' } });
    await bench.backend.rebootServer(server.id, 'SOFT');
    bench.clock.advance(longMs);
    expect(await bench.backend.findServer(server.id)).to.equal(undefined);
    expect(await statusOf(bench, data.id)).to.equal('available');
  });
});
