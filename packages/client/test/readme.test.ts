// needs TEST_NATS_URL
import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { clientDefaults } from '@troupe/client';
import { expect } from 'chai';
import { sourceArgs } from '@troupe/test-infra';
import { createInstallation, natsUrl } from './installation.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

describe('the README', () => {
  it('opens with a program that runs as it stands', async () => {
    await using at = await createInstallation(natsUrl(), {}, 'troupe');
    await at.door((command, tell) => {
      tell({ answer: 'accepted' });
      tell({ answer: 'ended', outcome: 'succeeded', output: { of: command.resource?.id ?? '' } });
    });
    const program = /```js\n([^]*?)```/.exec(readme)![1]!;
    // where its imports are found as in a project that has installed the package
    const file = fileURLToPath(new URL(`program-${process.pid}.mjs`, import.meta.url));
    writeFileSync(file, program);
    try {
      const run = promisify(execFile)(process.execPath, [...sourceArgs, file], {
        env: { ...process.env, TROUPE_SERVERS: natsUrl() },
      });
      const { stdout } = await run;
      expect(stdout).to.match(/^accepted [a-z2-7]{16}\nsucceeded \{ of: '17' \}\n$/);
    } finally {
      rmSync(file);
    }
  }).timeout(20_000);

  it('lists every option with its default', () => {
    const rows = [...readme.matchAll(/^\| `(\w+)` \| `(\w+)` \|/gm)].map((row) => [row[1], row[2]]);
    expect(rows).to.deep.equal(Object.entries(clientDefaults).map(([name, value]) => [name, String(value)]));
  });
});
