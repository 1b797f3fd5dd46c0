/** The throttle by somebody who wants nothing else: its packed files in empty projects, and the programs of its README as they stand. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guardProcess, needsNats, startNatsServer } from '@troupe/test-infra';
import { expect } from 'chai';
import { root } from '../src/layers.mjs';
import { packAll } from './packed/install.ts';
import { runProgram, startProgram } from './packed/processes.ts';

const readme = readFileSync(join(root, 'packages/throttle/README.md'), 'utf8');
const NATS = '@nats-io/transport-node';

describe('the packed throttle', () => {
  before(needsNats);

  it('is all that a program needs besides its client of NATS, and runs beside a throttle that needs no app', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-packed-throttle-'));
    const keep = guardProcess(undefined, [folder]);
    const server = await startNatsServer();
    try {
      const packed = await packAll(folder);
      const { dependencies } = JSON.parse(readFileSync(join(root, 'packages/jetstream/package.json'), 'utf8')) as {
        dependencies: Record<string, string>;
      };
      const holder = await packed.install('holder', ['@troupe/throttle'], { [NATS]: dependencies[NATS]! });
      const service = await packed.install('service', ['@troupe/app-throttle']);
      expect(readdirSync(join(holder, 'node_modules/@troupe'))).to.have.members(['throttle', 'actor', 'protocol']);

      const [, limits] = /^echo '(.*)' > limits\.json$/m.exec(readme)!;
      writeFileSync(join(service, 'limits.json'), limits!);
      const [, args] = /^npx troupe-throttle (.*)$/m.exec(readme)!;
      const given = args!.replace(/nats:\S+/, server.url).split(' ');
      const throttle = startProgram(service, 'troupe-throttle', given, {});
      try {
        await throttle.says(/serves as/);
        const [, program] = /<!-- packed: holder\.mjs -->\n```js\n([^]*?)```/.exec(readme)!;
        writeFileSync(join(holder, 'holder.mjs'), program!);
        const env = { TROUPE_SERVERS: server.url };
        const outputs = await Promise.all(Array.from({ length: 4 }, () => runProgram(holder, 'holder.mjs', [], env)));
        const fences = outputs.map((output) => Number(/^granted, fence (\d+)\ndone\n$/.exec(output)?.[1]));
        expect(fences.sort((a, b) => a - b)).to.deep.equal([1, 2, 3, 4]);
      } finally {
        expect(await throttle.stop(), throttle.output()).to.equal(0);
      }
    } finally {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
      keep();
    }
  }).timeout(240_000);
});
