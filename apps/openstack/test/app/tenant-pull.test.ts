import { parentMove } from '@troupe/resource';
import { expect } from 'chai';
import { createStage, type Stage } from '../support/stage.ts';
import { adminOf, createdTenant } from '../support/tenants.ts';
import { until } from '@troupe/test-infra';

const parts = ['limits', 'images', 'flavors', 'volumeTypes', 'zones', 'volumeZones', 'externalNetworks', 'groups', 'routers', 'networks'];
parts.push('subnets', 'ports', 'floatingIps', 'serverGroups', 'snapshots', 'instances', 'volumes');
const no = (status: number) => ({ kind: 'status', status, message: 'No.' }) as const;

/** A tenant that is there, and at rest. */
async function setup() {
  const stage: Stage = await createStage();
  const admin = adminOf(stage);
  const { item } = await admin.createProject({ token: 't', name: 't' });
  // the app's own user looks into the project, as it may after a create
  await admin.assignRole({ projectId: item.id, userId: await admin.ownUserId(), role: 'admin' });
  const ref = await stage.insert('tenant', 't', {}, 'OK', item.id);
  return {
    stage,
    ref,
    admin,
    projectId: item.id,
    pull: () => stage.run('openstack.tenant.pull', ref),
    row: async () => (await stage.row('tenant', 't'))!,
    /** What a follower makes of what has become of the tenant. */
    async parent() {
      const { state, error } = (await stage.row('tenant', 't'))!;
      return parentMove({ from: 'OK', to: state, event: 'becameErred', ...(error === null ? {} : { error }) })?.parent;
    },
    [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose](),
  };
}

/** On TEST_NATS_URL and a cloud over HTTP. */
describe('F16 the pull of a tenant', () => {
  it('C1 F16: exists, and then its lists, in the background; it is OK all the time', async () => {
    await using s = await setup();
    const { outcome, output } = await s.pull();
    expect({ outcome, output }).to.deep.equal({ outcome: 'succeeded', output: { found: 'fine' } });
    expect(s.stage.witness.steps()[0]).to.equal('tenant.exists');
    expect(s.stage.witness.steps().slice(1)).to.have.members(parts.map((what) => `tenant.${what}.pull`));
    expect(new Set(s.stage.witness.tasks().map(({ cls }) => cls))).to.deep.equal(new Set(['background']));
    expect(s.stage.witness.states(s.ref)).to.deep.equal(['OK']);
    expect((await s.row()).data).to.include.all.keys(...parts);
  });

  it('C1 F16: not found: ERRED missing_on_backend, whereupon a follower terminates what the customer has', async () => {
    await using s = await setup();
    await s.admin.deleteProject(s.projectId);
    expect((await s.pull()).output).to.deep.include({ found: 'gone', became: 'ERRED' });
    expect((await s.row()).error?.code).to.equal('missing_on_backend');
    expect(await s.parent()).to.equal('terminated');
    expect(s.stage.witness.steps(), 'nothing is looked at in what is not there').to.deep.equal(['tenant.exists']);
  });

  for (const status of [400, 403, 409]) {
    it(`S68 C1 F16: any other failure of the look, ${status}: ERRED with that error, and nothing is destroyed`, async () => {
      await using s = await setup();
      s.stage.cloud.control.failCalls({ route: 'keystone.projects.show', times: 0, effect: no(status) });
      expect((await s.pull()).output).to.deep.include({ found: 'broken', became: 'ERRED' });
      const row = await s.row();
      expect(row.state).to.equal('ERRED');
      expect(row.error?.code).to.be.oneOf(['bad_request', 'forbidden', 'conflict']);
      expect(await s.parent()).to.equal('erred');
      s.stage.cloud.control.clearFaults();
      expect((await s.pull()).output).to.deep.equal({ found: 'fine', became: 'OK' });
      expect(await s.row()).to.include({ state: 'OK', error: null });
    });
  }

  it('S68 C1 F16: a 404 whose list does not answer is no word of Keystone', async () => {
    await using s = await setup();
    s.stage.cloud.control.failCalls({ route: 'keystone.projects.show', times: 0, effect: no(404) });
    s.stage.cloud.control.failCalls({ route: 'keystone.projects.list', times: 0, effect: no(404) });
    expect((await s.pull()).output).to.deep.include({ found: 'broken', became: 'ERRED' });
    expect((await s.row()).error?.code).to.equal('not_found');
    expect(await s.parent()).to.equal('erred');
  });

  it('C1 F16: a list that fails keeps nobody from the others, and says so in the log', async () => {
    await using s = await setup();
    s.stage.cloud.control.failCalls({ route: 'glance.images.list', times: 0, effect: no(403) });
    const { outcome, output, info } = await s.pull();
    expect({ outcome, output }).to.deep.equal({ outcome: 'succeeded', output: { found: 'fine' } });
    const { data, state } = await s.row();
    expect(state).to.equal('OK');
    expect(data).to.include.all.keys(...parts.filter((what) => what !== 'images'));
    expect(data).to.not.have.property('images');
    expect(info.log.map(({ step, error }) => [step, error.code])).to.deep.equal([['pull images', 'forbidden']]);
  });

  it('C1 F14 F16: follows the create of a tenant as an operation of its own, whose failure is not that of the create', async () => {
    await using stage = await createStage({ pullAfterCreate: true });
    stage.cloud.control.failCalls({ route: 'keystone.projects.show', times: 0, effect: no(403) });
    const ref = await createdTenant(stage, 't', { groups: [] });
    const created = (await stage.client.operations({ executor: 'openstack.tenant.create' }))[0]!;
    const pull = await until('the pull has ended', async () =>
      (await stage.client.operations({ executor: 'openstack.tenant.pull' })).find(({ outcome }) => outcome !== undefined),
    );
    expect(pull).to.deep.include({ id: `${created.id}.after`, class: 'background', outcome: 'succeeded' });
    expect(created.outcome).to.equal('succeeded');
    expect(await stage.row(ref.kind, ref.id)).to.have.nested.include({ state: 'ERRED', 'error.code': 'forbidden' });
    stage.cloud.control.clearFaults();
    expect((await stage.run('openstack.tenant.pull', ref)).output).to.deep.equal({ found: 'fine', became: 'OK' });
  });
});
