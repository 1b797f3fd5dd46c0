import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { createBackend, backendConfigFromEnvironment } from '@troupe/openstack';
import { send } from '../support/http.ts';

const main = fileURLToPath(new URL('../../src/cloud-main.ts', import.meta.url));

function run(...flags: readonly string[]) {
  return spawn(process.execPath, ['--conditions=@troupe/source', '--import', 'tsx/esm', main, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Reads the lines that a shell would evaluate. */
function environmentOf(output: string): Record<string, string> {
  return Object.fromEntries([...output.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
}

describe('the simulated cloud as a process of its own', () => {
  it('prints what a client needs, serves, and ends on SIGTERM', async () => {
    const child = run('--time-factor', '0.01', '--volume-limit', '4');
    try {
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
      while (!output.includes('OS_REGION_NAME')) await once(child.stdout, 'data');
      const environment = environmentOf(output);
      const backend = createBackend(backendConfigFromEnvironment(environment));
      const { item } = await backend.createVolume({ token: 't', name: 'data', sizeGb: 1 });
      while ((await backend.getVolume(item.id)).status === 'creating');
      const url = /Simulated cloud on (\S+)/.exec(output)?.[1] ?? '';
      expect((await send(`${url}/admin/peak`)).body).to.deep.equal({ instance: 0, volume: 1 });
      child.kill('SIGTERM');
      const [code] = await once(child, 'exit');
      expect(code).to.equal(0);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('explains its flags', async () => {
    const child = run('--help');
    expect(await text(child.stdout)).to.match(/--time-factor/);
  });

  it('exits with 2 and a reason for a wrong flag', async () => {
    const child = run('--jitter', '2');
    const [[code], message] = await Promise.all([once(child, 'exit'), text(child.stderr)]);
    expect(code).to.equal(2);
    expect(message).to.equal('Option jitter: must be from 0 to below 1\n');
  });
});
