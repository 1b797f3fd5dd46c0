import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { filesToRunAgain, judgeAgain, type Told } from '../src/again.mjs';
import { root } from '../src/layers.mjs';
import { runPart } from '../src/parts.mjs';

const failure = (file: string | undefined, title: string) => ({
  ...(file === undefined ? {} : { file }),
  title,
  error: `Error: ${title}\n  at`,
});
const told = (failed: number, failures = [failure('/a.test.ts', 'one')]): Told => ({ passed: 5, failed, skipped: 1, failures });

describe('what is run again', () => {
  it('is the files of a few failures, each once', () => {
    expect(filesToRunAgain(told(2, [failure('/a', 'x'), failure('/a', 'y')]))).to.deep.equal(['/a']);
    expect(filesToRunAgain(told(3, [failure('/a', 'x'), failure('/b', 'y'), failure('/c', 'z')]))).to.deep.equal(['/a', '/b', '/c']);
  });

  it('is nothing where nothing failed, much failed, or it is not known where', () => {
    expect(filesToRunAgain(told(0, []))).to.equal(undefined);
    expect(
      filesToRunAgain(
        told(
          4,
          ['a', 'b', 'c', 'd'].map((file) => failure(file, file)),
        ),
      ),
    ).to.equal(undefined);
    expect(filesToRunAgain(told(1, [failure(undefined, 'a leak')]))).to.equal(undefined);
    expect(filesToRunAgain(told(2))).to.equal(undefined);
    expect(filesToRunAgain({ passed: 5, failed: 1, skipped: 0 })).to.equal(undefined);
  });

  it('counts as passed when it passes, and is told', () => {
    expect(judgeAgain(told(1), { code: 0, told: { passed: 3, failed: 0, skipped: 0 } })).to.deep.equal({
      counts: { passed: 6, failed: 0, skipped: 1 },
      flaky: ['FLAKY one: Error: one'],
    });
  });

  it('stays failed when it fails again, cannot be counted, or is skipped', () => {
    const failed = { counts: { passed: 5, failed: 1, skipped: 1 }, flaky: [] };
    expect(judgeAgain(told(1), { code: 1, told: { passed: 2, failed: 1, skipped: 0 } })).to.deep.equal(failed);
    expect(judgeAgain(told(1), { code: 1, told: { passed: 3, failed: 0, skipped: 0 } })).to.deep.equal(failed);
    expect(judgeAgain(told(1), { code: 0, told: undefined })).to.deep.equal(failed);
    expect(judgeAgain(told(1), { code: 0, told: { passed: 0, failed: 0, skipped: 3 } })).to.deep.equal(failed);
  });

  it('is known by its file from a run of mocha', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-again-'));
    try {
      const file = join(folder, 'once.test.cjs');
      const counts = join(folder, 'counts');
      writeFileSync(
        file,
        `const { existsSync, writeFileSync } = require('node:fs');
         describe('a thing', () => { it('fails once', () => { const was = existsSync(__dirname + '/was'); writeFileSync(__dirname + '/was', ''); if (!was) throw new Error('no'); }); it('is fine', () => {}); });`,
      );
      const run = async () => {
        rmSync(counts, { force: true });
        const mocha = [
          join(root, 'node_modules/mocha/bin/mocha.js'),
          '--no-config',
          '--reporter',
          join(root, 'test-infra/src/ci-reporter.mjs'),
          file,
        ];
        const { code } = await runPart(process.execPath, mocha, {
          cwd: folder,
          isHeld: true,
          env: { ...process.env, TROUPE_COUNTS: counts },
        });
        return { code, told: existsSync(counts) ? (JSON.parse(readFileSync(counts, 'utf8')) as Told) : undefined };
      };
      const first = (await run()).told!;
      expect(first).to.include({ passed: 1, failed: 1 });
      expect(filesToRunAgain(first)).to.deep.equal([file]);
      expect(judgeAgain(first, await run())).to.deep.equal({
        counts: { passed: 2, failed: 0, skipped: 0 },
        flaky: ['FLAKY a thing fails once: Error: no'],
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }).timeout(30_000);
});
