import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { installOpenWire, programs } from './installation.ts';

/** Debian's: `apt-get install golang-go golang-github-nats-io-go-nats-dev`. */
const gopath = process.env['TROUPE_TEST_GOPATH'] ?? '/usr/share/gocode';
const isRequired = process.env['CI'] === 'true' && process.env['TROUPE_CI_GO'] === '1';
const goEnv = { GO111MODULE: 'off', GOPATH: gopath, GOFLAGS: '' };

describe("Go with Debian's package of the NATS client", () => {
  before(async function () {
    this.timeout(120_000);
    const hasGo = await new Promise<boolean>((resolve) => execFile('go', ['version'], (error) => resolve(error === null)));
    if (!hasGo || !existsSync(`${gopath}/src/github.com/nats-io/nats.go`)) {
      if (isRequired) throw new Error('Go with the NATS client of Debian is not installed');
      return this.skip();
    }
    // compiled once, outside of the time of the tests
    await new Promise<void>((resolve, reject) =>
      execFile('go', ['build', '-o', '/dev/null', `${programs}order.go`], { env: { ...process.env, ...goEnv } }, (error) =>
        error === null ? resolve() : reject(error),
      ),
    );
  });

  it('orders an operation as a producer, reads its end, and what is wrong', async () => {
    await using at = await installOpenWire();
    const good = await at.run('producer', 'go', ['run', 'order.go', 'note.write', 'g-1', '{"text": "hello"}'], goEnv);
    expect(good.lines, good.err).to.deep.equal([
      { v: 1, operation: 'g-1', answer: 'accepted' },
      { v: 1, operation: 'g-1', answer: 'ended', outcome: 'succeeded', output: { length: 5 } },
    ]);
    const bad = await at.run('producer', 'go', ['run', 'order.go', 'note.write', 'g-2', '{"text": 7}'], goEnv);
    expect(bad.lines[0]!.error).to.include({ code: 'invalid_input', field: 'input.text' });
    expect(at.users.violations()).to.deep.equal([]);
  }).timeout(60_000);

  it('answers a wait for a signal as an operator', async () => {
    await using at = await installOpenWire();
    const end = await at.run('operator', 'go', ['run', 'order.go', 'approval', 'g-3'], { ...goEnv, APPROVE: 'ann' });
    expect(end.lines.at(-1), end.err).to.include({ answer: 'ended', outcome: 'succeeded', output: 'ann' });
    expect(at.users.violations()).to.deep.equal([]);
  }).timeout(60_000);
});
