import type { ResourceRef } from '@troupe/protocol';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { expectEnd, untilUntouched } from '../support/nth-call.ts';
import { createStage } from '../support/stage.ts';
import { backendOf, existingMachine, existingVolume } from '../support/volumes.ts';

const quick = { timeFactor: 0.01, pace: { every: '20ms' } } as const;

describe('a call to the cloud that fails while something is changed, be it the first or the last', () => {
  it('C1 F3 attached: error at call k, for every k: volume and instance are both ERRED, and say why', async function () {
    this.timeout(90_000);
    await using stage = await createStage(quick);
    const instanceOf = ({ id }: ResourceRef): string => id.replace('-vol-2', '');
    const calls = await untilUntouched(
      stage,
      'openstack.volume.extend',
      async (name) => {
        await existingMachine(stage, name);
        return { kind: 'volume', id: `${name}-vol-2` };
      },
      (run) => expectEnd(stage, run, run.ref, { kind: 'instance', id: instanceOf(run.ref) }),
      (ref) => ({ sizeGb: 2, instance: instanceOf(ref) }),
    );
    // detach, look, look, extend, look, attach, look: those that change look at the volume before
    expect(calls).to.be.at.least(7);
  });

  it('C1 F5 restore: error at call k, for every k: the volume is ERRED, says why, and knows what was made', async function () {
    this.timeout(60_000);
    await using stage = await createStage(quick);
    const backend = backendOf(stage);
    const { backendId: volumeId } = await existingVolume(stage, 'origin');
    const { item } = await backend.createSnapshot({ token: 's', volumeId, name: 's' });
    await until('the snapshot is there', async () => (await backend.getSnapshot(item.id)).status === 'available');
    const calls = await untilUntouched(
      stage,
      'openstack.volume.restore',
      (name) => stage.insert('volume', name, { sizeGb: 1 }),
      async (run) => {
        await expectEnd(stage, run, run.ref);
        expect((await stage.row('volume', run.ref.id))!.backendId, `call ${run.n}`).to.equal(run.made.volumes.at(0) ?? '');
      },
      () => ({ snapshotId: item.id }),
    );
    expect(calls).to.be.at.least(4);
  });

  it('C1 F8: error at call k, for every k: the instance is ERRED and says why, and its flavour is the one that the machine has', async function () {
    this.timeout(90_000);
    await using stage = await createStage(quick);
    const backend = backendOf(stage);
    const calls = await untilUntouched(
      stage,
      'openstack.instance.changeFlavor',
      (name) => existingMachine(stage, name),
      async (run) => {
        await expectEnd(stage, run, run.ref);
        const { backendId, data } = (await stage.row('instance', run.ref.id))!;
        const names: Record<string, string> = { 1: 'm1.tiny', 2: 'm1.small' };
        // a look that fails leaves a confirm under way, which comes to its end all the same
        await until(`call ${run.n}: the machine runs with the flavour of its row`, async () => {
          const { state, flavorName } = await backend.getServer(backendId);
          return state === 'ACTIVE' && flavorName === names[String(data['flavor'])];
        });
      },
      () => ({ flavor: '2' }),
    );
    expect(calls).to.be.at.least(4);
  });

  it('C1 F11: error at call k, for every k: the instance is ERRED, and every address on the cloud has a row that knows it', async function () {
    this.timeout(60_000);
    await using stage = await createStage(quick);
    const machine = await existingMachine(stage, 'vm');
    let fresh = '';
    const calls = await untilUntouched(
      stage,
      'openstack.instance.updateAddresses',
      async (name) => {
        await stage.insert('floatingIp', name, {});
        fresh = name;
        return machine;
      },
      async (run) => {
        await expectEnd(stage, run, machine);
        const row = await stage.row('floatingIp', fresh);
        expect(row?.backendId ?? '', `call ${run.n}`).to.equal(run.made.floatingIps.at(0) ?? '');
        if (row !== undefined) expect(row, `call ${run.n}`).to.include({ state: 'OK', currentOperation: null });
      },
      () => ({ floatingIps: [fresh] }),
    );
    expect(calls).to.be.at.least(5);
  });
});
