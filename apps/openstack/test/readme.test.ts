import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { backendErrorCodes } from '@troupe/openstack';
import { cloudFlags, defaultLatencies, transitionNames } from '@troupe/openstack/internal';
import { createBench } from './support/bench.ts';

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');

/** The rows of all tables whose first cell matches. */
function rows(firstCell: RegExp): readonly (readonly string[])[] {
  const cells = readme.split('\n').map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return cells.filter(([first]) => first !== undefined && firstCell.test(first));
}

describe('the README of @troupe/openstack', () => {
  it('lists the error codes of the backend client as they are', () => {
    const told = rows(/^`[a-z_]+`$/).map(([code, retryable, meaning]) => [code!.slice(1, -1), { retryable: retryable === 'yes', meaning }]);
    expect(Object.fromEntries(told)).to.deep.equal(backendErrorCodes);
  });

  it('lists the flags of the simulated cloud as they are', () => {
    const told = rows(/^`--/).map(([flag, meaning]) => [flag!.slice(3, -1), meaning]);
    expect(Object.fromEntries(told)).to.deep.equal(cloudFlags);
  });

  it('lists the calls of the admin API as they are', async () => {
    await using bench = await createBench();
    const served = [...(await bench.callOpen('GET', '/admin/routes')).body].map(({ method, path }) => `${method} ${path}`);
    const told = rows(/^`(GET|POST|PUT|DELETE) \/admin/).map(([call]) => call!.slice(1, -1));
    expect(told).to.have.members(served.filter((call) => call.includes(' /admin')));
  });

  it('lists latencies with their defaults, and transitions', () => {
    const told = [...readme.matchAll(/\| `(\w+)`(?: \([^)]*\))? \| (\d+) (?=\|)/g)].map(([, name, ms]) => [name, Number(ms)]);
    expect(Object.fromEntries(told)).to.deep.equal(defaultLatencies);
    for (const name of transitionNames) expect(readme).to.include(`\`${name}\``);
  });

  it('has a program that runs and prints what it says', async () => {
    const program = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
    const file = fileURLToPath(new URL(`readme-program-${process.pid}.ts`, import.meta.url));
    await writeFile(file, program);
    try {
      const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=@troupe/source', '--import', 'tsx/esm', file]);
      expect(stdout).to.equal('true false true\navailable { instance: 0, volume: 1 }\n');
    } finally {
      await rm(file);
    }
  });
});
