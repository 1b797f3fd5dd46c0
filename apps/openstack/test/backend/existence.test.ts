import { createBackend } from '@troupe/openstack';
import { expect } from 'chai';
import { adminConfigOf, createBench } from '../support/bench.ts';
import { failureOf } from '../support/failure.ts';
import { createProxy } from '../support/proxy.ts';

async function setup() {
  const bench = await createBench();
  const proxy = await createProxy(bench.cloud.url);
  const { authUrl, ...config } = adminConfigOf(bench.cloud);
  const admin = createBackend({ ...config, authUrl: authUrl.replace(bench.cloud.url, proxy.url) });
  return {
    bench,
    proxy,
    admin,
    id: (await admin.createProject({ token: 't', name: 'mine' })).item.id,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await bench[Symbol.asyncDispose]();
    },
  };
}

describe('whether a project exists', () => {
  it('is told by Keystone: there, and not there any more', async () => {
    await using s = await setup();
    expect(await s.admin.projectExists(s.id)).to.equal(true);
    await s.admin.deleteProject(s.id);
    expect(await s.admin.projectExists(s.id)).to.equal(false);
  });

  for (const [name, status, body] of [
    ['a proxy that knows no such path', 404, '<html>Not Found</html>'],
    ['a web application of somebody else', 404, '{"detail":"Not Found"}'],
    ['a load balancer without a backend', 503, 'no healthy upstream'],
    ['a proxy that asks for a log-in', 200, '<html>Please log in</html>'],
    ['a Keystone that is somewhere else', 404, '{"error":{"code":404,"message":"The resource could not be found.","title":"Not Found"}}'],
  ] as const) {
    it(`S68 is not told by ${name}`, async () => {
      await using s = await setup();
      await s.admin.deleteProject(s.id);
      s.proxy.answer = (path) => (path.includes('/projects') ? { status, body } : undefined);
      const code = status === 503 ? 'server_error' : status === 200 ? 'malformed' : 'not_found';
      await failureOf(s.admin.projectExists(s.id), code);
    });
  }

  it('S68 is not told by a 404 that the list contradicts', async () => {
    await using s = await setup();
    const list = JSON.stringify({ projects: [{ id: s.id }] });
    const gone = JSON.stringify({ error: { code: 404, message: 'Could not find project.', title: 'Not Found' } });
    s.proxy.answer = (path) =>
      path.includes('/projects?') ? { status: 200, body: list } : path.includes('/projects/') ? { status: 404, body: gone } : undefined;
    await failureOf(s.admin.projectExists(s.id), 'not_found');
  });
});
