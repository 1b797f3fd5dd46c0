import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { installOpenWire } from './installation.ts';

describe('a shell with nothing but bash', () => {
  it('orders an operation as a producer and reads its end', async () => {
    await using at = await installOpenWire();
    const good = await at.run('producer', './troupe.sh', ['order', 'note.write', 's-1', '{"text": "grüße"}']);
    expect(good.lines).to.deep.equal([
      { v: 1, operation: 's-1', answer: 'accepted' },
      { v: 1, operation: 's-1', answer: 'ended', outcome: 'succeeded', output: { length: 5 } },
    ]);
    expect(good.code).to.equal(0);
    const bad = await at.run('producer', './troupe.sh', ['order', 'note.write', 's-2', '{"text": 7}']);
    expect(bad.lines[0]).to.deep.include({ answer: 'rejected' });
    expect(bad.lines[0]!.error).to.include({ code: 'invalid_input', field: 'input.text' });
    expect(bad.code).to.equal(3);
    expect(at.users.violations()).to.deep.equal([]);
  }).timeout(30_000);

  it('sees what an operation waits for, and answers it', async () => {
    await using at = await installOpenWire();
    const order = at.run('operator', './troupe.sh', ['order', 'approval', 's-3']);
    const record = async () => (await at.run('reader', './troupe.sh', ['record', 's-3'])).lines[0];
    const waiting = await until(
      'it waits',
      async () => {
        const found = (await record()) as { s?: { active?: object } } | undefined;
        return JSON.stringify(found?.s?.active ?? {}).includes('"signal"') ? found : undefined;
      },
      15_000,
    );
    expect(waiting.s).to.deep.include({ phase: 'running' });
    const stored = await at.run('operator', './troupe.sh', ['signal', 's-3', 'approved', '"yes"']);
    expect(stored.lines[0]).to.include({ stream: 'troupe_MAIL' });
    expect((await order).lines.at(-1)).to.include({ answer: 'ended', outcome: 'succeeded', output: 'yes' });
    expect((await at.run('reader', './troupe.sh', ['record', 'nobody'])).out).to.equal('\n');
    expect(at.users.violations()).to.deep.equal([]);
  }).timeout(30_000);
});
