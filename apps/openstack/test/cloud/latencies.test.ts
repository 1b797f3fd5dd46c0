import { expect } from 'chai';
import { defaultLatencies, startCloud } from '@troupe/openstack/internal';
import { createBackend } from '@troupe/openstack';
import { configOf, createBench } from '../support/bench.ts';

describe('latencies of the simulated cloud', () => {
  it('can be set one by one and changed while it runs', async () => {
    await using bench = await createBench({ latencies: { volumeCreate: 100 } });
    const create = () => bench.backend.createVolume({ token: `t${bench.clock.now()}`, name: 'data', sizeGb: 1 });
    const first = await create();
    bench.clock.advance(100);
    expect((await bench.backend.getVolume(first.item.id)).status).to.equal('available');
    bench.cloud.control.setLatencies({ volumeCreate: 9000 });
    const second = await create();
    bench.clock.advance(8999);
    expect((await bench.backend.getVolume(second.item.id)).status).to.equal('creating');
    expect(bench.cloud.control.latencies()).to.deep.equal({ ...defaultLatencies, volumeCreate: 9000 });
  });

  it('are all multiplied by the time factor', async () => {
    await using bench = await createBench({ timeFactor: 0.02 });
    const { item } = await bench.backend.createVolume({ token: 't', name: 'data', sizeGb: 1 });
    bench.clock.advance(29.9);
    expect((await bench.backend.getVolume(item.id)).status).to.equal('creating');
    bench.clock.advance(0.1);
    expect((await bench.backend.getVolume(item.id)).status).to.equal('available');
  });

  it('hold up every answer of the API, but not of the admin API', async () => {
    await using bench = await createBench();
    bench.cloud.control.setLatencies({ call: 50 });
    let answered = false;
    const call = bench.call('GET', '/compute/v2.1/flavors').then((reply) => {
      answered = true;
      return reply;
    });
    // The admin API answers at once, and shows that the call has arrived but is not answered.
    while (bench.clock.pending() === 0) await bench.callOpen('GET', '/admin/peak');
    expect(answered).to.equal(false);
    bench.clock.advance(50);
    expect((await call).status).to.equal(200);
    const [entry] = bench.cloud.control.log().calls.slice(-1);
    expect(entry).to.include({ route: 'nova.flavors.list', durationMs: 50, status: 200 });
  });

  it('pass in real time by default', async () => {
    await using cloud = await startCloud({ timeFactor: 0.02 });
    const backend = createBackend(configOf(cloud));
    const { item } = await backend.createVolume({ token: 't', name: 'data', sizeGb: 1 });
    let status = item.status;
    while (status === 'creating') ({ status } = await backend.getVolume(item.id));
    expect(status).to.equal('available');
    const [start, end] = cloud.control.log().builds;
    expect(end!.at - start!.at).to.be.at.least(20);
  });
});
