// needs TEST_NATS_URL
import { expect } from 'chai';
import { createInstallation, endedRoot, type Installation, NOW, operationRoot, type } from './terminal.ts';

const volume = { kind: 'volume', id: '17', family: 'update', state: 'UPDATING', epoch: 1, backendId: '' };

async function filled(): Promise<Installation> {
  const at = await createInstallation();
  await at.putRecord(
    'o-1',
    endedRoot('failed', {
      error: { code: 'step_failed', message: 'no quota', field: 'size' },
      failedStep: 'create',
      acceptedAt: NOW - 120_000,
    }),
  );
  await at.putRecord('o-2', operationRoot({ head: { executor: 'vm.create' }, resources: [volume, { ...volume, id: '18' }] }));
  await at.putRecord('o-3', endedRoot('succeeded', { output: { id: 'v-1' } }));
  return at;
}

describe('troupe operations', () => {
  it('lists those that changed last, in columns', async () => {
    await using at = await filled();
    const { code, out, err } = await type(['operations'], at);
    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
    expect(out).to.equal(
      [
        'ID   EXECUTOR       STATE      STEPS  AGE  RESOURCE      NOW',
        'o-3  volume.create  succeeded  2/2    5m   -',
        'o-2  vm.create      running    1/2    5m   volume/17 +1',
        'o-1  volume.create  failed     2/2    5m   -             no quota',
        '',
      ].join('\n'),
    );
  });

  it('filters, and limits', async () => {
    await using at = await filled();
    const ids = async (...flags: string[]): Promise<string[]> =>
      (await type(['operations', '--json', ...flags], at)).out
        .split('\n')
        .flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { id: string }).id]));
    expect(await ids('--status', 'running')).to.deep.equal(['o-2']);
    expect(await ids('--status', 'running,ended', '--executor', 'volume.create')).to.deep.equal(['o-3', 'o-1']);
    expect(await ids('--outcome', 'failed')).to.deep.equal(['o-1']);
    expect(await ids('--resource', 'volume')).to.deep.equal(['o-2']);
    expect(await ids('--resource', 'volume/17')).to.deep.equal(['o-2']);
    expect(await ids('--resource', 'volume/1')).to.deep.equal([]);
    expect(await ids('--limit', '1')).to.deep.equal(['o-3']);
  });

  it('says so when there are none', async () => {
    await using at = await createInstallation();
    expect(await type(['operations'], at)).to.deep.equal({ code: 0, out: '', err: 'no operations\n' });
    expect(await type(['operations', '--json'], at)).to.deep.equal({ code: 0, out: '', err: '' });
  });

  for (const [flag, value, text] of [
    ['--status', 'done', 'status: "done" is none of accepting'],
    ['--outcome', 'ok', 'outcome: "ok" is none of succeeded'],
    ['--limit', '0', 'limit: "0" is no whole number'],
    ['--limit', '1e3', 'limit: "1e3" is no whole number'],
  ] as const) {
    it(`refuses ${flag} ${value}`, async () => {
      const { code, err } = await type(['operations', flag, value]);
      expect(code).to.equal(2);
      expect(err).to.contain(text);
    });
  }
});

describe('troupe show', () => {
  it('shows all that is known', async () => {
    await using at = await filled();
    const { code, out } = await type(['show', 'o-1'], at);
    expect(code).to.equal(0);
    expect(out).to.contain('operation    o-1\n').and.contain('state        failed\n').and.contain('failed step  create\n');
    expect(out).to.contain('error        step_failed: no quota (field size)\n');
    expect(out).to.contain('created      2026-11-25T09:55:00.000Z, 5m ago\n').and.contain('accepted     2026-11-25T09:58:00.000Z\n');
  });

  it('shows resources and output', async () => {
    await using at = await filled();
    expect((await type(['show', 'o-2'], at)).out).to.contain('resources  volume/17 UPDATING, volume/18 UPDATING\n');
    expect((await type(['show', 'o-3'], at)).out).to.contain('output     {"id":"v-1"}\n');
  });

  it('gives machines the view as it is', async () => {
    await using at = await filled();
    expect(JSON.parse((await type(['show', 'o-3', '--json'], at)).out)).to.deep.include({
      id: 'o-3',
      status: 'ended',
      outcome: 'succeeded',
      output: { id: 'v-1' },
    });
  });

  it('refuses an operation that nobody knows, to machines as JSON', async () => {
    await using at = await filled();
    expect(await type(['show', 'o-9'], at)).to.deep.equal({
      code: 3,
      out: '',
      err: 'troupe: unknown_operation: no operation o-9 is known (field id)\n',
    });
    const { code, err } = await type(['show', 'o-9', '--json'], at);
    expect(code).to.equal(3);
    expect(JSON.parse(err)).to.deep.include({
      error: { code: 'unknown_operation', message: 'no operation o-9 is known', retryable: false, field: 'id' },
    });
  });

  it('lets no control character of a stranger reach the terminal', async () => {
    await using at = await createInstallation();
    await at.putRecord('o-1', endedRoot('failed', { error: { code: 'x', message: 'red \u001b[31m bell \u0007' } }));
    for (const args of [['show', 'o-1'], ['operations'], ['explain', 'o-1']]) {
      const { out } = await type(args, at);
      expect(out, args[0]).to.contain('red \\x1b[31m bell \\x07');
      expect(out.replaceAll('\n', ''), args[0]).not.to.match(/\p{Cc}/u);
    }
  });
});

describe('troupe explain', () => {
  it('says what it waits for', async () => {
    await using at = await filled();
    await at.putRecord('o-4', {
      ...operationRoot({ phase: 'accepting', resources: [volume] }),
      accepting: { index: 0, waitFor: { ref: { kind: 'volume', id: '17' }, operation: 'o-2', until: NOW * 2 } },
    });
    const { code, out } = await type(['explain', 'o-4'], at);
    expect(code).to.equal(0);
    const [summary, wait] = out.split('\n');
    expect(summary).to.match(/^queued, 1 of 2 steps: waits for volume 17/);
    expect(wait).to.equal('  waits for volume 17, which operation o-2 owns: running, 1 of 2 steps');
    expect(JSON.parse((await type(['explain', 'o-4', '--json'], at)).out)).to.have.nested.property('waits[0].on', 'operation');
  });

  it('says how it ended', async () => {
    await using at = await filled();
    expect((await type(['explain', 'o-1'], at)).out).to.equal('ended failed: no quota\n');
  });
});
