import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { installOpenWire, needsPython } from './installation.ts';

describe('a throttle, from Python with nothing but its standard library', () => {
  before(needsPython);

  it('holds tokens around a command as a holder, who may do nothing else, and is never refused', async () => {
    await using at = await installOpenWire();
    const end = await at.python('holder', 'throttle.py', 'cloud ü/t', '{"vm": 1}', 'sh', '-c', 'echo "{\\"fence\\": $FENCE}"');
    expect(end.lines).to.deep.equal([
      { v: 1, answer: 'granted', lease: end.lines[0]!['lease'], fence: 1, scope: 'cloud ü/t', need: { vm: 1 } },
      { fence: 1 },
      { v: 1, answer: 'released', lease: end.lines[0]!['lease'], held: true },
    ]);
    expect(end.code).to.equal(0);
    expect(at.users.violations()).to.deep.equal([]);
    expect((await at.python('holder', 'order.py', 'note.write', 'o-1')).err).to.match(/Permissions Violation/i);
    expect((await at.python('holder', 'verb.py', 'cloud', 'cancel')).err).to.match(/Permissions Violation/i);
  }).timeout(60_000);

  it('is queued, keeps its place by asking again, is granted, and loses what it does not renew by its fence', async () => {
    await using at = await installOpenWire();
    const ask = async (request: string, body: object) => {
      const reply = await at.nc.request(at.subjects.throttle('cloud', request), JSON.stringify({ v: 1, ...body }), { timeout: 20_000 });
      return reply.json<Record<string, unknown>>();
    };
    await ask('limit', { scope: 'cloud', kind: 'vm', limit: 1 });
    await ask('acquire', { lease: 'mine', scope: 'cloud', need: { vm: 1 } });
    const python = at.run('holder', 'python3', ['throttle.py', 'cloud', '{"vm": 1}', 'sleep', '60'], { TTL: '3' });
    const waiters = async () => ((await ask('explain', {}))['explanation'] as { waiters: { lease: string }[] }).waiters;
    const { lease } = await until('it waits', async () => (await waiters())[0]);
    expect(await ask('release', { lease: 'mine' })).to.include({ held: true });
    // it holds, and renews; then somebody takes its lease away
    const mine = lease.replace('outside/', '');
    await until('it holds', async () => ((await ask('explain', { lease: mine }))['explanation'] as { state: string }).state === 'held');
    await ask('release', { lease: mine });
    const end = await python;
    expect(end.lines.map((line) => line.answer)).to.include.members(['granted']);
    expect(end.err).to.include('lease_lost');
  }).timeout(60_000);

  it('is told what is wrong by code', async () => {
    await using at = await installOpenWire();
    expect((await at.python('holder', 'throttle.py', 'cloud//x', '{"vm": 1}', 'true')).err).to.include('malformed');
    expect((await at.python('holder', 'throttle.py', 'cloud', '{"vm": 1000}', 'true')).err).to.include('need_exceeds_limit');
  }).timeout(30_000);
});
