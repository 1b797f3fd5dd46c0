import { expect } from 'chai';
import { createBench } from '../support/bench.ts';
import type { Bench } from '../support/bench.ts';
import { expectNoAnswer } from '../support/http.ts';

const volumes = '/volume/v3/{project}/volumes';
const createVolume = (bench: Bench, name = 'data') => bench.call('POST', volumes, { body: { volume: { name, size: 1 } } });
const countVolumes = ({ cloud }: Bench): number => cloud.control.summary().objects.volume.total;

describe('programmed faults of calls', () => {
  it('hit the n-th call of a route and no other', async () => {
    await using bench = await createBench();
    bench.cloud.control.failCalls({ route: 'cinder.volumes.create', nth: 2, effect: { kind: 'status', status: 500, message: 'broken' } });
    const statuses = [];
    for (let call = 0; call < 3; call += 1) statuses.push((await createVolume(bench)).status);
    expect(statuses).to.deep.equal([202, 500, 202]);
    expect(countVolumes(bench)).to.equal(2);
    expect(bench.cloud.control.faults().calls[0]).to.include({ seen: 3, hits: 1 });
  });

  it('hit several calls, or all until they are removed', async () => {
    await using bench = await createBench();
    bench.cloud.control.failCalls({ route: 'cinder.volumes.list', times: 2, effect: { kind: 'status', status: 503 } });
    const always = bench.cloud.control.failCalls({
      route: 'nova.*',
      times: 0,
      effect: { kind: 'status', status: 429, retryAfterSeconds: 3 },
    });
    const list = async (path: string) => (await bench.call('GET', path)).status;
    expect([await list(volumes), await list(volumes), await list(volumes)]).to.deep.equal([503, 503, 200]);
    expect([await list('/compute/v2.1/flavors'), await list('/compute/v2.1/servers')]).to.deep.equal([429, 429]);
    expect(bench.cloud.control.removeFault(always)).to.equal(true);
    expect(bench.cloud.control.removeFault(always), 'a second time').to.equal(false);
    expect(await list('/compute/v2.1/flavors')).to.equal(200);
  });

  it('speak in the words of the service that they hit', async () => {
    await using bench = await createBench();
    for (const service of ['nova', 'neutron', 'glance', 'keystone']) {
      bench.cloud.control.failCalls({
        route: `${service}.*`,
        effect: { kind: 'status', status: 429, message: 'slow down', retryAfterSeconds: 2 },
      });
    }
    const nova = await bench.call('GET', '/compute/v2.1/flavors');
    expect(nova.body).to.deep.equal({ overLimit: { code: 429, message: 'slow down', retryAfter: '2' } });
    expect(nova.headers.get('retry-after')).to.equal('2');
    const neutron = await bench.call('GET', '/networking/v2.0/ports');
    expect(neutron.body['NeutronError']!['message']).to.equal('slow down');
    const glance = await bench.call('GET', '/image/v2/images');
    expect(glance.headers.get('content-type')).to.match(/^text\/html/);
    expect(glance.body).to.match(/slow down/);
    const keystone = await bench.call('GET', '/v3/auth/catalog');
    expect(keystone.body['error']).to.include({ code: 429, title: 'Too Many Requests' });
  });

  it('cut the connection before the call has an effect', async () => {
    await using bench = await createBench();
    bench.cloud.control.failCalls({ route: 'cinder.volumes.create', effect: { kind: 'drop', when: 'before' } });
    await expectNoAnswer(createVolume(bench));
    expect(countVolumes(bench)).to.equal(0);
    expect(bench.cloud.control.log().calls.at(-1)).to.include({ route: 'cinder.volumes.create', status: 'dropped', fault: 'call-fault-1' });
  });

  it('cut the connection after the call has had its effect', async () => {
    await using bench = await createBench();
    bench.cloud.control.failCalls({ route: 'cinder.volumes.create', effect: { kind: 'drop', when: 'after' } });
    await expectNoAnswer(createVolume(bench));
    expect(countVolumes(bench)).to.equal(1);
  });

  it('answer with an error after the fact', async () => {
    await using bench = await createBench();
    bench.cloud.control.failCalls({ route: 'cinder.volumes.create', effect: { kind: 'status', status: 504, when: 'after' } });
    expect((await createVolume(bench)).status).to.equal(504);
    expect(countVolumes(bench)).to.equal(1);
  });

  it('slow a call down without changing it', async () => {
    await using bench = await createBench();
    bench.cloud.control.failCalls({ route: 'cinder.volumes.create', effect: { kind: 'slow', ms: 700 } });
    const slow = createVolume(bench, 'slow');
    while (bench.clock.pending() === 0) await bench.callOpen('GET', '/admin');
    expect(countVolumes(bench), 'nothing has happened yet').to.equal(0);
    expect((await createVolume(bench, 'quick')).status).to.equal(202);
    bench.clock.advance(700);
    expect((await slow).status).to.equal(202);
    expect(countVolumes(bench)).to.equal(2);
  });

  it('give way to an outage, which ends by itself or by hand', async () => {
    await using bench = await createBench();
    bench.cloud.control.startOutage({ service: 'cinder', mode: 'refuse', forMs: 1000 });
    const refused = await createVolume(bench);
    expect(refused.status).to.equal(503);
    expect(refused.body).to.have.property('serviceUnavailable');
    expect((await bench.call('GET', '/compute/v2.1/flavors')).status, 'the others go on').to.equal(200);
    bench.clock.advance(1000);
    expect((await createVolume(bench)).status).to.equal(202);
    bench.cloud.control.startOutage({ service: '*', mode: 'drop' });
    await expectNoAnswer(bench.call('GET', '/compute/v2.1/flavors'));
    expect(bench.cloud.control.outages()).to.deep.equal([{ service: '*', mode: 'drop' }]);
    bench.cloud.control.endOutage('*');
    expect((await bench.call('GET', '/compute/v2.1/flavors')).status).to.equal(200);
  });
});
