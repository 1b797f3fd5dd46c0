import { needsNats } from '@troupe/test-infra';
import { expect } from 'chai';
import { runMocha } from './run-mocha.ts';

describe('the leak guard', () => {
  before(needsNats);

  it('makes each thing that a test leaves alive one failure that names the line', async function () {
    this.timeout(20_000);
    const report = await runMocha('leaky.ts');
    expect(report.passes).to.deep.equal([
      'leaky leaves a socket',
      'leaky leaves a process',
      'leaky leaves a proxy',
      'leaky leaves a thing of its own',
      'leaky closes what it opened',
      'leaky replaces the connection of its suite',
    ]);
    expect(report.failures.map((failure) => failure.title)).to.deep.equal([
      'leak guard leaky leaves a socket leaves a client socket alive',
      'leak guard leaky leaves a process leaves a child process alive',
      'leak guard leaky leaves a proxy leaves a proxy alive',
      'leak guard leaky leaves a thing of its own leaves a lease alive',
    ]);
    for (const failure of report.failures) expect(failure.stack).to.match(/leaky\.ts:\d+/);
    expect(report.code).to.equal(4);
  });
});
