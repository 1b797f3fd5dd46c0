import type { ResourceRef } from '@troupe/protocol';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { createdInstance } from '../support/instances.ts';
import { createStage, type Stage } from '../support/stage.ts';
import { backendOf } from '../support/volumes.ts';

const refused = { kind: 'status', status: 400, message: 'not this time' } as const;

async function machine(stage: Stage, ref: ResourceRef) {
  const row = (await stage.row('instance', ref.id))!;
  const { state, flavorName } = await backendOf(stage).getServer(row.backendId);
  return { row, state, flavorName };
}

describe('another flavour for an instance', () => {
  it('C1 F8: is asked for, confirmed, and written down with what it was before', async () => {
    await using stage = await createStage();
    const ref = await createdInstance(stage, 'vm', { volumes: 1 });
    expect(await stage.run('openstack.instance.stop', ref)).to.include({ outcome: 'succeeded' });
    const [tasks, calls] = [stage.witness.tasks().length, stage.changes().length];
    const { outcome, info } = await stage.run('openstack.instance.changeFlavor', ref, { flavor: '2' });
    expect(outcome).to.equal('succeeded');
    expect(info.actionDetails).to.deep.equal({ old: { flavor: '1' }, new: { flavor: '2' } });
    expect(stage.witness.steps(tasks)).to.deep.equal(['server.resize', 'server.pull', 'server.resize.confirm', 'server.pull']);
    expect(stage.changes().slice(calls)).to.deep.equal(Array(2).fill('POST servers/:id/action'));
    expect(stage.witness.states(ref).slice(-4)).to.deep.equal(['OK', 'UPDATE_SCHEDULED', 'UPDATING', 'OK']);
    const { row, state, flavorName } = await machine(stage, ref);
    expect({ state, flavorName }).to.deep.equal({ state: 'SHUTOFF', flavorName: 'm1.small' });
    expect(row).to.include({ state: 'OK', runtimeState: 'SHUTOFF', action: '', currentOperation: null });
    expect(row.data).to.include({ flavor: '2' });
    await stage.expectClean();
  });

  it('C1 F8 trap S34: a machine that runs ends running: no look waits for a word that the cloud never says', async () => {
    await using stage = await createStage();
    const ref = await createdInstance(stage, 'vm', { volumes: 1 });
    expect(await stage.run('openstack.instance.changeFlavor', ref, { flavor: '2' })).to.include({ outcome: 'succeeded' });
    expect(await stage.row('instance', 'vm')).to.include({ state: 'OK', runtimeState: 'ACTIVE' });
  });

  it('C1 F8 trap S61: a failure between resize and confirm takes the resize back: the machine is what it was', async () => {
    await using stage = await createStage();
    const ref = await createdInstance(stage, 'vm', { volumes: 1 });
    const tasks = stage.witness.tasks().length;
    stage.cloud.control.failCalls({ route: 'nova.servers.action', nth: 2, effect: refused });
    const { outcome, error, info } = await stage.run('openstack.instance.changeFlavor', ref, { flavor: '2' });
    expect({ outcome, code: error?.code, left: info.left }).to.deep.equal({ outcome: 'failed', code: 'bad_request', left: undefined });
    expect(stage.witness.steps(tasks).slice(-3)).to.deep.equal(['server.pull', 'server.resize.revert', 'server.pull']);
    const { row, state, flavorName } = await machine(stage, ref);
    expect({ state, flavorName }).to.deep.equal({ state: 'ACTIVE', flavorName: 'm1.tiny' });
    expect(row).to.include({ state: 'ERRED', runtimeState: 'ACTIVE', action: '' });
    expect(row.data).to.include({ flavor: '1' });
    await stage.expectClean();
  });

  it('C1 F8: a cancel while the machine is resized waits for it and takes it back', async function () {
    this.timeout(30_000);
    await using stage = await createStage();
    const ref = await createdInstance(stage, 'vm', { volumes: 1 });
    // four seconds, time enough for the cancel to come before the end
    stage.cloud.control.setLatencies({ serverResize: 80_000 });
    const handle = await stage.client.execute({ executor: 'openstack.instance.changeFlavor', resource: ref, input: { flavor: '2' } });
    await until('it is being resized', async () => (await machine(stage, ref)).state === 'RESIZED');
    await stage.client.cancel(handle.id);
    expect(await handle.ended()).to.include({ outcome: 'cancelled' });
    const { row, state, flavorName } = await machine(stage, ref);
    expect({ state, flavorName }).to.deep.equal({ state: 'ACTIVE', flavorName: 'm1.tiny' });
    expect(row).to.include({ state: 'ERRED', action: '' });
  });

  it('C1 F8: a machine that breaks on its way is ERRED, and what could not be taken back is listed', async () => {
    await using stage = await createStage();
    const ref = await createdInstance(stage, 'vm', { volumes: 1 });
    stage.cloud.control.failTransitions({ transition: 'server.resize', outcome: { kind: 'status', status: 'ERROR' } });
    const { outcome, error, info } = await stage.run('openstack.instance.changeFlavor', ref, { flavor: '2' });
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'poll_failed' });
    expect(info.left).to.have.lengthOf(1);
    expect(await stage.row('instance', 'vm')).to.include({ state: 'ERRED', runtimeState: 'ERROR', action: '' });
  });

  it('C1 F8: answers that are lost are no reason to resize or confirm twice', async () => {
    await using stage = await createStage();
    const ref = await createdInstance(stage, 'vm', { volumes: 1 });
    const calls = stage.changes().length;
    for (const nth of [1, 3]) stage.cloud.control.failCalls({ route: 'nova.servers.action', nth, effect: { kind: 'drop', when: 'after' } });
    expect(await stage.run('openstack.instance.changeFlavor', ref, { flavor: '2' })).to.include({ outcome: 'succeeded' });
    const { flavorName } = await machine(stage, ref);
    expect({ flavorName, calls: stage.changes().slice(calls).length }).to.deep.equal({ flavorName: 'm1.small', calls: 4 });
  });
});
