import { expect } from 'chai';
import { createdInstance } from '../support/instances.ts';
import { createStage, type Stage } from '../support/stage.ts';

const looks = ['server.pull', 'server.groups.pull', 'server.ports.pull', 'server.addresses.pull', 'server.group.pull'];
const no = { kind: 'status', status: 403, message: 'You shall not look.' } as const;

async function setup(): Promise<{ stage: Stage; ref: { kind: string; id: string }; backendId: string } & AsyncDisposable> {
  const stage = await createStage();
  const ref = await createdInstance(stage, 'vm', { volumes: 1, ips: 1 });
  const { backendId } = (await stage.row('instance', 'vm'))!;
  return { stage, ref, backendId, [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose]() };
}

/** On TEST_NATS_URL and a cloud over HTTP. */
describe('F10 the pull of an instance', () => {
  it('C1 F10: looks at all parts, in the background, and takes the machine from nobody', async () => {
    await using s = await setup();
    const { stage, ref } = s;
    const [sent, states] = [stage.witness.tasks().length, stage.witness.states(ref).length];
    stage.cloud.control.setStatus('server', s.backendId, 'SHUTOFF');
    const { outcome, output } = await stage.run('openstack.instance.pull', ref);
    expect({ outcome, output }).to.deep.equal({ outcome: 'succeeded', output: { found: 'fine' } });
    expect(stage.witness.steps(sent)).to.deep.equal(looks);
    expect(new Set(stage.witness.tasks(sent).map(({ cls }) => cls))).to.deep.equal(new Set(['background']));
    expect(stage.witness.states(ref).length, 'it was OK all the time').to.equal(states);
    const row = await stage.row('instance', 'vm');
    expect(row).to.deep.include({ state: 'OK', runtimeState: 'SHUTOFF', currentOperation: null });
    expect(row?.data['addresses']).to.have.length(1);
    expect(row?.data['portIds']).to.have.length(1);
    await stage.expectClean();
  });

  it('C1 F10: the third look fails: the run has failed, the machine is as usable as before', async () => {
    await using s = await setup();
    const { stage, ref } = s;
    const before = await stage.row('instance', 'vm');
    stage.cloud.control.setStatus('server', s.backendId, 'SHUTOFF');
    stage.cloud.control.failCalls({ route: 'neutron.ports.list', times: 0, effect: no });
    const { outcome, error } = await stage.run('openstack.instance.pull', ref);
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'forbidden' });
    expect(error?.where).to.deep.include({ step: 'ports', resource: ref, backendId: s.backendId });
    expect(await stage.row('instance', 'vm')).to.deep.equal(before);
  });

  it('C1 F10: the look itself is refused: ERRED, quiet the second time, and OK again with the next pull', async () => {
    await using s = await setup();
    const { stage, ref } = s;
    stage.cloud.control.failCalls({ route: 'nova.servers.show', times: 0, effect: no });
    expect((await stage.run('openstack.instance.pull', ref)).output).to.deep.include({ found: 'broken', became: 'ERRED' });
    const row = await stage.row('instance', 'vm');
    expect(row).to.include({ state: 'ERRED', runtimeState: 'ACTIVE' });
    expect(row?.error?.code).to.equal('forbidden');
    expect((await stage.run('openstack.instance.pull', ref)).output).to.not.have.property('became');
    expect(await stage.row('instance', 'vm')).to.deep.equal(row);
    stage.cloud.control.clearFaults();
    expect((await stage.run('openstack.instance.pull', ref)).output).to.deep.equal({ found: 'fine', became: 'OK' });
    expect(await stage.row('instance', 'vm')).to.include({ state: 'OK', error: null });
  });

  it('C1 F10: the machine is gone: ERRED with missing_on_backend', async () => {
    await using s = await setup();
    const { stage, ref } = s;
    stage.cloud.control.vanish('server', s.backendId);
    expect((await stage.run('openstack.instance.pull', ref)).output).to.deep.include({ found: 'gone', became: 'ERRED' });
    expect((await stage.row('instance', 'vm'))?.error?.code).to.equal('missing_on_backend');
  });
});
