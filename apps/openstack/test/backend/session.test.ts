import { expect } from 'chai';
import { createBackend } from '@troupe/openstack';
import { createBench } from '../support/bench.ts';
import type { Bench } from '../support/bench.ts';
import { failureOf } from '../support/failure.ts';
import { fakeCloud } from '../support/fake-cloud.ts';

const logIns = ({ cloud }: Bench): number => cloud.control.summary().calls.byRoute['keystone.tokens.create'] ?? 0;

describe('a session with a cloud', () => {
  it('logs in once for all calls', async () => {
    await using bench = await createBench();
    const before = logIns(bench);
    const backend = createBackend(bench.config);
    await Promise.all([backend.listFlavors(), backend.listNetworks(), backend.findVolumeByToken('none'), backend.findImage('cirros')]);
    expect(logIns(bench) - before).to.equal(1);
  });

  it('logs in again after a 401, once for all calls that meet it, and repeats them', async () => {
    await using bench = await createBench();
    await bench.backend.listFlavors();
    const before = logIns(bench);
    bench.cloud.control.expireTokens();
    const flavors = await Promise.all(Array.from({ length: 5 }, () => bench.backend.listFlavors()));
    expect(flavors.every((list) => list.length === 4)).to.equal(true);
    expect(logIns(bench) - before).to.equal(1);
  });

  it('repeats a create after a 401 without making two', async () => {
    await using bench = await createBench();
    bench.cloud.control.failCalls({ route: 'cinder.volumes.create', effect: { kind: 'status', status: 401 } });
    const { isNew } = await bench.backend.createVolume({ token: 't', name: 'data', sizeGb: 1 });
    expect(isNew).to.equal(true);
    expect(bench.cloud.control.summary().objects.volume.total).to.equal(1);
  });

  it('gives up when a fresh token is refused as well', async () => {
    await using bench = await createBench();
    bench.cloud.control.failCalls({ route: 'nova.flavors.list', times: 0, effect: { kind: 'status', status: 401 } });
    const error = await failureOf(bench.backend.listFlavors(), 'unauthorized');
    expect(error.retryable).to.equal(false);
    expect(bench.cloud.control.summary().calls.byRoute['nova.flavors.list']).to.equal(2);
  });

  it('says that the credentials are wrong, and tries again with the next call', async () => {
    await using bench = await createBench();
    const before = logIns(bench);
    const backend = createBackend({ ...bench.config, password: 'wrong' });
    const error = await failureOf(backend.listFlavors(), 'unauthorized');
    expect(error.data).to.include({ service: 'identity', status: 401 });
    expect(error.message).to.not.include('wrong');
    await failureOf(backend.listFlavors(), 'unauthorized');
    expect(logIns(bench) - before).to.equal(2);
  });

  it('recovers from a log-in that got no answer', async () => {
    await using bench = await createBench();
    bench.cloud.control.failCalls({ route: 'keystone.tokens.create', effect: { kind: 'drop', when: 'before' } });
    const backend = createBackend(bench.config);
    const error = await failureOf(backend.listFlavors(), 'network');
    expect(error.retryable).to.equal(true);
    expect(await backend.listFlavors()).to.have.length(4);
  });

  it('gives up a log-in that gets no answer in its time, for all who wait for it, and tries again with the next call', async () => {
    await using bench = await createBench();
    bench.cloud.control.failCalls({ route: 'keystone.tokens.create', effect: { kind: 'slow', ms: 60_000 } });
    const backend = createBackend({ ...bench.config, logInLimitMs: 100 });
    const errors = await Promise.all([failureOf(backend.listFlavors(), 'network'), failureOf(backend.listNetworks(), 'network')]);
    for (const error of errors) expect(error).to.include({ retryable: true, message: 'identity: the log-in got no answer in 100 ms.' });
    expect(await createBackend(bench.config).listFlavors()).to.have.length(4);
    expect(await backend.listFlavors()).to.have.length(4);
  });

  it('takes an auth URL with and without the version', async () => {
    await using bench = await createBench();
    for (const authUrl of [bench.cloud.url, `${bench.cloud.url}/`, `${bench.cloud.url}/v3`, `${bench.cloud.url}/v3/`]) {
      expect(await createBackend({ ...bench.config, authUrl }).listFlavors(), authUrl).to.have.length(4);
    }
    const error = await failureOf(createBackend({ ...bench.config, authUrl: 'cloud' }).listFlavors(), 'invalid_config');
    expect(error.data.field).to.equal('authUrl');
  });

  it('finds its endpoints by region and interface', async () => {
    await using bench = await createBench();
    const error = await failureOf(createBackend({ ...bench.config, region: 'elsewhere' }).listFlavors(), 'no_endpoint');
    expect(error.data.service).to.equal('compute');
    expect(await createBackend({ ...bench.config, region: undefined, endpointInterface: 'internal' }).listFlavors()).to.have.length(4);
  });

  it('calls an answer malformed that is no JSON, or lacks what the API promises', async () => {
    await using html = await fakeCloud(200, '<html>proxy</html>');
    await failureOf(html.backend.listFlavors(), 'malformed');
    await using empty = await fakeCloud(201, '{"token":{}}', { 'X-Subject-Token': 'x' });
    const error = await failureOf(empty.backend.listFlavors(), 'malformed');
    expect(error.message).to.not.include('secret-word');
  });

  it('does not follow a redirect with the token in its hand', async () => {
    await using elsewhere = await fakeCloud(302, '', { Location: 'http://127.0.0.1:9/' });
    await failureOf(elsewhere.backend.listFlavors(), 'network');
  });
});
