import { expect } from 'chai';
import { chain, judgeCommand, executorsByName, ref, step } from '@troupe/executor';
import { z } from 'zod';
import { free, start, success, task, work } from './bench/index.ts';

const KEY = '-----BEGIN OPENSSH PRIVATE KEY-----\nabc';

describe('a secret in an input', () => {
  for (const [what, input, field] of [
    ['a password', { user: { name: 'ann', adminPassword: 'x' } }, 'user.adminPassword'],
    ['an API key', [{ api_key: 'x' }], '0.api_key'],
    ['a private key under any name', { text: KEY }, 'text'],
  ] as const) {
    it(`is refused in a plan, with its place: ${what}`, async () => {
      const { bench, id } = await start(step('a', work, input));
      bench.run();
      expect(bench.view(id).error).to.include({ code: 'invalid_plan', field: `plan.0.input.${field}` });
      expect(bench.workers.sent).to.deep.equal([]);
    });

    it(`is refused in a command: ${what}`, async () => {
      const schema = z.any();
      const executors = executorsByName([free(step('a', work, {}), { input: schema as never })]);
      const command = { v: 1, id: 'x', executor: 'test', input: input as never, createdAt: new Date(0).toISOString() } as const;
      const judged = await judgeCommand(executors, command);
      expect(judged.ok ? undefined : judged.error).to.include({ code: 'invalid_input', field: `input.${field}` });
    });
  }

  it('is not sent where an output fills it in', async () => {
    const make = task('make');
    const first = step('make', make, {});
    const { bench, id } = await start(chain(first, step('a', work, { password: ref('make.word') })), { tasks: [work, make] });
    bench.on('make', () => success({ word: 'x' }));
    bench.run();
    expect(bench.view(id).error).to.include({ code: 'invalid_input', field: 'a.input.password' });
    expect(bench.workers.sent.map(({ message }) => message.step)).to.deep.equal(['make']);
  });

  it('is told from a reference to it, a public key, and what is empty', async () => {
    const passed = { passwordRef: 'vault/7', secret: { vault: 7 }, publicKey: 'ssh-ed25519 AAAA', password: '', passwordLength: '12' };
    const { bench, id } = await start(step('a', work, passed));
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
  });
});
