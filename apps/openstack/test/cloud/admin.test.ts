import { expect } from 'chai';
import { createBench } from '../support/bench.ts';
import type { Bench } from '../support/bench.ts';
import { longMs, readyVolume, runningServer } from '../support/objects.ts';

const createVolume = (bench: Bench, name: string) =>
  bench.call('POST', '/volume/v3/{project}/volumes', { body: { volume: { name, size: 1, metadata: { troupe_token: 'same' } } } });

describe('the admin API of the simulated cloud', () => {
  it('tells the peaks, the refusals and the objects by status', async () => {
    await using bench = await createBench({ buildLimits: { volume: 2 } });
    for (const name of ['a', 'b', 'c']) await createVolume(bench, name);
    expect((await bench.callOpen('GET', '/admin/peak')).body).to.deep.equal({ instance: 0, volume: 2 });
    expect((await bench.callOpen('GET', '/admin/refusals')).body).to.deep.equal({ instance: 0, volume: 1 });
    const objects = (await bench.callOpen('GET', '/admin/objects')).body;
    expect(objects['volume']).to.deep.equal({ total: 2, byStatus: { creating: 2 } });
    expect((await bench.callOpen('GET', '/admin')).body).to.deep.equal(JSON.parse(JSON.stringify(bench.cloud.control.summary())));
  });

  it('tells which tokens have more than one object, also after they are gone', async () => {
    await using bench = await createBench();
    for (const name of ['a', 'b']) await createVolume(bench, name);
    await bench.backend.createPort({ token: 'single', networkId: bench.ids.privateNetwork });
    bench.clock.advance(longMs);
    for (const { id } of (await bench.call('GET', '/volume/v3/{project}/volumes')).body['volumes']!)
      await bench.backend.deleteVolume(String(id));
    bench.clock.advance(longMs);
    const { body } = await bench.callOpen('GET', '/admin/tokens');
    expect(Array.from(body['tokens']!, ({ kind, token }) => [kind, token])).to.deep.equal([
      ['volume', 'same'],
      ['port', 'single'],
    ]);
    expect(Array.from(body['duplicates']!, ({ token }) => token)).to.deep.equal(['same']);
    expect(Array.from(body['duplicates']![0]!['ids']!)).to.have.length(2);
  });

  it('keeps every call with method, path, status and time, and answers from where one left off', async () => {
    await using bench = await createBench();
    const before = bench.cloud.control.summary().calls.total;
    await createVolume(bench, 'a');
    await bench.call('GET', '/volume/v3/{project}/volumes?limit=1');
    await bench.call('GET', '/nowhere');
    const { calls, builds } = (await bench.callOpen('GET', `/admin/log?after=${before}`)).body as unknown as ReturnType<
      typeof bench.cloud.control.log
    >;
    expect(calls.map(({ method, route, status }) => [method, route, status])).to.deep.equal([
      ['POST', 'cinder.volumes.create', 202],
      ['GET', 'cinder.volumes.list', 200],
      ['GET', 'unknown', 404],
    ]);
    expect(calls[1]?.path).to.equal(`/volume/v3/${bench.ids.project}/volumes?limit=1`);
    expect(calls[1]?.at).to.equal(bench.clock.now());
    expect(builds.map(({ event, name }) => [event, name])).to.deep.equal([['start', 'a']]);
    expect((await bench.callOpen('GET', '/admin/log?after=x')).status).to.equal(400);
  });

  it('does not show up in the log itself, and no fault can hit it', async () => {
    await using bench = await createBench();
    bench.cloud.control.failCalls({ route: '*', times: 0, effect: { kind: 'status', status: 500 } });
    bench.cloud.control.startOutage({ service: '*', mode: 'drop' });
    const before = bench.cloud.control.summary().calls.total;
    expect((await bench.callOpen('GET', '/admin/peak')).status).to.equal(200);
    expect(bench.cloud.control.summary().calls.total).to.equal(before);
  });

  it('sets, lists and removes faults', async () => {
    await using bench = await createBench();
    const call = await bench.callOpen('POST', '/admin/faults/calls', {
      body: { route: 'nova.*', times: 0, effect: { kind: 'status', status: 500 } },
    });
    const transition = await bench.callOpen('POST', '/admin/faults/transitions', {
      body: { transition: 'volume.create', name: 'bad', outcome: { kind: 'status', status: 'error' } },
    });
    expect([call.status, transition.status]).to.deep.equal([201, 201]);
    expect((await bench.call('GET', '/compute/v2.1/flavors')).status).to.equal(500);
    expect((await readyVolume(bench, 'bad')).status).to.equal('error');
    const listed = (await bench.callOpen('GET', '/admin/faults')).body;
    expect(listed['calls']![0]).to.include({ route: 'nova.*', hits: 1 });
    expect(listed['transitions']![0]).to.include({ transition: 'volume.create', hits: 1 });
    expect((await bench.callOpen('DELETE', `/admin/faults/${call.body['id']}`)).status).to.equal(204);
    expect((await bench.callOpen('DELETE', `/admin/faults/${call.body['id']}`)).status).to.equal(404);
    await bench.callOpen('DELETE', '/admin/faults');
    expect(bench.cloud.control.faults()).to.deep.equal({ calls: [], transitions: [] });
  });

  it('starts and ends outages', async () => {
    await using bench = await createBench();
    await bench.callOpen('POST', '/admin/outages', { body: { service: 'nova' } });
    expect((await bench.call('GET', '/compute/v2.1/flavors')).status).to.equal(503);
    await bench.callOpen('DELETE', '/admin/outages?service=nova');
    expect((await bench.call('GET', '/compute/v2.1/flavors')).status).to.equal(200);
  });

  it('makes objects vanish and puts them into any status', async () => {
    await using bench = await createBench();
    const server = await runningServer(bench, 'vm');
    const data = await readyVolume(bench, 'data');
    const [port] = await bench.backend.listPorts({ deviceId: server.id });
    const { item: ip } = await bench.backend.createFloatingIp({ token: 'ip', networkId: bench.ids.publicNetwork });
    const put = (kind: string, id: string, body: object) => bench.callOpen('PUT', `/admin/objects/${kind}/${id}/status`, { body });
    await put('server', server.id, { status: 'ERROR', message: 'disk on fire' });
    await put('volume', data.id, { status: 'error_deleting' });
    await put('port', port!.id, { status: 'DOWN' });
    await put('floatingip', ip.id, { status: 'ERROR' });
    expect(await bench.backend.getServer(server.id)).to.include({ state: 'ERROR', fault: 'disk on fire' });
    expect((await bench.backend.getVolume(data.id)).status).to.equal('error_deleting');
    expect((await bench.backend.findPort(port!.id))?.status).to.equal('DOWN');
    expect((await bench.backend.getFloatingIp(ip.id)).status).to.equal('ERROR');
    for (const [kind, id] of [
      ['server', server.id],
      ['volume', data.id],
      ['port', port!.id],
      ['floatingip', ip.id],
    ]) {
      expect((await bench.callOpen('DELETE', `/admin/objects/${kind}/${id}`)).status, kind).to.equal(204);
      expect((await bench.callOpen('DELETE', `/admin/objects/${kind}/${id}`)).status, `${kind} again`).to.equal(404);
    }
    expect((await bench.callOpen('DELETE', '/admin/objects/planet/1')).status).to.equal(404);
  });

  it('changes limits, latencies and quotas', async () => {
    await using bench = await createBench();
    expect((await bench.callOpen('PUT', '/admin/limits', { body: { instance: 4 } })).body).to.deep.equal({ instance: 4, volume: null });
    expect((await bench.callOpen('PUT', '/admin/limits', { body: { instance: null } })).body).to.deep.equal({
      instance: null,
      volume: null,
    });
    expect((await bench.callOpen('PUT', '/admin/latencies', { body: { call: 0, serverCreate: 70_000 } })).body).to.include({
      serverCreate: 70_000,
    });
    expect((await bench.callOpen('PUT', '/admin/quotas/demo', { body: { volumes: 1 } })).body).to.include({
      volumes: 1,
      instances: 10_000,
    });
    expect((await bench.callOpen('PUT', '/admin/quotas/nobody', { body: { volumes: 1 } })).status).to.equal(404);
    await createVolume(bench, 'a');
    expect((await createVolume(bench, 'b')).status).to.equal(413);
  });

  it('makes all tokens expire', async () => {
    await using bench = await createBench();
    expect((await bench.callOpen('DELETE', '/admin/tokens')).status).to.equal(204);
    expect((await bench.call('GET', '/compute/v2.1/flavors')).status).to.equal(401);
  });

  it('refuses what it does not understand, naming the field', async () => {
    await using bench = await createBench();
    const refused = async (method: string, path: string, body: unknown) => {
      const reply = await bench.callOpen(method, `/admin${path}`, { body });
      return `${reply.status} ${reply.body['error']!['message']}`;
    };
    expect(await refused('POST', '/faults/calls', { route: 'nova.*', effect: { kind: 'explode' } })).to.match(/^400 .*effect\.kind/);
    expect(await refused('POST', '/faults/calls', { route: 'nova.*', nth: 0, effect: { kind: 'slow', ms: 1 } })).to.match(/^400 .*nth/);
    expect(await refused('POST', '/faults/transitions', { transition: 'volume.fly', outcome: { kind: 'vanish' } })).to.match(
      /^400 .*transition/,
    );
    expect(await refused('PUT', '/limits', { instance: -1 })).to.match(/^400 .*instance/);
    expect(await refused('PUT', '/limits', { instances: 4 })).to.match(/^400 /);
    expect(await refused('PUT', '/latencies', { volumeCreate: -1 })).to.match(/^400 .*volumeCreate/);
    expect(await refused('PUT', '/limits', '{"instance":')).to.match(/^400 /);
  });

  it('lists the routes by the names that faults go by', async () => {
    await using bench = await createBench();
    const names = Array.from((await bench.callOpen('GET', '/admin/routes')).body, ({ name }) => String(name));
    expect(new Set(names).size, 'each name once').to.equal(names.length);
    expect(names).to.include.members([
      'keystone.tokens.create',
      'cinder.volumes.create',
      'nova.servers.action',
      'neutron.floatingips.update',
    ]);
  });
});
