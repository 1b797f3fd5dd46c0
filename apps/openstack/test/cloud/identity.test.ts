import { expect } from 'chai';
import { createBench, logInBody } from '../support/bench.ts';

describe('Keystone of the simulated cloud', () => {
  it('gives a token with the catalogue for a name and a password', async () => {
    await using bench = await createBench();
    const reply = await bench.callOpen('POST', '/v3/auth/tokens', { body: logInBody('demo') });
    expect(reply.status).to.equal(201);
    expect(reply.headers.get('x-subject-token')).to.be.a('string');
    const token = reply.body['token']!;
    expect(token['user']).to.deep.include({ name: 'demo', domain: { id: 'default', name: 'Default' } });
    expect(token['project']!['name']).to.equal('demo');
    expect(token['methods']).to.deep.equal(['password']);
    const types = Array.from(token['catalog']!, (entry) => entry['type']);
    expect(types).to.include.members(['identity', 'compute', 'volumev3', 'image', 'network']);
  });

  it('puts the project into the address of Cinder', async () => {
    await using bench = await createBench();
    const { body } = await bench.call('GET', '/v3/auth/catalog');
    const cinder = [...body['catalog']!].find((entry) => String(entry['type']) === 'volumev3');
    expect(cinder?.['endpoints']![0]!['url']).to.equal(`${bench.cloud.url}/volume/v3/${bench.ids.project}`);
  });

  it('refuses a wrong password, user, domain and project alike', async () => {
    await using bench = await createBench();
    const wrongDomain = {
      auth: { identity: { methods: ['password'], password: { user: { name: 'demo', domain: { id: 'other' }, password: 'demo' } } } },
    };
    const wrongProject = structuredClone(logInBody('demo')) as { auth: { scope: { project: { name: string } } } };
    wrongProject.auth.scope.project.name = 'admin';
    for (const body of [logInBody('demo', 'wrong'), logInBody('nobody'), wrongDomain, wrongProject]) {
      const reply = await bench.callOpen('POST', '/v3/auth/tokens', { body });
      expect(reply.status).to.equal(401);
      expect(reply.body['error']).to.include({ code: 401, title: 'Unauthorized' });
    }
  });

  it('names what is missing in a log-in', async () => {
    await using bench = await createBench();
    const reply = await bench.callOpen('POST', '/v3/auth/tokens', { body: { auth: {} } });
    expect(reply.status).to.equal(400);
    expect(reply.body['error']!['message']).to.match(/auth\.identity/);
  });

  it('makes a token of a token that lives no longer', async () => {
    await using bench = await createBench({ tokenTtlMs: 1000 });
    const first = await bench.callOpen('POST', '/v3/auth/tokens', { body: logInBody('demo') });
    bench.clock.advance(400);
    const body = { auth: { identity: { methods: ['token'], token: { id: first.headers.get('x-subject-token') } } } };
    const second = await bench.callOpen('POST', '/v3/auth/tokens', { body });
    expect(second.status).to.equal(201);
    expect(second.body['token']!['expires_at']).to.equal(first.body['token']!['expires_at']);
    expect(second.body['token']!['project'], 'no scope was asked for').to.equal(undefined);
  });

  it('shows and revokes tokens', async () => {
    await using bench = await createBench();
    const made = await bench.callOpen('POST', '/v3/auth/tokens', { body: logInBody('demo') });
    const subject = made.headers.get('x-subject-token') ?? '';
    const shown = await bench.call('GET', '/v3/auth/tokens', { headers: { 'X-Subject-Token': subject } });
    expect(shown.body['token']!['audit_ids']).to.deep.equal(made.body['token']!['audit_ids']);
    const revoked = await bench.call('DELETE', '/v3/auth/tokens', { headers: { 'X-Subject-Token': subject } });
    expect(revoked.status).to.equal(204);
    const gone = await bench.call('GET', '/v3/auth/tokens', { headers: { 'X-Subject-Token': subject } });
    expect(gone.status).to.equal(404);
  });

  it('lets tokens expire, and every service then says 401 and where to log in', async () => {
    await using bench = await createBench({ tokenTtlMs: 1000 });
    bench.clock.advance(1001);
    for (const path of ['/compute/v2.1/servers', '/volume/v3/{project}/volumes', '/networking/v2.0/ports', '/image/v2/images']) {
      const reply = await bench.call('GET', path);
      expect(reply.status, path).to.equal(401);
      expect(reply.headers.get('www-authenticate'), path).to.equal(`Keystone uri="${bench.cloud.url}/v3"`);
    }
  });

  it('lists the projects one may work in, and all to an admin', async () => {
    await using bench = await createBench();
    const own = await bench.call('GET', '/v3/auth/projects');
    expect(Array.from(own.body['projects']!, ({ name }) => name)).to.deep.equal(['demo']);
    const all = await bench.callAsAdmin('GET', '/v3/projects');
    expect(Array.from(all.body['projects']!, ({ name }) => name)).to.have.members(['demo', 'admin']);
  });

  it('lets an admin, and nobody else, make and remove projects', async () => {
    await using bench = await createBench();
    const body = { project: { name: 'team' } };
    expect((await bench.call('POST', '/v3/projects', { body })).status).to.equal(403);
    const made = await bench.callAsAdmin('POST', '/v3/projects', { body });
    expect(made.status).to.equal(201);
    expect((await bench.callAsAdmin('POST', '/v3/projects', { body })).status).to.equal(409);
    const path = `/v3/projects/${made.body['project']!['id']}`;
    expect((await bench.callAsAdmin('DELETE', path)).status).to.equal(204);
    expect((await bench.callAsAdmin('GET', path)).status).to.equal(404);
  });
});
