import { expect } from 'chai';
import { backendConfigFromEnvironment, BackendError, backendErrorCodes, createBackend, isBackendError } from '@troupe/openstack';
import type { BackendErrorCode } from '@troupe/openstack';
import { startCloud } from '@troupe/openstack/internal';
import { configOf, createBench } from '../support/bench.ts';
import { failureOf } from '../support/failure.ts';
import { fakeCloud } from '../support/fake-cloud.ts';

const codesByStatus: readonly (readonly [status: number, code: BackendErrorCode, retryable: boolean])[] = [
  [400, 'bad_request', false],
  [401, 'unauthorized', false],
  [403, 'forbidden', false],
  [404, 'not_found', false],
  [409, 'conflict', false],
  [413, 'over_limit', true],
  [418, 'refused', false],
  [429, 'over_limit', true],
  [500, 'server_error', true],
  [502, 'server_error', true],
  [503, 'server_error', true],
  [504, 'server_error', true],
];

describe('errors of the backend client', () => {
  for (const [status, code, retryable] of codesByStatus) {
    it(`turn ${status} into ${code}`, async () => {
      await using bench = await createBench();
      bench.cloud.control.failCalls({ route: 'nova.servers.show', times: 2, effect: { kind: 'status', status, message: 'because' } });
      const error = await failureOf(bench.backend.getServer('some'), code);
      expect(error.retryable).to.equal(retryable);
      expect(error.outcomeUnknown, 'reading changes nothing').to.equal(false);
      expect(error.message).to.equal(`compute GET /compute/v2.1/servers/some: ${status} because`);
      expect(error.data).to.include({ service: 'compute', method: 'GET', path: '/compute/v2.1/servers/some', status });
      expect(error.data.requestId).to.match(/^req-/);
    });
  }

  it('carry the name that the service gives to the error', async () => {
    await using bench = await createBench();
    expect((await failureOf(bench.backend.getServer('none'), 'not_found')).data.fault).to.equal('itemNotFound');
    expect((await failureOf(bench.backend.getFloatingIp('none'), 'not_found')).data.fault).to.equal('FloatingIPNotFound');
  });

  it('read Retry-After in seconds', async () => {
    await using bench = await createBench();
    bench.cloud.control.failCalls({ route: 'cinder.volumes.show', effect: { kind: 'status', status: 429, retryAfterSeconds: 2.5 } });
    expect((await failureOf(bench.backend.getVolume('some'), 'over_limit')).retryAfterMs).to.equal(2500);
    bench.cloud.control.setBuildLimits({ volume: 0 });
    const refused = bench.backend.createVolume({ token: 't', name: 'n', sizeGb: 1 });
    expect((await failureOf(refused, 'over_limit')).retryAfterMs, 'as Cinder says it').to.equal(0);
    expect((await failureOf(bench.backend.getVolume('some'), 'not_found')).retryAfterMs).to.equal(undefined);
  });

  it('read Retry-After as a date against the clock of the server', async () => {
    const answer = async (retryAfter: string) => {
      await using proxy = await fakeCloud(503, '', { Date: 'Thu, 01 Jan 2026 00:00:00 GMT', 'Retry-After': retryAfter });
      return (await failureOf(proxy.backend.listFlavors(), 'server_error')).retryAfterMs;
    };
    expect(await answer('Thu, 01 Jan 2026 00:00:30 GMT')).to.equal(30_000);
    expect(await answer('Wed, 31 Dec 2025 23:59:00 GMT'), 'over by now').to.equal(0);
    expect(await answer('soon')).to.equal(undefined);
  });

  it('leave the outcome of a change unknown after a 5xx, not after a 4xx', async () => {
    await using bench = await createBench();
    for (const [status, unknown] of [
      [500, true],
      [503, true],
      [400, false],
      [429, false],
    ] as const) {
      bench.cloud.control.failCalls({ route: 'nova.servers.create', effect: { kind: 'status', status } });
      const pending = bench.backend.createServer({ token: 't', name: 'vm', flavorId: '1', imageId: bench.ids.image });
      const error = await pending.catch((caught: unknown) => caught as BackendError);
      expect((error as BackendError).outcomeUnknown, String(status)).to.equal(unknown);
    }
  });

  it('know that nothing was sent where nobody listens', async () => {
    const cloud = await startCloud();
    const backend = createBackend(configOf(cloud));
    await backend.listFlavors();
    await cloud.stop();
    const error = await failureOf(backend.deleteVolume('some'), 'network');
    expect(error.message).to.match(/got no answer \((ECONNREFUSED|UND_ERR_SOCKET|ECONNRESET)\)\.$/);
    const fresh = await failureOf(createBackend(configOf(cloud)).deleteVolume('some'), 'network');
    expect(fresh.outcomeUnknown).to.equal(false);
  });

  it('are told by their brand, across copies of the module', () => {
    const error = new BackendError('not_found', 'gone');
    const foreign: unknown = Object.defineProperty(new Error('copy'), Symbol.for('@troupe/openstack.BackendError'), { value: true });
    expect(isBackendError(error)).to.equal(true);
    expect(isBackendError(error, 'not_found', 'conflict')).to.equal(true);
    expect(isBackendError(error, 'conflict')).to.equal(false);
    expect(isBackendError(foreign)).to.equal(true);
    for (const other of [new Error('not_found'), { code: 'not_found' }, undefined, null, 'not_found'])
      expect(isBackendError(other)).to.equal(false);
  });

  it('have a meaning each', () => {
    for (const [code, { meaning }] of Object.entries(backendErrorCodes)) expect(meaning, code).to.match(/^\S.{10,}\.$|^\S.{10,}`$/);
  });
});

describe('the configuration of the backend client', () => {
  const environment = { OS_AUTH_URL: 'http://cloud/v3', OS_USERNAME: 'demo', OS_PASSWORD: 'word', OS_PROJECT_NAME: 'demo' };

  it('is read from the variables that the official client uses', () => {
    const all = {
      ...environment,
      OS_USER_DOMAIN_NAME: 'people',
      OS_PROJECT_DOMAIN_NAME: 'work',
      OS_REGION_NAME: 'north',
      OS_INTERFACE: 'internal',
    };
    expect(backendConfigFromEnvironment(all)).to.deep.equal({
      authUrl: 'http://cloud/v3',
      username: 'demo',
      password: 'word',
      projectName: 'demo',
      userDomainName: 'people',
      projectDomainName: 'work',
      region: 'north',
      endpointInterface: 'internal',
    });
  });

  it('names the variable that is missing or empty', () => {
    for (const name of Object.keys(environment)) {
      for (const value of [undefined, '']) {
        try {
          backendConfigFromEnvironment({ ...environment, [name]: value });
          expect.fail(`${name} was not missed`);
        } catch (error) {
          if (!isBackendError(error, 'invalid_config')) throw error;
          expect(error.data.field).to.equal(name);
        }
      }
    }
  });
});
