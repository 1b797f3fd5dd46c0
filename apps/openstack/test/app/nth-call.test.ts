import { createBackend } from '@troupe/openstack';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { configOf } from '../support/bench.ts';
import { insertInstance } from '../support/instances.ts';
import { type Run, untilUntouched } from '../support/nth-call.ts';
import { createStage, type Stage } from '../support/stage.ts';

async function expectErred(stage: Stage, { n, ref, end }: Run): Promise<void> {
  expect(end.outcome, `call ${n}`).to.equal('failed');
  const row = (await stage.row(ref.kind, ref.id))!;
  expect(row, `call ${n}`).to.include({ state: 'ERRED', currentOperation: null });
  expect(row.error, `call ${n}`).to.include({ code: end.error!.code, message: end.error!.message });
  expect(row.error!.message, `call ${n}`).to.include('not this time');
}

describe('a call to the cloud that fails, be it the first or the last', () => {
  const quick = { timeFactor: 0.01, pace: { every: '20ms' } } as const;

  it('C1 F1: error at call k, for every k: the volume is ERRED, says why, and nothing is held or lost', async function () {
    this.timeout(60_000);
    await using stage = await createStage(quick);
    const calls = await untilUntouched(
      stage,
      'openstack.volume.create',
      (name) => stage.insert('volume', name, { sizeGb: 1 }),
      async (run) => {
        if (run.isHit) await expectErred(stage, run);
        expect((await stage.row('volume', run.ref.id))!.backendId, `call ${run.n}`).to.equal(run.made.volumes.at(0) ?? '');
        await stage.expectClean();
      },
    );
    expect(calls).to.be.at.least(3);
  });

  it('C1 F2 forced: error at call k, for every k: the row is gone, and what is left on the cloud is an orphan with its reason', async function () {
    this.timeout(60_000);
    await using stage = await createStage(quick);
    const backend = createBackend(configOf(stage.cloud));
    let backendId = '';
    const calls = await untilUntouched(
      stage,
      'openstack.volume.delete',
      async (name) => {
        backendId = (await backend.createVolume({ token: name, name, sizeGb: 1 })).item.id;
        await until('it is there', async () => (await backend.getVolume(backendId)).status === 'available');
        return stage.insert('volume', name, { sizeGb: 1 }, 'ERRED', backendId);
      },
      async ({ n, ref, isHit, end: { info } }) => {
        expect(await stage.row('volume', ref.id), `call ${n}`).to.equal(undefined);
        const { code, message } = info.error ?? {};
        const orphan = { kind: 'volume', id: ref.id, backendId, error: { code, message } };
        expect(info.orphans, `call ${n}`).to.deep.equal(isHit ? [orphan] : undefined);
        await stage.expectClean();
      },
    );
    expect(calls).to.be.at.least(2);
  });

  it('C1 F6 V=2 F=1: the first answer of every call that changes something is lost: it succeeds, and nothing is doubled', async function () {
    // five retries, a second and more each
    this.timeout(30_000);
    await using stage = await createStage(quick);
    const { control } = stage.cloud;
    const routes = ['cinder.volumes.create', 'neutron.ports.create', 'nova.servers.create', 'neutron.floatingips.create'];
    for (const route of [...routes, 'neutron.floatingips.update']) control.failCalls({ route, effect: { kind: 'drop', when: 'after' } });
    const ref = await insertInstance(stage, 'vm', { volumes: 2, ips: 1 });
    expect(await stage.run('openstack.instance.create', ref)).to.include({ outcome: 'succeeded' });
    expect(control.faults().calls.map(({ hits }) => hits)).to.deep.equal(Array(5).fill(1));
    const { objects } = control.summary();
    expect([objects.volume, objects.server, objects.port, objects.floatingip].map(({ total }) => total)).to.deep.equal([2, 1, 1, 1]);
    await stage.expectClean();
  });

  it('C1 F6 V=2 F=1: error at call k, for every k: the instance is ERRED, all else rests as the family says, no port stays', async function () {
    this.timeout(120_000);
    await using stage = await createStage(quick);
    const calls = await untilUntouched(
      stage,
      'openstack.instance.create',
      (name) => insertInstance(stage, name, { volumes: 2, ips: 1 }),
      async (run) => {
        const { n, ref, isHit, made } = run;
        const where = `call ${n}`;
        if (isHit) await expectErred(stage, run);
        const kinds = { volume: [`${ref.id}-vol-1`, `${ref.id}-vol-2`], floatingIp: [`${ref.id}-ip`], instance: [ref.id] };
        const known: Record<string, string[]> = { volume: [], floatingIp: [], instance: [] };
        for (const [kind, ids] of Object.entries(kinds)) {
          for (const id of ids) {
            const row = await stage.row(kind, id);
            if (row === undefined) continue;
            expect(row.currentOperation, `${where}: ${id}`).to.equal(null);
            expect(row.state, `${where}: ${id}`).to.be.oneOf(kind === 'floatingIp' ? ['OK'] : ['OK', 'ERRED']);
            if (row.backendId !== '') known[kind]!.push(row.backendId);
          }
        }
        expect(await stage.row('tenant', 'tenant'), where).to.include({ currentOperation: null });
        // whatever is on the cloud has a row that knows it: nothing is left that nobody would find
        expect(made.volumes, `${where}: volumes`).to.have.members(known['volume']!);
        expect(made.floatingIps, `${where}: addresses`).to.have.members(known['floatingIp']!);
        expect(made.servers, `${where}: machines`).to.have.members(known['instance']!);
        expect(made.idlePorts, `${where}: idle ports`).to.deep.equal([]);
        await stage.expectClean();
      },
    );
    expect(calls).to.be.at.least(24);
  });
});
