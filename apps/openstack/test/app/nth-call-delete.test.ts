import { createBackend } from '@troupe/openstack';
import type { ResourceRef } from '@troupe/protocol';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { configOf } from '../support/bench.ts';
import { createObjectReader } from '../support/cloud-objects.ts';
import { untilUntouched } from '../support/nth-call.ts';
import { createStage, type Stage } from '../support/stage.ts';

/** A machine with a data volume and an address, made behind the back of the app, and the rows of it. */
async function existingInstance(stage: Stage, id: string): Promise<ResourceRef> {
  const backend = createBackend(configOf(stage.cloud));
  const networks = await backend.listNetworks();
  const networkId = (isExternal: boolean): string => networks.find((one) => one.isExternal === isExternal)!.id;
  const image = (await backend.findImage('cirros'))!.id;
  const volumes: string[] = [];
  for (const [n, options] of [{ imageId: image }, {}].entries()) {
    const { item } = await backend.createVolume({ token: `${id}-${n}`, name: `${id}-${n}`, sizeGb: 1, ...options });
    await until('the volume is there', async () => (await backend.getVolume(item.id)).status === 'available');
    volumes.push(item.id);
    await stage.insert('volume', `${id}-vol-${n + 1}`, { sizeGb: 1 }, 'OK', item.id);
  }
  const { item: port } = await backend.createPort({ token: id, networkId: networkId(false) });
  const [bootVolumeId, ...dataVolumeIds] = volumes as [string, ...string[]];
  const wanted = { token: id, name: id, flavorId: '1', bootVolumeId, deleteBootVolume: true, dataVolumeIds, portIds: [port.id] };
  const { item: server } = await backend.createServer(wanted);
  const { item: ip } = await backend.createFloatingIp({ token: id, networkId: networkId(true), portId: port.id });
  await until('the machine runs', async () => (await backend.getServer(server.id)).state === 'ACTIVE');
  await stage.insert('floatingIp', `${id}-ip`, {}, 'OK', ip.id);
  if ((await stage.row('tenant', 'tenant')) === undefined) await stage.insert('tenant', 'tenant', {}, 'OK');
  const rows = { volumes: [`${id}-vol-1`, `${id}-vol-2`], floatingIps: [`${id}-ip`], portIds: [port.id], tenant: 'tenant' };
  return stage.insert('instance', id, { flavor: '1', ...rows }, 'OK', server.id);
}

describe('a call to the cloud that fails during a delete, be it the first or the last', () => {
  it('C1 F7 b: error at call k, for every k: the instance is ERRED, nothing is half gone without a trace, and a forced delete ends it', async function () {
    this.timeout(180_000);
    await using stage = await createStage({ timeFactor: 0.01, pace: { every: '20ms' } });
    const readObjects = await createObjectReader(stage.cloud);
    let failures = 0;
    const calls = await untilUntouched(
      stage,
      'openstack.instance.delete',
      (name) => existingInstance(stage, name),
      async ({ n, ref, end }) => {
        const rowsOf = async () =>
          Promise.all([
            stage.row('instance', ref.id),
            stage.row('volume', `${ref.id}-vol-1`),
            stage.row('volume', `${ref.id}-vol-2`),
            stage.row('floatingIp', `${ref.id}-ip`),
          ]);
        const where = `call ${n}`;
        // a removal that is refused because the object is gone, or going, is none that failed
        if (end.outcome !== 'succeeded') {
          failures++;
          const [instance, ...others] = await rowsOf();
          expect(instance, where).to.include({ state: 'ERRED', currentOperation: null });
          expect(instance!.error!.message, where).to.equal(end.error!.message).and.to.include('not this time');
          for (const row of others) if (row !== undefined) expect(row.state, `${where}: ${row.id}`).to.be.oneOf(['OK', 'ERRED']);
          expect(await stage.run('openstack.instance.delete', ref), where).to.include({ outcome: 'succeeded' });
        }
        expect(await rowsOf(), where).to.deep.equal(Array(4).fill(undefined));
        await until(`${where}: nothing is on the cloud`, async () =>
          Object.values(await readObjects()).every(({ length }) => length === 0),
        );
        await stage.expectClean();
      },
    );
    expect(calls).to.be.at.least(12);
    expect(failures).to.be.at.least(10);
  });
});
