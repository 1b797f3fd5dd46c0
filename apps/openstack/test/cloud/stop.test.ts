import { expect } from 'chai';
import { startCloud } from '@troupe/openstack/internal';
import { createBench } from '../support/bench.ts';
import { expectNoAnswer, send } from '../support/http.ts';

describe('a simulated cloud that is stopped', () => {
  it('cuts its connections, cancels what is under way and may be stopped twice', async () => {
    await using bench = await createBench({ latencies: { volumeCreate: 5000 } });
    await bench.backend.createVolume({ token: 't', name: 'data', sizeGb: 1 });
    bench.cloud.control.setLatencies({ call: 1000 });
    const waiting = bench.call('GET', '/compute/v2.1/flavors');
    while (bench.clock.pending() < 2) await bench.callOpen('GET', '/admin');
    const cut = expectNoAnswer(waiting);
    await Promise.all([bench.cloud.stop(), bench.cloud.stop()]);
    await cut;
    expect(bench.clock.pending()).to.equal(0);
    await expectNoAnswer(send(`${bench.cloud.url}/v3`));
  });

  it('frees its port', async () => {
    const first = await startCloud();
    const port = Number(new URL(first.url).port);
    const taken = await startCloud({ port }).catch((error: NodeJS.ErrnoException) => error.code);
    expect(taken).to.equal('EADDRINUSE');
    await first.stop();
    await using second = await startCloud({ port });
    expect((await send(`${second.url}/v3`)).status).to.equal(200);
  });
});
