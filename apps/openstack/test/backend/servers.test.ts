import { expect } from 'chai';
import { createBench } from '../support/bench.ts';
import { failureOf } from '../support/failure.ts';
import { longMs, readyVolume, runningServer } from '../support/objects.ts';

describe('servers through the backend client', () => {
  it('boot from a volume, with data volumes and ports', async () => {
    await using bench = await createBench();
    const boot = await readyVolume(bench, 'boot', bench.ids.image);
    const data = await readyVolume(bench, 'data');
    const { item: port } = await bench.backend.createPort({ token: 'p', networkId: bench.ids.privateNetwork });
    const { item, isNew } = await bench.backend.createServer({
      token: 'op-1',
      name: 'vm',
      flavorId: '2',
      bootVolumeId: boot.id,
      dataVolumeIds: [data.id],
      portIds: [port.id],
      userData: '#cloud-config\n',
      metadata: { owner: 'me' },
    });
    expect(isNew).to.equal(true);
    expect(item).to.deep.include({
      name: 'vm',
      state: 'BUILDING',
      novaStatus: 'BUILD',
      taskState: 'scheduling',
      token: 'op-1',
    });
    expect(item.metadata).to.deep.equal({ owner: 'me', troupe_token: 'op-1' });
    expect(item.volumeIds).to.deep.equal([boot.id, data.id]);
    bench.clock.advance(longMs);
    const server = await bench.backend.getServer(item.id);
    expect(server).to.deep.include({ state: 'ACTIVE', taskState: undefined, fault: undefined, securityGroups: ['default'] });
    expect(server).to.deep.include({ flavorName: 'm1.small', metadata: item.metadata, volumeIds: item.volumeIds });
    expect(server.addresses).to.deep.equal([{ network: 'private', address: '10.0.0.2', kind: 'fixed' }]);
    expect((await bench.backend.findPort(port.id))?.deviceId).to.equal(item.id);
  });

  it('boot from an image, on a port that Nova makes in the groups of the request', async () => {
    await using bench = await createBench();
    const { item } = await bench.backend.createServer({
      token: 't',
      name: 'vm',
      flavorId: '1',
      imageId: bench.ids.image,
      securityGroups: ['ssh', 'web'],
    });
    bench.clock.advance(longMs);
    expect((await bench.backend.getServer(item.id)).securityGroups).to.have.members(['ssh', 'web']);
    const groups = await bench.backend.listServerSecurityGroups(item.id);
    expect(groups.map(({ name }) => name)).to.have.members(['ssh', 'web']);
  });

  it('can do without a network', async () => {
    await using bench = await createBench();
    const { item } = await bench.backend.createServer({ token: 't', name: 'vm', flavorId: '1', imageId: bench.ids.image, portIds: [] });
    bench.clock.advance(longMs);
    expect(await bench.backend.getServer(item.id)).to.deep.include({ state: 'ACTIVE', addresses: [] });
  });

  it('take their boot volume along only if they were told to', async () => {
    await using bench = await createBench();
    for (const deleteBootVolume of [true, false]) {
      const boot = await readyVolume(bench, `boot-${deleteBootVolume}`, bench.ids.image);
      const token = `t-${deleteBootVolume}`;
      const { item } = await bench.backend.createServer({
        token,
        name: 'vm',
        flavorId: '1',
        bootVolumeId: boot.id,
        deleteBootVolume,
        portIds: [],
      });
      bench.clock.advance(longMs);
      await bench.backend.deleteServer(item.id);
      bench.clock.advance(longMs);
      expect((await bench.backend.findVolume(boot.id))?.status).to.equal(deleteBootVolume ? undefined : 'available');
    }
  });

  it('can be deleted any number of times', async () => {
    await using bench = await createBench();
    const { id } = await runningServer(bench, 'vm');
    expect(await bench.backend.deleteServer(id)).to.equal('requested');
    expect(await bench.backend.deleteServer(id), 'Nova takes it again').to.equal('requested');
    bench.clock.advance(longMs);
    expect(await bench.backend.deleteServer(id)).to.equal('gone');
    expect(await bench.backend.findServer(id)).to.equal(undefined);
    await failureOf(bench.backend.getServer(id), 'not_found');
  });

  it('are started and stopped, and already so is a success', async () => {
    await using bench = await createBench();
    const { backend, clock } = bench;
    const { id } = await runningServer(bench, 'vm');
    expect(await backend.startServer(id)).to.equal('alreadySo');
    expect(await backend.stopServer(id)).to.equal('requested');
    expect(await backend.stopServer(id)).to.equal('underWay');
    clock.advance(longMs);
    expect(await backend.stopServer(id)).to.equal('alreadySo');
    expect(await backend.startServer(id)).to.equal('requested');
    expect(await backend.startServer(id)).to.equal('underWay');
    clock.advance(longMs);
    expect((await backend.getServer(id)).state).to.equal('ACTIVE');
  });

  it('are told "already so" by code and state, whatever the text says', async () => {
    await using bench = await createBench();
    const { id } = await runningServer(bench, 'vm');
    bench.cloud.control.failCalls({ route: 'nova.servers.action', effect: { kind: 'status', status: 409, message: 'bereits gestartet' } });
    expect(await bench.backend.startServer(id)).to.equal('alreadySo');
    bench.cloud.control.failCalls({
      route: 'nova.servers.action',
      effect: { kind: 'status', status: 409, message: 'it is in vm_state stopped' },
    });
    await failureOf(bench.backend.stopServer(id), 'conflict');
  });

  it('in no state for it are a conflict', async () => {
    await using bench = await createBench();
    const { id } = await runningServer(bench, 'vm');
    await bench.backend.rebootServer(id, 'SOFT');
    await failureOf(bench.backend.stopServer(id), 'conflict');
    bench.clock.advance(longMs);
    bench.cloud.control.setStatus('server', id, 'ERROR');
    await failureOf(bench.backend.startServer(id), 'conflict');
    await failureOf(bench.backend.startServer('none'), 'not_found');
  });

  it('are never "already rebooted"', async () => {
    await using bench = await createBench();
    const { id } = await runningServer(bench, 'vm');
    expect(await bench.backend.rebootServer(id, 'HARD')).to.equal('requested');
    expect((await bench.backend.getServer(id)).state).to.equal('HARD_REBOOT');
    expect(await bench.backend.rebootServer(id, 'SOFT'), 'a reboot is on its way').to.equal('underWay');
    bench.clock.advance(longMs);
    bench.cloud.control.failCalls({ route: 'nova.servers.action', effect: { kind: 'status', status: 409 } });
    await failureOf(bench.backend.rebootServer(id, 'SOFT'), 'conflict');
  });

  it('have volumes attached and detached any number of times', async () => {
    await using bench = await createBench();
    const { backend, clock } = bench;
    const data = await readyVolume(bench, 'data');
    const { id } = await runningServer(bench, 'vm');
    expect(await backend.attachVolume(id, data.id, { device: '/dev/vdx' })).to.equal('requested');
    expect(await backend.attachVolume(id, data.id)).to.equal('underWay');
    clock.advance(longMs);
    expect(await backend.attachVolume(id, data.id)).to.equal('alreadySo');
    expect((await backend.getVolume(data.id)).attachments[0]?.device).to.equal('/dev/vdx');
    expect(await backend.detachVolume(id, data.id)).to.equal('requested');
    expect(await backend.detachVolume(id, data.id)).to.equal('underWay');
    clock.advance(longMs);
    expect(await backend.detachVolume(id, data.id)).to.equal('gone');
    expect((await backend.getVolume(data.id)).status).to.equal('available');
  });

  it('do not say that a root volume, or one of another server, is attached or detached', async () => {
    await using bench = await createBench();
    const first = await runningServer(bench, 'first');
    const second = await runningServer(bench, 'second');
    await failureOf(bench.backend.detachVolume(first.id, first.volumeIds[0]!), 'forbidden');
    await failureOf(bench.backend.attachVolume(second.id, first.volumeIds[0]!), 'bad_request');
    expect(await bench.backend.detachVolume(second.id, first.volumeIds[0]!)).to.equal('gone');
  });
});

describe('deleting a server that refuses', () => {
  it('is a success if it is on its way or gone, and a conflict otherwise', async () => {
    await using bench = await createBench();
    const { id } = await runningServer(bench, 'vm');
    const refuse = () =>
      bench.cloud.control.failCalls({ route: 'nova.servers.delete', effect: { kind: 'status', status: 409, message: 'locked' } });
    refuse();
    await failureOf(bench.backend.deleteServer(id), 'conflict');
    await bench.backend.deleteServer(id);
    refuse();
    expect(await bench.backend.deleteServer(id)).to.equal('underWay');
    bench.clock.advance(longMs);
    refuse();
    expect(await bench.backend.deleteServer(id)).to.equal('gone');
  });

  it('does not hide that the look failed as well', async () => {
    await using bench = await createBench();
    const { id } = await runningServer(bench, 'vm');
    bench.cloud.control.failCalls({ route: 'nova.servers.delete', effect: { kind: 'status', status: 409 } });
    bench.cloud.control.failCalls({ route: 'nova.servers.show', effect: { kind: 'status', status: 500 } });
    await failureOf(bench.backend.deleteServer(id), 'server_error');
  });
});
