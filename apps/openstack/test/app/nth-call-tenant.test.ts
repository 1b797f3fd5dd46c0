import { expect } from 'chai';
import { untilUntouched } from '../support/nth-call.ts';
import { createStage } from '../support/stage.ts';
import { adminOf, insertMadeTenant, insertTenant } from '../support/tenants.ts';

describe('a call to the cloud that fails while a tenant is made or removed, be it the first or the last', () => {
  it('C1 F14: error at call k, for every k: the tenant is ERRED and says why, and whatever was made has a row that knows it', async function () {
    this.timeout(120_000);
    await using stage = await createStage();
    const admin = adminOf(stage);
    const calls = await untilUntouched(
      stage,
      'openstack.tenant.create',
      (name) => insertTenant(stage, name, { groups: ['ssh'], externalNetwork: 'public', quotas: { volumes: 5 } }),
      async ({ n, ref, isHit, end }) => {
        const where = `call ${n}`;
        const tenant = (await stage.row('tenant', ref.id))!;
        expect(tenant, where).to.include({ state: isHit ? 'ERRED' : 'OK', currentOperation: null });
        if (isHit) expect(JSON.stringify(tenant.error), where).to.equal(JSON.stringify(end.error)).and.to.include('not this time');
        const rows = { networks: ['network', 'net'], subnets: ['subnet', 'sub'], 'security-groups': ['securityGroup', 'ssh'] } as const;
        for (const [collection, [kind, suffix]] of Object.entries(rows)) {
          const row = await stage.row(kind, `${ref.id}-${suffix}`);
          if (row !== undefined)
            expect(row, `${where}: ${row.id}`)
              .to.include({ currentOperation: null })
              .and.to.have.property('state')
              .that.is.oneOf(['OK', 'ERRED']);
          const made = tenant.backendId === '' ? [] : await admin.listOfProject(collection as 'networks', tenant.backendId);
          const ids = made.filter(({ name }) => name !== 'default').map(({ id }) => id);
          expect(ids, `${where}: ${collection}`).to.deep.equal(row === undefined || row.backendId === '' ? [] : [row.backendId]);
        }
        await stage.expectClean();
      },
    );
    expect(calls).to.be.at.least(30);
  });

  it('C1 F15: error at call k, for every k: the tenant is ERRED and says why, and the next delete leaves nothing', async function () {
    this.timeout(120_000);
    await using stage = await createStage();
    const admin = adminOf(stage);
    let projectId = '';
    let failures = 0;
    const calls = await untilUntouched(
      stage,
      'openstack.tenant.delete',
      async (name) => {
        const { ref, backendId } = await insertMadeTenant(stage, admin, name);
        projectId = backendId;
        return ref;
      },
      async ({ n, ref, end }) => {
        const where = `call ${n}`;
        // whoever takes away what is gone already has not failed
        if (end.outcome !== 'succeeded') {
          failures++;
          expect(await stage.row('tenant', ref.id), where).to.include({ state: 'ERRED', currentOperation: null });
          expect(JSON.stringify(end.error), where).to.include('not this time');
          expect(await stage.run('openstack.tenant.delete', ref), where).to.include({ outcome: 'succeeded' });
        }
        expect(await stage.row('tenant', ref.id), where).to.equal(undefined);
        expect(await admin.findProject(projectId), where).to.equal(undefined);
        for (const collection of ['networks', 'subnets', 'routers', 'ports'] as const)
          expect(await admin.listOfProject(collection, projectId), `${where}: ${collection}`).to.deep.equal([]);
        await stage.expectClean();
      },
    );
    expect(calls).to.be.at.least(25);
    expect(failures).to.be.at.least(20);
  });
});
