import { expect } from 'chai';
import { createdInstance, insertInstance } from '../support/instances.ts';
import { createStage } from '../support/stage.ts';

describe('power of instances, on TEST_NATS_URL and a cloud over HTTP', () => {
  it('C1 F9: stop, start and restart end when the machine has', async () => {
    await using stage = await createStage();
    const ref = await createdInstance(stage, 'vm', { volumes: 1 });
    for (const [what, runtimeState] of [
      ['stop', 'SHUTOFF'],
      ['start', 'ACTIVE'],
      ['restart', 'ACTIVE'],
    ] as const) {
      const sent = stage.witness.tasks().length;
      const { outcome, info } = await stage.run(`openstack.instance.${what}`, ref);
      expect({ outcome, action: info.action }).to.deep.equal({ outcome: 'succeeded', action: what });
      expect(stage.witness.steps(sent)).to.deep.equal([what === 'restart' ? 'server.reboot' : `server.${what}`, 'server.pull']);
      expect(stage.witness.tasks(sent).filter(({ name }) => name === 'openstack.server.pull').length, 'looks').to.be.at.least(2);
      expect(stage.witness.states(ref).slice(-4)).to.deep.equal(['OK', 'UPDATE_SCHEDULED', 'UPDATING', 'OK']);
      const row = await stage.row('instance', 'vm');
      expect(row, what).to.include({ state: 'OK', runtimeState, action: '', currentOperation: null });
      expect(stage.cloud.control.summary().objects.server.byStatus, what).to.deep.equal({ [runtimeState]: 1 });
    }
    expect(stage.changes().slice(-3)).to.deep.equal(Array(3).fill('POST servers/:id/action'));
    await stage.expectClean();
  });

  it('C1 F9: already so is a success', async () => {
    await using stage = await createStage();
    const ref = await createdInstance(stage, 'vm', { volumes: 1 });
    expect(await stage.run('openstack.instance.start', ref)).to.include({ outcome: 'succeeded' });
    expect(await stage.row('instance', 'vm')).to.include({ state: 'OK', runtimeState: 'ACTIVE' });
  });

  it('C1 F9: a machine that breaks on its way is ERRED', async () => {
    await using stage = await createStage();
    const ref = await createdInstance(stage, 'vm', { volumes: 1 });
    stage.cloud.control.failTransitions({ transition: 'server.stop', outcome: { kind: 'status', status: 'ERROR' } });
    const { outcome, error } = await stage.run('openstack.instance.stop', ref);
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'poll_failed' });
    expect(await stage.row('instance', 'vm')).to.include({ state: 'ERRED', runtimeState: 'ERROR', action: '' });
  });

  it('C1 F9: a machine that is deleted on its way is a failure at once', async () => {
    await using stage = await createStage();
    const ref = await createdInstance(stage, 'vm', { volumes: 1 });
    stage.cloud.control.failTransitions({ transition: 'server.stop', outcome: { kind: 'status', status: 'SOFT_DELETED' } });
    const { outcome, error } = await stage.run('openstack.instance.stop', ref);
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'missing_on_backend' });
    expect(await stage.row('instance', 'vm')).to.include({ state: 'ERRED', runtimeState: 'SOFT_DELETED', action: '' });
  });

  it('C1 F9: a word that nobody knows is looked past, and the machine arrives', async () => {
    await using stage = await createStage();
    const ref = await createdInstance(stage, 'vm', { volumes: 1 });
    stage.cloud.control.failTransitions({ transition: 'server.stop', outcome: { kind: 'detour', status: 'DREAMING', forMs: 4000 } });
    expect(await stage.run('openstack.instance.stop', ref)).to.include({ outcome: 'succeeded' });
    expect(await stage.row('instance', 'vm')).to.include({ state: 'OK', runtimeState: 'SHUTOFF' });
  });

  it('C1 F9: a restart whose answer was lost is not given twice: it is found under way, and waited for', async () => {
    await using stage = await createStage();
    const ref = await createdInstance(stage, 'vm', { volumes: 1 });
    stage.cloud.control.setLatencies({ serverReboot: 40_000 });
    stage.cloud.control.failCalls({ route: 'nova.servers.action', effect: { kind: 'drop', when: 'after' } });
    expect(await stage.run('openstack.instance.restart', ref)).to.include({ outcome: 'succeeded' });
    expect(stage.changes().filter((call) => call.endsWith('/action'))).to.have.lengthOf(1);
  });

  it('C1 F9: a restart whose answer was lost, and that left no trace, is neither repeated nor believed', async () => {
    await using stage = await createStage();
    const ref = await createdInstance(stage, 'vm', { volumes: 1 });
    stage.cloud.control.setLatencies({ serverReboot: 0 });
    stage.cloud.control.failCalls({ route: 'nova.servers.action', effect: { kind: 'drop', when: 'after' } });
    const { outcome, error } = await stage.run('openstack.instance.restart', ref);
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'outcome_unknown' });
    expect(await stage.row('instance', 'vm')).to.include({ state: 'ERRED', runtimeState: 'ACTIVE', action: '' });
    expect(stage.changes().filter((call) => call.endsWith('/action'))).to.have.lengthOf(1);
  });

  it('C1 F9: what was never created is refused at accept', async () => {
    await using stage = await createStage();
    const ref = await insertInstance(stage, 'vm', { volumes: 0 });
    expect(await stage.client.execute({ executor: 'openstack.instance.stop', resource: ref })).to.have.nested.property(
      'answer.answer',
      'rejected',
    );
  });
});
