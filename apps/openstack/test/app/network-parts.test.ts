import type { JsonObject, ResourceRef } from '@troupe/protocol';
import { createBackend } from '@troupe/openstack';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { adminConfigOf } from '../support/bench.ts';
import { untilUntouched } from '../support/nth-call.ts';
import { createStage, type Stage } from '../support/stage.ts';
import { adminOf, insertMadeTenant } from '../support/tenants.ts';
import { backendOf } from '../support/volumes.ts';

/** A group that a machine is in and a port that nobody has, in the project of a tenant; the row of the group. */
async function usedGroup(stage: Stage, id: string): Promise<ResourceRef> {
  const { backendId: projectId } = await insertMadeTenant(stage, adminOf(stage), id);
  const backend = createBackend({ ...adminConfigOf(stage.cloud), projectId });
  const group = (await stage.row('securityGroup', `${id}-ssh`))!.backendId;
  const { backendId: networkId } = (await stage.row('network', `${id}-net`))!;
  const imageId = (await backend.findImage('cirros'))!.id;
  const { item: volume } = await backend.createVolume({ token: 'boot', name: 'boot', sizeGb: 1, imageId });
  await until('the volume is there', async () => (await backend.getVolume(volume.id)).status === 'available');
  const { item: used } = await backend.createPort({ token: 'used', networkId, securityGroupIds: [group] });
  await backend.createPort({ token: 'idle', networkId, securityGroupIds: [group] });
  const wanted = { token: 'vm', name: 'vm', flavorId: '1', bootVolumeId: volume.id, portIds: [used.id] };
  const { item: server } = await backend.createServer(wanted);
  await until('the machine runs', async () => (await backend.getServer(server.id)).state === 'ACTIVE');
  return { kind: 'securityGroup', id: `${id}-ssh` };
}

const steps = ['securityGroup.instances.detach', 'securityGroup.ports.detach', 'securityGroup.delete'];

describe('deleting a security group', () => {
  it('C1 F18: machines and ports leave it, then the cloud removes it and the row goes with that', async () => {
    await using stage = await createStage();
    const ref = await usedGroup(stage, 't');
    const calls = stage.changes().length;
    const { outcome, error } = await stage.run('openstack.securityGroup.delete', ref);
    expect({ outcome, error }).to.deep.equal({ outcome: 'succeeded', error: undefined });
    expect(stage.witness.steps()).to.deep.equal(steps);
    const changes = ['POST servers/:id/action', 'PUT ports/:id', 'DELETE security-groups/:id'];
    expect(stage.changes().slice(calls)).to.deep.equal(changes);
    expect(stage.witness.states(ref)).to.deep.equal(['OK', 'DELETION_SCHEDULED', 'DELETING', 'removed']);
    expect(await stage.row(ref.kind, ref.id)).to.equal(undefined);
  });

  it('C1 F18 trap S27 S72: every answer is lost once and every call comes twice: that is a success, and the row is removed once', async () => {
    await using stage = await createStage();
    const ref = await usedGroup(stage, 't');
    const routes = ['nova.servers.action', 'neutron.ports.update', 'neutron.security_groups.delete'];
    for (const route of routes) stage.cloud.control.failCalls({ route, effect: { kind: 'drop', when: 'after' } });
    expect(await stage.run('openstack.securityGroup.delete', ref)).to.include({ outcome: 'succeeded' });
    expect(stage.cloud.control.faults().calls.map(({ hits }) => hits)).to.deep.equal([1, 1, 1]);
    expect(stage.witness.states(ref)).to.deep.equal(['OK', 'DELETION_SCHEDULED', 'DELETING', 'removed']);
  });

  it('C1 F18: error at call k, for every k: the group is ERRED and says why, and the next delete leaves nothing', async function () {
    this.timeout(60_000);
    await using stage = await createStage();
    const admin = adminOf(stage);
    const { backendId: projectId } = await insertMadeTenant(stage, admin, 't');
    const backend = createBackend({ ...adminConfigOf(stage.cloud), projectId });
    const { backendId: networkId } = (await stage.row('network', 't-net'))!;
    const calls = await untilUntouched(
      stage,
      'openstack.securityGroup.delete',
      async (name) => {
        const { item } = await admin.createSecurityGroup({ token: name, projectId, name });
        await backend.createPort({ token: name, networkId, securityGroupIds: [item.id] });
        return stage.insert('securityGroup', name, {}, 'OK', item.id);
      },
      async ({ n, ref, isHit, end }) => {
        if (isHit) {
          expect(await stage.row(ref.kind, ref.id), `call ${n}`).to.include({ state: 'ERRED', currentOperation: null });
          expect(end.error!.message, `call ${n}`).to.include('not this time');
          expect(await stage.run('openstack.securityGroup.delete', ref), `call ${n}`).to.include({ outcome: 'succeeded' });
        }
        expect(await stage.row(ref.kind, ref.id), `call ${n}`).to.equal(undefined);
        const left = await admin.listOfProject('security-groups', projectId);
        expect(
          left.some(({ name }) => name === ref.id),
          `call ${n}`,
        ).to.equal(false);
        await stage.expectClean();
      },
    );
    expect(calls).to.be.at.least(4);
  });
});

describe('operations of a single step', () => {
  it('C1 F18: are one call with its transition each, from create to delete', async () => {
    await using stage = await createStage();
    const { ref: tenant, backendId: projectId } = await insertMadeTenant(stage, adminOf(stage), 't');
    const run = async (
      executor: string,
      ref: ResourceRef,
      input: JsonObject | undefined,
      task: string,
      states: string[],
    ): Promise<void> => {
      const [tasks, seen] = [stage.witness.tasks().length, stage.witness.states(ref).length];
      const { outcome, error } = await stage.run(`openstack.${executor}`, ref, input);
      expect({ outcome, error }, executor).to.deep.equal({ outcome: 'succeeded', error: undefined });
      expect(stage.witness.steps(tasks), executor).to.deep.equal(task === '' ? [] : [task]);
      expect(stage.witness.states(ref).slice(seen), executor).to.deep.equal(states);
    };
    const created = ['CREATING', 'OK'];
    const updated = ['UPDATE_SCHEDULED', 'UPDATING', 'OK'];
    const deleted = ['DELETION_SCHEDULED', 'DELETING', 'removed'];
    const backendId = async ({ kind, id }: ResourceRef): Promise<string> => (await stage.row(kind, id))!.backendId;

    const network = await stage.insert('network', 'n', {});
    await run('network.create', network, { projectId }, 'network.create', created);
    const networkId = await backendId(network);
    const subnet = await stage.insert('subnet', 's', { cidr: '10.7.0.0/24' });
    await run('subnet.create', subnet, { projectId, networkId }, 'subnet.create', created);
    const port = await stage.insert('port', 'p', {});
    await run('port.create', port, { projectId, networkId }, 'port.create', created);
    await run('port.delete', port, undefined, 'port.delete', deleted);
    const router = await stage.insert('router', 'r', { externalNetwork: 'public' });
    await run('router.create', router, { projectId }, 'router.create', created);
    await run('router.delete', router, undefined, 'router.delete', deleted);
    await run('subnet.delete', subnet, undefined, 'subnet.delete', deleted);
    await run('network.delete', network, undefined, 'network.delete', deleted);

    const backend = backendOf(stage);
    const networks = await backend.listNetworks();
    const idOf = (name: string): string => networks.find((one) => one.name === name)!.id;
    const { item: address } = await backend.createFloatingIp({ token: 'ip', networkId: idOf('public') });
    const { item: own } = await backend.createPort({ token: 'port', networkId: idOf('private') });
    const ip = await stage.insert('floatingIp', 'ip', {}, 'OK', address.id);
    await run('floatingIp.attach', ip, { portId: own.id }, 'floatingIp.attach', updated);
    expect((await backend.getFloatingIp(address.id)).portId).to.equal(own.id);
    await run('floatingIp.detach', ip, undefined, 'floatingIp.detach', updated);
    expect((await backend.getFloatingIp(address.id)).portId).to.equal(undefined);

    await run('tenant.update', tenant, { quotas: { volumes: 3 } }, 'tenant.quotas.push', updated);
    expect((await adminOf(stage).getQuotas(projectId)).volumes).to.equal(3);
    const calls = stage.cloud.control.summary().calls.total;
    await run('tenant.update', tenant, { name: 'another name' }, '', updated);
    expect(stage.cloud.control.summary().calls.total, 'what changes no more than the row needs no call').to.equal(calls);
    expect((await stage.row('tenant', 't'))!.data).to.include({ name: 'another name' });
    await stage.expectClean();
  });
});
