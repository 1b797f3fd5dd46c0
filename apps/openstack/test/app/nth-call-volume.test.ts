import type { JsonObject, ResourceRef } from '@troupe/protocol';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { expectEnd, type Run, untilUntouched } from '../support/nth-call.ts';
import { createStage, type Stage } from '../support/stage.ts';
import { adminOf, insertMadeTenant } from '../support/tenants.ts';
import { backendOf, existingMachine, existingVolume, snapshotOf } from '../support/volumes.ts';

const quick = { timeFactor: 0.01, pace: { every: '20ms' } } as const;

const volumeOf = async (stage: Stage, name: string): Promise<ResourceRef> => (await existingVolume(stage, name)).ref;

/** After the end, the row learns by one pull what the cloud has, whatever the operation has missed. */
async function expectPulled(stage: Stage, { n, ref }: Run): Promise<void> {
  const backend = backendOf(stage);
  const { backendId } = (await stage.row('volume', ref.id))!;
  await until(`call ${n}: the volume rests`, async () => ['available', 'in-use'].includes((await backend.getVolume(backendId)).status));
  expect(await stage.run('openstack.volume.pull', ref), `call ${n}`).to.include({ outcome: 'succeeded' });
  const { sizeGb, volumeType, attachments } = await backend.getVolume(backendId);
  const row = (await stage.row('volume', ref.id))!;
  expect(row, `call ${n}`).to.include({ state: 'OK', error: null });
  expect(row.data, `call ${n}`).to.include({ sizeGb, volumeType: volumeType ?? null, attachedTo: attachments[0]?.serverId ?? null });
}

describe('a call to the cloud that fails while one volume, snapshot or import is worked on, be it the first or the last', () => {
  for (const [what, executor, input, least] of [
    ['F3 detached', 'openstack.volume.extend', { sizeGb: 2 }, 3],
    ['F4 retype', 'openstack.volume.retype', { volumeType: 'ssd' }, 4],
  ] as const) {
    it(`C1 ${what}: error at call k, for every k: the volume is ERRED and says why, and a pull finds what the cloud has`, async function () {
      this.timeout(60_000);
      await using stage = await createStage(quick);
      const calls = await untilUntouched(
        stage,
        executor,
        (name) => volumeOf(stage, name),
        async (run) => {
          await expectEnd(stage, run, run.ref);
          await expectPulled(stage, run);
        },
        () => input,
      );
      // what changes a volume looks at it before
      expect(calls).to.be.at.least(least);
    });
  }

  it('C1 F4 attach: error at call k, for every k: the volume is ERRED and says why, and a pull finds what the cloud has', async function () {
    this.timeout(60_000);
    await using stage = await createStage(quick);
    const machine = await existingMachine(stage, 'vm');
    const { backendId: serverId } = (await stage.row('instance', machine.id))!;
    const calls = await untilUntouched(
      stage,
      'openstack.volume.attach',
      (name) => volumeOf(stage, name),
      async (run) => {
        await expectEnd(stage, run, run.ref);
        await expectPulled(stage, run);
      },
      () => ({ serverId }),
    );
    expect(calls).to.be.at.least(3);
  });

  it('C1 F4 detach: error at call k, for every k: the volume is ERRED and says why, and a pull finds what the cloud has', async function () {
    this.timeout(60_000);
    await using stage = await createStage(quick);
    const inputs = new Map<string, JsonObject>();
    const calls = await untilUntouched(
      stage,
      'openstack.volume.detach',
      async (name) => {
        const machine = await existingMachine(stage, name);
        const ref = { kind: 'volume', id: `${name}-vol-2` };
        inputs.set(ref.id, { serverId: (await stage.row('instance', machine.id))!.backendId });
        return ref;
      },
      async (run) => {
        await expectEnd(stage, run, run.ref);
        await expectPulled(stage, run);
      },
      (ref) => inputs.get(ref.id),
    );
    expect(calls).to.be.at.least(2);
  });

  it('C1 F5 create: error at call k, for every k: the snapshot is ERRED, says why, and knows what was made', async function () {
    this.timeout(60_000);
    await using stage = await createStage(quick);
    const backend = backendOf(stage);
    const { backendId: volumeId } = await existingVolume(stage, 'origin');
    const known = new Set<string>();
    const calls = await untilUntouched(
      stage,
      'openstack.snapshot.create',
      (name) => stage.insert('snapshot', name, { volumeId }),
      async (run) => {
        await expectEnd(stage, run, run.ref);
        const fresh = (await backend.listSnapshots()).map(({ id }) => id).filter((id) => !known.has(id));
        expect((await stage.row('snapshot', run.ref.id))!.backendId, `call ${run.n}`).to.equal(fresh.at(0) ?? '');
        expect(fresh.length, `call ${run.n}`).to.be.at.most(1);
        for (const id of fresh) known.add(id);
      },
    );
    expect(calls).to.be.at.least(3);
  });

  it('C1 F5 delete: error at call k, for every k: the snapshot is ERRED and says why, and the next delete leaves nothing', async function () {
    this.timeout(60_000);
    await using stage = await createStage(quick);
    const backend = backendOf(stage);
    const calls = await untilUntouched(
      stage,
      'openstack.snapshot.delete',
      async (name) => (await snapshotOf(stage, name)).ref,
      async (run) => {
        if (run.isHit) {
          await expectEnd(stage, run, run.ref);
          expect(await stage.run('openstack.snapshot.delete', run.ref), `call ${run.n}`).to.include({ outcome: 'succeeded' });
        }
        expect(await stage.row('snapshot', run.ref.id), `call ${run.n}`).to.equal(undefined);
        expect(await backend.listSnapshots(), `call ${run.n}`).to.have.lengthOf(0);
        await stage.expectClean();
      },
    );
    expect(calls).to.be.at.least(2);
  });

  it('C1 F17 import: error at call k, for every k: the tenant is ERRED and says why, and the project is as it was', async function () {
    this.timeout(90_000);
    await using stage = await createStage(quick);
    const admin = adminOf(stage);
    const calls = await untilUntouched(
      stage,
      'openstack.tenant.import',
      async (name) => {
        const { backendId } = await insertMadeTenant(stage, admin, name);
        return stage.insert('tenant', `${name}-import`, {}, 'CREATION_SCHEDULED', backendId);
      },
      async (run) => {
        await expectEnd(stage, run, run.ref);
        const { backendId } = (await stage.row('tenant', run.ref.id))!;
        for (const [collection, count] of [
          ['networks', 1],
          ['subnets', 1],
          ['routers', 1],
          ['security-groups', 2],
        ] as const)
          expect(await admin.listOfProject(collection, backendId), `call ${run.n}: ${collection}`).to.have.lengthOf(count);
      },
    );
    // two steps for the users, seventeen lists
    expect(calls).to.be.at.least(19);
  });
});
