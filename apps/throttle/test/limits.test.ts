import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { sourceArgs } from '@troupe/test-infra';
import { expect } from 'chai';

const bin = fileURLToPath(new URL('../bin/troupe-throttle.mjs', import.meta.url));

const run = (...args: string[]): Promise<{ code: unknown; out: string; err: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [...sourceArgs, bin, ...args], (error, out, err) => resolve({ code: error?.code ?? 0, out, err }));
  });

describe('troupe-throttle --limits', () => {
  it('refuses a file that is not there or no JSON as wrong usage, by name', async () => {
    for (const file of ['nowhere.json', bin]) {
      const { code, err } = await run('--limits', file);
      expect(code).to.equal(2);
      expect(err).to.include('invalid_options').and.include(file);
    }
  }).timeout(30_000);

  it('is shown by --help', async () => {
    expect((await run('--help')).out).to.include('--limits FILE');
  }).timeout(30_000);
});
