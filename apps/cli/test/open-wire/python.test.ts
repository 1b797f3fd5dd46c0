import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { installOpenWire, needsPython } from './installation.ts';
import { tapWire } from './wire-tap.ts';

describe('Python with nothing but its standard library', () => {
  before(needsPython);

  it('orders an operation as a producer, reads its answers and its end, and is never refused', async () => {
    await using at = await installOpenWire();
    const { code, lines } = await at.python('producer', 'order.py', 'note.write', 'n/1 ü', '{"input": {"text": "hello"}}');
    expect(lines).to.deep.equal([
      { v: 1, operation: 'n/1 ü', answer: 'accepted' },
      { v: 1, operation: 'n/1 ü', answer: 'ended', outcome: 'succeeded', output: { length: 5 } },
    ]);
    expect(code).to.equal(0);
    const again = await at.python('producer', 'order.py', 'note.write', 'n/1 ü', '{"input": {"text": "hello"}}');
    expect(again.lines).to.deep.equal([
      { v: 1, operation: 'n/1 ü', answer: 'duplicate', status: 'ended', outcome: 'succeeded', output: { length: 5 } },
    ]);
    expect(at.users.violations()).to.deep.equal([]);
  }).timeout(30_000);

  it('answers a wait for a signal, watches events, and hears of every verb', async () => {
    await using at = await installOpenWire();
    const tap = tapWire(at.nc);
    const order = at.python('operator', 'order.py', 'approval', 'a-1');
    await until('it waits', async () => (await at.python('reader', 'state.py', 'a-1')).out === 'waiting signal\n', 15_000);
    const verbs = [
      ['pause', '{"reason": "lunch"}'],
      ['resume', '{}'],
      ['signal', '{"name": "approved", "data": {"by": "ann"}}'],
    ] as const;
    for (const [verb, body] of verbs) expect(await at.python('operator', 'verb.py', 'a-1', verb, body)).to.include({ code: 0, err: '' });
    expect((await order).lines.at(-1)).to.deep.equal({
      v: 1,
      operation: 'a-1',
      answer: 'ended',
      outcome: 'succeeded',
      output: { by: 'ann' },
    });
    expect([...tap.seen.keys()]).to.include.members([
      'command command',
      'answer answer',
      'verb verb.pause',
      'verb verb.resume',
      'verb verb.signal',
      'live event',
      'event event',
      'record operationRecord',
      'tombstone operationTombstone',
    ]);
    expect(tap.wrong).to.deep.equal([]);
    tap.stop();
    expect(at.users.violations()).to.deep.equal([]);
  }).timeout(60_000);

  it('watches events as they happen', async () => {
    await using at = await installOpenWire();
    const ended = at.run('reader', 'bash', ['-c', 'python3 watch.py operation note.write 2>/dev/null | head -n 2']);
    await until(
      'somebody watches',
      async () => {
        await at.python('producer', 'order.py', 'note.write', `w-${Date.now()}`, '{"input": {"text": "x"}}');
        return (await Promise.race([ended, undefined])) !== undefined;
      },
      20_000,
    );
    const { lines } = await ended;
    expect(lines.map((event) => (event['topic'] as string[]).slice(0, 2))).to.deep.include(['operation', 'note.write']);
    expect(lines.map((event) => (event['topic'] as string[])[3]))
      .to.include('accepted')
      .and.include('ended');
  }).timeout(40_000);

  const bad: readonly (readonly [string, string, string, string, string | undefined])[] = [
    ['an unknown executor', 'nothing', '{}', 'unknown_executor', 'executor'],
    ['an input that does not fit', 'note.write', '{"input": {"text": 7}}', 'invalid_input', 'input.text'],
    ['an option that nobody knows', 'note.write', '{"options": {"fast": true}}', 'malformed', 'options.fast'],
    ['another version', 'note.write', '{"v": 0}', 'malformed', 'v'],
    ['a time that is none', 'note.write', '{"createdAt": "today"}', 'malformed', 'createdAt'],
    ['an unknown resource', 'book.read', '{"resource": {"kind": "book", "id": "none"}}', 'unknown_resource', undefined],
  ];
  it('is told what is wrong with bad input, by code and field, as a producer', async () => {
    await using at = await installOpenWire();
    for (const [what, executor, more, code, field] of bad) {
      const end = await at.python('producer', 'order.py', executor, `bad ${what}`, more);
      expect(end.code, `${what}: ${end.out}${end.err}`).to.equal(3);
      expect(end.lines.at(-1)!.answer, what).to.equal('rejected');
      expect(end.lines.at(-1)!.error!.code, what).to.equal(code);
      if (field !== undefined) expect(end.lines.at(-1)!.error!.field, what).to.equal(field);
    }
    expect(at.users.violations()).to.deep.equal([]);
  }).timeout(60_000);

  it('of a producer may do nothing else, and says so', async () => {
    await using at = await installOpenWire();
    const seen = await at.python('producer', 'state.py', 'o-1');
    expect(seen.code).to.equal(1);
    expect(seen.err).to.match(/Permissions Violation.*DIRECT\.GET/i);
    const told = await at.python('producer', 'verb.py', 'o-1', 'kill');
    expect(told.err).to.match(/Permissions Violation.*mail/i);
  }).timeout(30_000);
});
