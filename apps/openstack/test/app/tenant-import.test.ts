import { createBackend } from '@troupe/openstack';
import { expect } from 'chai';
import { configOf } from '../support/bench.ts';
import { insertMigration, partsOf } from '../support/migrations.ts';
import { untilUntouched } from '../support/nth-call.ts';
import { createStage } from '../support/stage.ts';
import { adminOf, insertMadeTenant } from '../support/tenants.ts';

const lists = ['limits', 'images', 'flavors', 'volumeTypes', 'zones', 'volumeZones', 'externalNetworks', 'groups', 'routers', 'networks'];
lists.push('subnets', 'ports', 'floatingIps', 'serverGroups', 'snapshots', 'instances', 'volumes');
const pulls = lists.map((what) => `tenant.${what}.pull`);

describe('importing a tenant', function () {
  this.timeout(60_000);

  it('C1 F17: nineteen steps in order; the tenant is OK and knows what is there, and its user can log in', async () => {
    await using stage = await createStage();
    const { backendId } = await insertMadeTenant(stage, adminOf(stage), 'there');
    const ref = await stage.insert('tenant', 't', {}, 'CREATION_SCHEDULED', backendId);
    const { outcome, error } = await stage.run('openstack.tenant.import', ref);
    expect({ outcome, error }).to.deep.equal({ outcome: 'succeeded', error: undefined });
    expect(stage.witness.steps())
      .to.deep.equal(['tenant.admin.add', 'tenant.user.create', ...pulls])
      .and.to.have.lengthOf(19);
    expect(stage.witness.states(ref)).to.deep.equal(['CREATION_SCHEDULED', 'CREATING', 'OK']);
    const { data } = (await stage.row('tenant', 't'))!;
    expect(data).to.deep.include({
      networks: ['there'],
      subnets: ['there'],
      routers: ['there'],
      groups: ['default', 'there'],
      instances: [],
    });
    expect(data['ports'], 'of the router').to.have.lengthOf(1);
    const config = { ...configOf(stage.cloud), username: String(data['userName']), password: 'known to tests', projectId: backendId };
    expect(await createBackend(config).listSecurityGroups()).to.have.lengthOf(2);
    await stage.expectClean();
  });

  it('C1 F17: a project that is not there, and a row without its id, are imported by nobody', async () => {
    await using stage = await createStage();
    const ref = await stage.insert('tenant', 't', {}, 'CREATION_SCHEDULED', '0123456789abcdef0123456789abcdef');
    const { outcome, error } = await stage.run('openstack.tenant.import', ref);
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'not_found' });
    expect(await stage.row('tenant', 't')).to.include({ state: 'ERRED', currentOperation: null });
    const without = await stage.insert('tenant', 'without', {});
    const { answer } = await stage.client.execute({ executor: 'openstack.tenant.import', resource: without });
    expect(answer).to.have.nested.property('error.code', 'forbidden_state');
  });
});

describe('migrating a tenant', function () {
  this.timeout(60_000);

  it('C1 F17: tenant, router, networks with their subnets, groups and lists in order; everything is OK', async () => {
    await using stage = await createStage();
    const ref = await insertMigration(stage, 'm');
    const { outcome, error } = await stage.run('openstack.tenant.migrate', ref);
    expect({ outcome, error }).to.deep.equal({ outcome: 'succeeded', error: undefined });
    expect(stage.witness.steps()).to.deep.equal([
      ...['create', 'admin.add', 'user.create', 'quotas.push'].map((name) => `tenant.${name}`),
      'securityGroup.default.push',
      'router.create',
      'router.routes.set',
      'network.create',
      'subnet.create',
      'network.create',
      'subnet.create',
      'securityGroup.create',
      'securityGroup.rules.add',
      ...pulls,
    ]);
    for (const row of [ref, ...partsOf('m')])
      expect(stage.witness.states(row), row.id).to.deep.equal(['CREATION_SCHEDULED', 'CREATING', 'OK']);
    const { backendId, data } = (await stage.row('tenant', 'm-tenant'))!;
    expect(data).to.deep.include({ networks: ['m-net-1', 'm-net-2'], routers: ['m-router'], groups: ['default', 'web'] });
    const admin = adminOf(stage);
    const [router] = await admin.listOfProject('routers', backendId);
    expect(router!.routes).to.deep.equal([{ destination: '10.9.0.0/24', nexthop: '198.18.0.1' }]);
    expect((await admin.getQuotas(backendId)).volumes).to.equal(5);
    await stage.expectClean();
  });

  it('C1 F17 S51: submitting it twice starts one', async () => {
    await using stage = await createStage();
    const ref = await insertMigration(stage, 'm');
    const both = await Promise.all([1, 2].map(() => stage.client.execute({ executor: 'openstack.tenant.migrate', resource: ref })));
    expect(both.map(({ answer }) => answer.answer).sort()).to.deep.equal(['accepted', 'rejected']);
    // the tenant is taken as well: nobody else makes it
    const { answer } = await stage.client.execute({
      executor: 'openstack.tenant.migrate',
      resource: await stage.insert('migration', 'other', { tenant: 'm-tenant' }),
    });
    expect(answer).to.have.nested.property('error.code', 'conflict');
    await Promise.all(both.map((one) => one.ended()));
    expect(stage.changes().filter((call) => call === 'POST projects')).to.have.lengthOf(1);
    expect(await stage.row('migration', 'm')).to.include({ state: 'OK' });
    expect(await stage.row('migration', 'other')).to.include({ state: 'CREATION_SCHEDULED', currentOperation: null });
  });

  it('C1 F17 S65: error at call k, for every k: tenant and migration are both ERRED, and whatever was made has a row that knows it', async function () {
    this.timeout(120_000);
    await using stage = await createStage();
    const admin = adminOf(stage);
    const calls = await untilUntouched(
      stage,
      'openstack.tenant.migrate',
      (name) => insertMigration(stage, name, [1]),
      async ({ n, ref, isHit, end }) => {
        const where = `call ${n}`;
        const rested = isHit ? 'ERRED' : 'OK';
        expect(await stage.row('migration', ref.id), where).to.include({ state: rested, currentOperation: null });
        const rows = (await Promise.all(partsOf(ref.id).map(({ kind, id }) => stage.row(kind, id)))).filter((row) => row !== undefined);
        const tenant = rows.find(({ kind }) => kind === 'tenant')!;
        for (const row of rows) expect(row, `${where}: ${row.id}`).to.include({ state: rested, currentOperation: null });
        if (isHit) {
          expect(tenant.error!.message, where).to.equal(end.error!.message).and.to.include('not this time');
          const made =
            tenant.backendId === ''
              ? []
              : await Promise.all(
                  (['routers', 'networks', 'subnets'] as const).map((collection) => admin.listOfProject(collection, tenant.backendId)),
                );
          const known = rows.filter(({ kind, backendId }) => ['router', 'network', 'subnet'].includes(kind) && backendId !== '');
          expect(
            made.flat().map(({ id }) => id),
            where,
          ).to.have.members(known.map(({ backendId }) => backendId));
        }
        await stage.expectClean();
      },
    );
    expect(calls).to.be.at.least(30);
  });
});
