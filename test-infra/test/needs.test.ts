import { needsNats, serversAreRequired } from '@troupe/test-infra';
import { expect } from 'chai';
import { runMocha } from './run-mocha.ts';

const tests = ['a suite that names TEST_NATS_URL has a server', 'a suite that asks for it has a server too'];

describe('a test whose server cannot be had', () => {
  it('is skipped and counted', async function () {
    this.timeout(20_000);
    const report = await runMocha('server-needed.ts', { NATS_SERVER: '/no/such/file' });
    expect(report).to.deep.include({ code: 0, passes: [], failures: [], pending: tests });
    expect(report.stderr).to.match(/Tests that need a nats-server are skipped/);
  });

  it('fails in CI', async function () {
    this.timeout(20_000);
    const report = await runMocha('server-needed.ts', { NATS_SERVER: '/no/such/file', CI: 'true' });
    expect(report.code).not.to.equal(0);
    expect(report.passes).to.deep.equal([]);
  });

  it('runs where there is one', async function () {
    await needsNats.call(this);
    this.timeout(20_000);
    expect(await runMocha('server-needed.ts')).to.deep.include({ code: 0, passes: tests, failures: [], pending: [] });
  });

  it('is required in CI only', () => {
    expect([undefined, '', 'false', '1', 'true'].map((CI) => serversAreRequired({ CI }))).to.deep.equal([false, false, false, true, true]);
  });
});
