import type { ResourceRef } from '@troupe/protocol';
import { expect } from 'chai';
import { createdInstance } from '../support/instances.ts';
import { createStage, type Stage } from '../support/stage.ts';
import { backendOf } from '../support/volumes.ts';

/** A machine with an address that it keeps, one that it gives up, and a row of one that is to be made. */
async function prepare(stage: Stage): Promise<ResourceRef> {
  const ref = await createdInstance(stage, 'vm', { volumes: 1, ips: 2 });
  await stage.insert('floatingIp', 'new', {});
  return ref;
}

const wanted = { floatingIps: ['new'], existingIps: ['vm-ip'] };
const ip = (id: string): ResourceRef => ({ kind: 'floatingIp', id });

describe('other addresses for an instance', () => {
  it('C1 F11: a new one is made and comes, one stays where it is, one leaves; the tenant knows them', async () => {
    await using stage = await createStage();
    const ref = await prepare(stage);
    const { backendId: kept } = (await stage.row('floatingIp', 'vm-ip'))!;
    const { portId } = await backendOf(stage).getFloatingIp(kept);
    const [tasks, calls] = [stage.witness.tasks().length, stage.changes().length];
    const { outcome, error } = await stage.run('openstack.instance.updateAddresses', ref, wanted);
    expect({ outcome, error }).to.deep.equal({ outcome: 'succeeded', error: undefined });
    const steps = stage.witness.steps(tasks);
    expect(steps.slice(0, 2)).to.deep.equal(['floatingIp.create', 'floatingIps.set']);
    expect(new Set(steps.slice(2, -2))).to.deep.equal(new Set(['floatingIp.pull']));
    expect(steps.slice(-2)).to.deep.equal(['server.addresses.pull', 'tenant.addresses.pull']);
    expect(stage.changes().slice(calls)).to.deep.equal(['POST floatingips', 'PUT floatingips/:id', 'PUT floatingips/:id']);
    for (const [id, runtimeState] of [
      ['vm-ip', 'ACTIVE'],
      ['vm-ip-2', 'DOWN'],
      ['new', 'ACTIVE'],
    ] as const)
      expect(await stage.row('floatingIp', id), id).to.include({ state: 'OK', runtimeState, currentOperation: null });
    expect(stage.witness.states(ip('new'))).to.deep.equal(['CREATION_SCHEDULED', 'CREATING', 'OK']);
    const instance = (await stage.row('instance', 'vm'))!;
    expect(instance).to.include({ state: 'OK', currentOperation: null });
    expect(stage.witness.states(ref).slice(-4)).to.deep.equal(['OK', 'UPDATE_SCHEDULED', 'UPDATING', 'OK']);
    expect(instance.data).to.deep.include(wanted);
    expect(instance.data['addresses']).to.have.lengthOf(2);
    expect((await stage.row('tenant', 'tenant'))!.data['addresses']).to.have.lengthOf(3);
    expect((await backendOf(stage).getFloatingIp(kept)).portId, 'the one that stays').to.equal(portId);
    await stage.expectClean();
  });

  it('C1 F11 trap: when the push fails, a new address that is on the cloud keeps its row, and one that never came there loses it', async () => {
    await using stage = await createStage();
    const ref = await prepare(stage);
    const refused = { kind: 'status', status: 400, message: 'not this time' } as const;
    stage.cloud.control.failCalls({ route: 'neutron.floatingips.update', effect: refused });
    const first = await stage.run('openstack.instance.updateAddresses', ref, wanted);
    expect({ outcome: first.outcome, code: first.error?.code }).to.deep.equal({ outcome: 'failed', code: 'bad_request' });
    const made = (await stage.row('floatingIp', 'new'))!;
    expect(made).to.include({ state: 'OK', currentOperation: null });
    expect(await backendOf(stage).findFloatingIp(made.backendId), 'on the cloud').to.not.equal(undefined);
    await stage.insert('floatingIp', 'never', {});
    stage.cloud.control.failCalls({ route: 'neutron.floatingips.create', effect: refused });
    const second = await stage.run('openstack.instance.updateAddresses', ref, { floatingIps: ['never'], existingIps: ['vm-ip'] });
    expect(second).to.include({ outcome: 'failed' });
    expect(await stage.row('floatingIp', 'never')).to.equal(undefined);
    for (const id of ['vm-ip', 'vm-ip-2'])
      expect(await stage.row('floatingIp', id), id).to.include({ state: 'OK', currentOperation: null });
    const instance = (await stage.row('instance', 'vm'))!;
    expect(instance).to.include({ state: 'ERRED', currentOperation: null });
    expect(instance.error!.message).to.include('not this time');
    await stage.expectClean();
  });

  it('C1 F11: more addresses than ports are refused at accept', async () => {
    await using stage = await createStage();
    const resource = await stage.insert('instance', 'vm', { flavor: '1', volumes: [], portIds: ['p'] }, 'OK', 'there');
    const input = { existingIps: ['a', 'b'] };
    const handle = await stage.client.execute({ executor: 'openstack.instance.updateAddresses', resource, input });
    expect(handle).to.have.nested.property('answer.answer', 'rejected');
  });
});
