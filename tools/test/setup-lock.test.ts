import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { withLock } from '../src/setup-lock.mjs';
import { makeTree } from './tree.ts';

const module = new URL('../src/setup-lock.mjs', import.meta.url).href;

describe('the lock of the set-up', () => {
  it('lets one process in at a time', async () => {
    using tree = makeTree();
    const log = join(tree.root, 'log');
    const program = `
      import { appendFileSync } from 'node:fs';
      import { withLock } from ${JSON.stringify(module)};
      withLock(process.argv[1], () => {
        appendFileSync(process.argv[2], 'in ');
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
        appendFileSync(process.argv[2], 'out ');
      });`;
    const enter = () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', program, join(tree.root, 'lock'), log]);
    await Promise.all([enter(), enter(), enter()]);
    expect(readFileSync(log, 'utf8')).to.equal('in out '.repeat(3));
    expect(existsSync(join(tree.root, 'lock'))).to.equal(false);
  });

  it('passes over a holder that has died', () => {
    using tree = makeTree({ lock: '4194305' }); // no process has a number that high
    expect(withLock(join(tree.root, 'lock'), () => 'in')).to.equal('in');
  });

  it('is given back when the work throws', () => {
    using tree = makeTree();
    const fail = () => withLock(join(tree.root, 'deep', 'lock'), () => expect.fail('broken'));
    expect(fail).to.throw('broken');
    expect(fail).to.throw('broken');
  });
});
