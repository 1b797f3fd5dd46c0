import { once } from 'node:events';
import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { expect } from 'chai';
import { createBench } from '../support/bench.ts';

describe('the version documents of the simulated cloud', () => {
  it('say where Keystone v3 is', async () => {
    await using bench = await createBench();
    const all = await bench.callOpen('GET', '/');
    expect(all.status).to.equal(300);
    expect(all.body['versions']!['values']![0]!['id']).to.match(/^v3\./);
    const one = await bench.callOpen('GET', '/v3/');
    expect(one.status).to.equal(200);
    expect(one.body['version']!['links']![0]!['href']).to.equal(`${bench.cloud.url}/v3/`);
  });

  it('name the microversions of Nova and Cinder', async () => {
    await using bench = await createBench();
    const nova = await bench.callOpen('GET', '/compute/v2.1/');
    expect(nova.body['version']).to.include({ id: 'v2.1', min_version: '2.1', version: '2.79' });
    const cinder = await bench.callOpen('GET', '/volume/v3/');
    expect(cinder.body['versions']![0]).to.include({ id: 'v3.0', min_version: '3.0', version: '3.59' });
  });

  it('exist for Neutron and Glance', async () => {
    await using bench = await createBench();
    const neutron = await bench.callOpen('GET', '/networking/');
    expect(neutron.body['versions']![0]!['id']).to.equal('v2.0');
    const glance = await bench.callOpen('GET', '/image/');
    expect(glance.status).to.equal(300);
    expect(glance.body['versions']![0]!['status']).to.equal('CURRENT');
  });

  it('speak of the host that the client called', async () => {
    await using bench = await createBench();
    const request = get(`${bench.cloud.url}/v3`, { headers: { Host: 'cloud.example:8080' } });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const body = (await json(response)) as { version: { links: { href: string }[] } };
    expect(body.version.links[0]?.href).to.equal('http://cloud.example:8080/v3/');
  });
});
