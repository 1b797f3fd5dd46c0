import { createBackend } from '@troupe/openstack';
import type { Backend } from '@troupe/openstack';
import type { ResourceRef } from '@troupe/protocol';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { adminConfigOf } from '../support/bench.ts';
import { createStage, type Stage } from '../support/stage.ts';
import { adminOf, createdTenant, insertTenant } from '../support/tenants.ts';

/** A volume with a snapshot, a machine, an address and a server group in the project of a tenant, made by whoever works there. */
async function furnish(stage: Stage, ref: ResourceRef): Promise<Backend> {
  const { backendId: projectId } = (await stage.row('tenant', ref.id))!;
  const backend = createBackend({ ...adminConfigOf(stage.cloud), projectId });
  const networks = await backend.listNetworks();
  const idOf = (name: string): string => networks.find((one) => one.name === name)!.id;
  const image = (await backend.findImage('cirros'))!.id;
  const { item: boot } = await backend.createVolume({ token: `${ref.id} boot`, name: 'boot', sizeGb: 1, imageId: image });
  const { item: data } = await backend.createVolume({ token: `${ref.id} data`, name: 'data', sizeGb: 1 });
  for (const { id } of [boot, data]) await until('the volume is there', async () => (await backend.getVolume(id)).status === 'available');
  await backend.createSnapshot({ token: `${ref.id} snapshot`, volumeId: data.id, name: 'snapshot' });
  const port = { networkId: idOf(`${ref.id}-net`) };
  const { item: used } = await backend.createPort({ token: `${ref.id} used`, ...port });
  await backend.createPort({ token: `${ref.id} idle`, ...port });
  const { item: server } = await backend.createServer({
    token: `${ref.id} vm`,
    name: 'vm',
    flavorId: '1',
    bootVolumeId: boot.id,
    portIds: [used.id],
  });
  await until('the machine runs', async () => (await backend.getServer(server.id)).state === 'ACTIVE');
  await backend.createFloatingIp({ token: `${ref.id} ip`, networkId: idOf('public'), portId: used.id });
  const [router] = await backend.listOfProject('routers', projectId);
  if (router !== undefined) await backend.setRoutes(router.id, [{ destination: '10.9.0.0/24', nexthop: '192.168.42.9' }]);
  return backend;
}

const rowsOf = (stage: Stage, id: string) =>
  Promise.all(
    [`tenant/${id}`, `network/${id}-net`, `subnet/${id}-sub`, `securityGroup/${id}-ssh`].map(
      async (path) => (await stage.row(...(path.split('/') as [string, string])))?.state,
    ),
  );

describe('deleting a tenant', function () {
  this.timeout(60_000);

  it('C1 F15: the steps are those of the family, in order; nothing is left of the project, and what others have is untouched', async () => {
    await using stage = await createStage();
    const other = await createdTenant(stage, 'other', { externalNetwork: 'public' });
    const others = await furnish(stage, other);
    const { backendId: otherId } = (await stage.row('tenant', 'other'))!;
    const ref = await createdTenant(stage, 't', { externalNetwork: 'public' });
    const { backendId } = (await stage.row('tenant', 't'))!;
    await furnish(stage, ref);
    const sent = stage.witness.tasks().length;
    const { outcome, error } = await stage.run('openstack.tenant.delete', ref);
    expect({ outcome, error }).to.deep.equal({ outcome: 'succeeded', error: undefined });
    const steps = ['floatingIps.remove', 'routes.remove', 'ports.remove', 'routers.remove', 'routers.pull', 'networks.remove'];
    steps.push('securityGroups.remove', 'snapshots.remove', 'snapshots.none', 'instances.remove', 'instances.none');
    steps.push('volumes.remove', 'volumes.none', 'serverGroups.remove');
    expect(stage.witness.steps(sent)).to.deep.equal([
      ...steps.map((name) => `tenant.${name}`),
      'subnet.delete',
      'network.delete',
      'securityGroup.instances.detach',
      'securityGroup.ports.detach',
      'securityGroup.delete',
      'tenant.user.delete',
      'tenant.delete',
    ]);
    expect(stage.witness.states(ref)).to.deep.equal(['CREATION_SCHEDULED', 'CREATING', 'OK', 'DELETION_SCHEDULED', 'DELETING', 'removed']);
    expect(await rowsOf(stage, 't')).to.deep.equal(Array(4).fill(undefined));
    const admin = adminOf(stage);
    expect(await admin.findProject(backendId)).to.equal(undefined);
    for (const collection of ['networks', 'subnets', 'routers', 'ports', 'floatingips', 'security-groups'] as const)
      expect(await admin.listOfProject(collection, backendId), collection).to.deep.equal([]);
    // the other one
    expect(await rowsOf(stage, 'other')).to.deep.equal(Array(4).fill('OK'));
    expect(
      [await others.listServerIds(), await others.listVolumeIds(), await others.listSnapshots()].map(({ length }) => length),
    ).to.deep.equal([1, 2, 1]);
    const left = await Promise.all(
      (['networks', 'ports', 'routers', 'floatingips'] as const).map((one) => admin.listOfProject(one, otherId)),
    );
    expect(left.map(({ length }) => length)).to.deep.equal([1, 3, 1, 1]);
    await stage.expectClean();
  });

  it('C1 F15 S78: the deadline of the operation is not before those of its three polls together', async () => {
    await using stage = await createStage();
    const ref = await createdTenant(stage, 't', { groups: [] });
    const { outcome, info } = await stage.run('openstack.tenant.delete', ref);
    expect(outcome).to.equal('succeeded');
    const minutes = (info.deadline! - info.acceptedAt!) / 60_000;
    expect(minutes).to.be.at.least(3 * 50);
  });

  it('C1 F15: a volume that the cloud cannot delete ends it ERRED with the name; forced it goes on to the end, and says what is left', async () => {
    await using stage = await createStage();
    const ref = await createdTenant(stage, 't', { groups: [] });
    const backend = await furnish(stage, ref);
    const hold = (): string =>
      stage.cloud.control.failTransitions({
        transition: 'volume.delete',
        name: 'data',
        times: 0,
        outcome: { kind: 'status', status: 'error_deleting' },
      });
    hold();
    const { outcome, error } = await stage.run('openstack.tenant.delete', ref);
    const [left] = await backend.listVolumeIds();
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'poll_failed' });
    expect(error!.message).to.include(left!);
    expect(await stage.row('tenant', 't')).to.include({ state: 'ERRED', currentOperation: null });
    const { backendId } = (await stage.row('tenant', 't'))!;
    const forced = await stage.run('openstack.tenant.delete', ref);
    expect(await stage.row('tenant', 't')).to.equal(undefined);
    expect(forced.info.orphans).to.have.lengthOf(1);
    expect(forced.info.orphans![0]).to.include({ kind: 'tenant', id: 't', backendId });
    await stage.expectClean();
  });

  it('C1 F15: one that was never made takes its rows with it and calls nobody; a project that is gone is no failure', async () => {
    await using stage = await createStage();
    stage.cloud.control.failCalls({ route: 'keystone.projects.create', effect: { kind: 'status', status: 400, message: 'No.' } });
    const never = await insertTenant(stage, 'never');
    expect(await stage.run('openstack.tenant.create', never)).to.include({ outcome: 'failed' });
    const before = stage.cloud.control.log().calls.length;
    expect(await stage.run('openstack.tenant.delete', never)).to.include({ outcome: 'succeeded' });
    expect(stage.cloud.control.log().calls).to.have.lengthOf(before);
    expect(await rowsOf(stage, 'never')).to.deep.equal(Array(4).fill(undefined));
    const gone = await createdTenant(stage, 'gone');
    await adminOf(stage).deleteProject((await stage.row('tenant', 'gone'))!.backendId);
    const { outcome, error } = await stage.run('openstack.tenant.delete', gone);
    expect({ outcome, error }).to.deep.equal({ outcome: 'succeeded', error: undefined });
    expect(await rowsOf(stage, 'gone')).to.deep.equal(Array(4).fill(undefined));
  });

  it('C1 F15: what a failed create has left is removed, also before it could work in the project', async () => {
    await using stage = await createStage();
    stage.cloud.control.failCalls({ route: 'keystone.assignments.create', effect: { kind: 'status', status: 400, message: 'No.' } });
    const ref = await insertTenant(stage, 't');
    expect(await stage.run('openstack.tenant.create', ref)).to.include({ outcome: 'failed' });
    const { backendId } = (await stage.row('tenant', 't'))!;
    expect(await stage.run('openstack.tenant.delete', ref)).to.include({ outcome: 'succeeded' });
    expect(await adminOf(stage).findProject(backendId)).to.equal(undefined);
    expect(await rowsOf(stage, 't')).to.deep.equal(Array(4).fill(undefined));
  });
});
