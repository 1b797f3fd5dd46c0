import type { CallEntry } from '@troupe/openstack/internal';
import { expect } from 'chai';
import { createdInstance } from '../support/instances.ts';
import { createStage, type Stage } from '../support/stage.ts';
import { backendOf, existingVolume } from '../support/volumes.ts';

const changed = ['OK', 'UPDATE_SCHEDULED', 'UPDATING', 'OK'];

function callTo(stage: Stage, route: string, after = 0): CallEntry {
  return stage.cloud.control.log().calls.find((one) => one.route === route && one.sequence > after)!;
}

describe('attaching and detaching a volume', () => {
  it('C1 F4: an attached volume knows its machine and its place, a detached one is free', async () => {
    await using stage = await createStage();
    await createdInstance(stage, 'vm', { volumes: 1 });
    const { ref } = await existingVolume(stage, 'v');
    const { backendId: serverId } = (await stage.row('instance', 'vm'))!;
    const sent = stage.witness.tasks().length;
    expect(await stage.run('openstack.volume.attach', ref, { serverId })).to.include({ outcome: 'succeeded' });
    expect(stage.witness.states(ref)).to.deep.equal(changed);
    const attached = (await stage.row('volume', 'v'))!;
    expect(attached).to.include({ state: 'OK', runtimeState: 'in-use', action: '' });
    expect(attached.data).to.include({ attachedTo: serverId, device: '/dev/vdb' });
    expect(await stage.run('openstack.volume.detach', ref, { serverId })).to.include({ outcome: 'succeeded' });
    expect((await stage.row('volume', 'v'))!.data).to.include({ attachedTo: null, device: null });
    expect(stage.witness.steps(sent)).to.deep.equal(['volume.attach', 'volume.pull', 'volume.detach', 'volume.pull']);
    await stage.expectClean();
  });

  it('C1 F4: an attach whose answer was lost is found, not refused', async () => {
    await using stage = await createStage();
    await createdInstance(stage, 'vm', { volumes: 1 });
    const { ref } = await existingVolume(stage, 'v');
    const { backendId: serverId } = (await stage.row('instance', 'vm'))!;
    stage.cloud.control.failCalls({ route: 'nova.attachments.create', effect: { kind: 'drop', when: 'after' } });
    expect(await stage.run('openstack.volume.attach', ref, { serverId })).to.include({ outcome: 'succeeded' });
    expect((await stage.row('volume', 'v'))!.data).to.include({ attachedTo: serverId });
  });

  it('C1 F4: a volume that breaks on its way to a machine is ERRED', async () => {
    await using stage = await createStage();
    await createdInstance(stage, 'vm', { volumes: 1 });
    const { ref } = await existingVolume(stage, 'v');
    const { backendId: serverId } = (await stage.row('instance', 'vm'))!;
    stage.cloud.control.failTransitions({ transition: 'volume.attach', outcome: { kind: 'status', status: 'error' } });
    expect((await stage.run('openstack.volume.attach', ref, { serverId })).error).to.include({ code: 'poll_failed' });
    expect(await stage.row('volume', 'v')).to.include({ state: 'ERRED', runtimeState: 'error', action: '' });
  });
});

describe('another type for a volume', () => {
  it('C1 F4 S37 trap: the first look waits, for right after the call the volume may still show the state that is waited for', async () => {
    await using stage = await createStage({ pace: { retypeDelay: '500ms' } });
    const { ref, backendId } = await existingVolume(stage, 'v');
    const { outcome, info } = await stage.run('openstack.volume.retype', ref, { volumeType: 'ssd' });
    expect({ outcome, action: info.action }).to.deep.equal({ outcome: 'succeeded', action: 'retype' });
    const call = callTo(stage, 'cinder.volumes.action');
    expect(callTo(stage, 'cinder.volumes.show', call.sequence).at - call.at).to.be.at.least(500);
    expect(stage.witness.steps()).to.deep.equal(['volume.retype', 'volume.pull', 'volume.type.check']);
    expect(stage.witness.states(ref)).to.deep.equal(changed);
    expect((await stage.row('volume', 'v'))!.data).to.include({ volumeType: 'ssd' });
    expect((await backendOf(stage).getVolume(backendId)).volumeType).to.equal('ssd');
    await stage.expectClean();
  });

  it('C1 F4 trap: a volume that is back in its state with its old type has not got the new one', async () => {
    await using stage = await createStage();
    const { ref } = await existingVolume(stage, 'v');
    stage.cloud.control.failTransitions({ transition: 'volume.retype', outcome: { kind: 'status', status: 'available' } });
    expect((await stage.run('openstack.volume.retype', ref, { volumeType: 'ssd' })).error).to.include({ code: 'type_unchanged' });
    expect(await stage.row('volume', 'v')).to.include({ state: 'ERRED', runtimeState: 'available', action: '' });
  });

  it('C1 F4: a type that the cloud does not have is refused, and says so', async () => {
    await using stage = await createStage();
    const { ref } = await existingVolume(stage, 'v');
    const { error } = await stage.run('openstack.volume.retype', ref, { volumeType: 'gold' });
    expect(error?.message).to.include('gold');
    expect(await stage.row('volume', 'v')).to.include({ state: 'ERRED', action: '' });
  });
});
