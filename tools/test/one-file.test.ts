import { join } from 'node:path';
import { expect } from 'chai';
import { root } from '../src/layers.mjs';
import { runPart } from '../src/parts.mjs';

const mocha = join(root, 'node_modules/mocha/bin/mocha.js');
const workspace = join(root, 'packages/schedule');

/** The files of which mocha would run something there. */
async function filesOf(...args: string[]): Promise<string[]> {
  const options = { cwd: workspace, isHeld: true };
  const { output } = await runPart(process.execPath, [mocha, '--dry-run', '--reporter', 'json', ...args], options);
  const { tests } = JSON.parse(output.slice(output.indexOf('{\n'))) as { tests: { file: string }[] };
  return [...new Set(tests.map(({ file }) => file.slice(workspace.length + 1)))].toSorted();
}

describe('mocha in the folder of a workspace', () => {
  it('runs the file that it is given and no other', async () => {
    expect(await filesOf('test/calendar.test.ts')).to.deep.equal(['test/calendar.test.ts']);
  }).timeout(30_000);

  it('runs all tests when it is given none', async () => {
    const files = await filesOf();
    expect(files).to.include.members(['test/calendar.test.ts', 'test/doors.test.ts']);
    expect(files.filter((file) => !file.endsWith('.test.ts'))).to.deep.equal([]);
  }).timeout(30_000);
});
