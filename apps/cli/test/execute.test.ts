// needs TEST_NATS_URL
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { createInstallation, endedRoot, operationRoot, type } from './terminal.ts';

const accepted = { answer: 'accepted' };
const succeeded = { answer: 'ended', outcome: 'succeeded', output: { volume: 'v-1' } };
const failed = { answer: 'ended', outcome: 'failed', error: { code: 'step_failed', message: 'no quota\u001b[31m' } };

describe('troupe execute', () => {
  it('sends the command that its flags describe', async () => {
    await using at = await createInstallation(accepted);
    const { code, out, err } = await type(
      [
        'execute',
        'vm.create',
        '--resource',
        'vm/a/b',
        '--input',
        '{"size":10}',
        '--id',
        'o-1',
        '--force',
        '--class',
        'heavy',
        '--context',
        'user=ann',
        '--context',
        'tenant=t=7',
      ],
      at,
    );
    expect({ code, out, err }).to.deep.equal({ code: 0, out: 'accepted o-1\n', err: '' });
    const { createdAt, replyTo, ...command } = at.commands[0]!;
    expect(command).to.deep.equal({
      v: 1,
      id: 'o-1',
      executor: 'vm.create',
      resource: { kind: 'vm', id: 'a/b' },
      input: { size: 10 },
      options: { force: true, class: 'heavy' },
    });
    expect([createdAt, replyTo]).to.not.include(undefined);
  });

  it('takes several resources, all or none', async () => {
    await using at = await createInstallation(accepted);
    await type(['execute', 'x', '--resource', 'vm/1', '--resource', 'volume/2'], at);
    expect(at.commands[0]!.resources).to.deep.equal([
      { kind: 'vm', id: '1' },
      { kind: 'volume', id: '2' },
    ]);
  });

  it('reads the input from a file and from the standard input', async () => {
    await using at = await createInstallation(accepted);
    const dir = mkdtempSync(join(tmpdir(), 'troupe-cli-'));
    try {
      writeFileSync(join(dir, 'input.json'), '{"from":"file"}');
      await type(['execute', 'x', '--input', `@${join(dir, 'input.json')}`], at);
      await type(['execute', 'x', '--input', '@-'], { ...at, stdin: '[1]' });
    } finally {
      rmSync(dir, { recursive: true });
    }
    expect(at.commands.map(({ input }) => input)).to.deep.equal([{ from: 'file' }, [1]]);
  });

  it('waits for the end, whose outcome is the exit code', async () => {
    await using good = await createInstallation(accepted, succeeded);
    expect(await type(['execute', 'x', '--id', 'o-1', '--wait'], good)).to.deep.equal({
      code: 0,
      out: 'accepted o-1\nsucceeded o-1 {"volume":"v-1"}\n',
      err: '',
    });
    await using bad = await createInstallation(accepted, failed);
    const { code, out, err } = await type(['execute', 'x', '--id', 'o-1', '--wait'], bad);
    expect({ code, out }).to.deep.equal({ code: 1, out: 'accepted o-1\nfailed o-1\n' });
    expect(err).to.contain('step_failed: no quota');
  });

  it('speaks JSON to machines', async () => {
    await using at = await createInstallation(accepted, failed);
    const { code, out, err } = await type(['execute', 'x', '--id', 'o-1', '--wait', '--json'], at);
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).to.deep.equal([
      { v: 1, operation: 'o-1', ...accepted },
      { v: 1, operation: 'o-1', ...failed },
    ]);
    expect({ code, err }).to.deep.equal({ code: 1, err: '' });
  });

  it('tells a rejection with its field, and waits for nothing', async () => {
    const error = { code: 'invalid_input', message: 'size must be positive', field: 'input.size' };
    await using at = await createInstallation({ answer: 'rejected', error });
    expect(await type(['execute', 'x', '--id', 'o-1', '--wait'], at)).to.deep.equal({
      code: 3,
      out: '',
      err: 'rejected o-1: invalid_input: size must be positive (field input.size)\n',
    });
    const { out } = await type(['execute', 'x', '--id', 'o-1', '--json'], at);
    expect(JSON.parse(out)).to.deep.equal({ v: 1, operation: 'o-1', answer: 'rejected', error });
  });

  it('tells a duplicate with its status', async () => {
    await using at = await createInstallation({ answer: 'duplicate', status: 'running' });
    expect(await type(['execute', 'x', '--id', 'o-1'], at)).to.include({ code: 0, out: 'duplicate o-1 (running)\n' });
  });

  it('tells that the outcome is unknown by an exit code of its own', async () => {
    await using at = await createInstallation();
    const { code, err } = await type(['execute', 'x', '--id', 'o-1', '--timeout', '100ms'], at);
    expect(code).to.equal(4);
    expect(err).to.match(/^troupe: unanswered: the command o-1 was not answered in time/);
  });

  it('ends the waiting, not the operation, at Ctrl-C', async () => {
    await using at = await createInstallation(accepted);
    const interrupt = new AbortController();
    const typing = type(['execute', 'x', '--wait'], { ...at, signal: interrupt.signal });
    await until('the command has arrived', () => at.commands.length > 0);
    interrupt.abort(new Error('interrupted'));
    expect(await typing).to.include({ code: 130, err: '' });
    expect(await at.verbs()).to.deep.equal([]);
  });

  const wrong: [string, string[], string][] = [
    ['no executor', ['execute'], "missing required argument 'executor'"],
    ['a flag that does not exist', ['execute', 'x', '--forse'], "unknown option '--forse'"],
    ['a resource without its id', ['execute', 'x', '--resource', 'vm'], 'resource: "vm" is not of the form kind/id'],
    ['input that is no JSON', ['execute', 'x', '--input', '{size}'], 'input: is no JSON'],
    ['a file that is not there', ['execute', 'x', '--input', '@/nowhere/input.json'], 'input: cannot read /nowhere/input.json'],
    ['a class that does not exist', ['execute', 'x', '--class', 'light'], 'class: "light" is none of regular, heavy, background'],
    ['context that is none', ['execute', 'x', '--context', 'User'], 'context: "User" is not of the form name=value'],
    ['an id that is too long', ['execute', 'x', '--id', 'x'.repeat(129)], '(field id)'],
    ['a time that is none', ['execute', 'x', '--timeout', 'soon'], '(field answerTimeout)'],
    ['a namespace that is none', ['execute', 'x', '--ns', 'A B'], '(field ns)'],
  ];
  for (const [what, args, text] of wrong) {
    it(`refuses ${what}, naming it`, async () => {
      const { code, out, err } = await type(args, { env: { TROUPE_SERVERS: process.env['TEST_NATS_URL']! } });
      expect({ code, out }).to.deep.equal({ code: 2, out: '' });
      expect(err).to.contain(text);
    });
  }

  it('refuses wrong flags also where no server runs', async () => {
    expect(await type(['execute', 'x', '--resource', 'vm', '--servers', 'nats://127.0.0.1:1'])).to.include({ code: 2 });
    const { code, err } = await type(['execute', 'x', '--servers', 'nats://127.0.0.1:1']);
    expect(code).to.equal(5);
    expect(err).to.contain('troupe: unavailable: cannot connect to nats://127.0.0.1:1');
  });
});

describe('troupe cancel', () => {
  it('orders the end, with the reason and by whom', async () => {
    await using at = await createInstallation();
    await at.putRecord('o-1', operationRoot());
    const env = { ...at.env, USER: 'ann' };
    expect(await type(['cancel', 'o-1', '--reason', 'not needed'], { env })).to.deep.equal({
      code: 0,
      out: 'cancel ordered o-1\n',
      err: '',
    });
    expect((await at.verbs())[0]).to.deep.include({ type: 'verb.cancel', body: { reason: 'not needed', by: 'ann' } });
  });

  it('waits for the end', async () => {
    await using at = await createInstallation();
    await at.putRecord('o-1', endedRoot('cancelled', { error: { code: 'cancelled', message: 'not needed' } }));
    const { code, out } = await type(['cancel', 'o-1', '--wait', '--by', 'bob'], at);
    expect({ code, out }).to.deep.equal({ code: 0, out: 'cancel ordered o-1\ncancelled o-1\n' });
  });

  it('refuses an operation that nobody knows', async () => {
    await using at = await createInstallation();
    const { code, err } = await type(['cancel', 'o-1'], at);
    expect({ code, err }).to.deep.equal({ code: 3, err: 'troupe: unknown_operation: no operation o-1 is known (field id)\n' });
    expect(await at.verbs()).to.deep.equal([]);
  });
});
