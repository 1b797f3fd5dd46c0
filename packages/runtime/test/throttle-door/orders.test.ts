// needs TEST_NATS_URL
import { until } from '@troupe/test-infra';
import type { LeaseExplanation, LimitOptions, ThrottleStatus } from '@troupe/throttle';
import { expect } from 'chai';
import { startThrottleAlone } from './installation.ts';
import { openPlainSocket } from './plain-socket.ts';

async function setup(limits: LimitOptions = { default: 1 }) {
  const s = await startThrottleAlone({ limits });
  const socket = await openPlainSocket(s.servers);
  const ask = (request: string, body: object) => socket.ask(s.subjects.throttle('cloud', request), body);
  return {
    ask,
    acquire: (lease: string, more: object = { need: { vm: 1 } }) => ask('acquire', { lease, scope: 'cloud', waitMs: 0, ...more }),
    explain: async (lease: string) => (await ask('explain', { lease }))['explanation'] as LeaseExplanation,
    status: async () => (await ask('explain', {}))['explanation'] as ThrottleStatus,
    async [Symbol.asyncDispose]() {
      await socket[Symbol.asyncDispose]();
      await s[Symbol.asyncDispose]();
    },
  };
}

/** Asked again, as whoever waits does. */
const granted = (acquire: () => Promise<Record<string, unknown>>) =>
  until('it is granted', async () => {
    const answer = await acquire();
    return answer['answer'] === 'granted' ? answer : undefined;
  });

describe('the door of throttles, from a plain socket', () => {
  it('takes maintenance: grants nothing more, tells why, who holds still, and that it is empty, and goes on when it is opened', async () => {
    await using s = await setup({ default: 2 });
    expect(await s.acquire('a')).to.include({ answer: 'granted' });
    expect(await s.ask('maintenance', { scope: 'cloud', on: true, by: 'ann', reason: 'new disks' })).to.deep.equal({
      v: 1,
      answer: 'ordered',
    });
    expect(await s.acquire('b')).to.include({ answer: 'queued' });
    const { maintenance, text } = await s.explain('b');
    expect(maintenance).to.include({ path: 'cloud', by: 'ann', reason: 'new disks', leases: 1 });
    expect(text).to.match(/^cloud is in maintenance for .* by ann: new disks; 1 still held there$/);
    await s.ask('release', { lease: 'a', fence: 1 });
    await until('it is empty', async () => (await s.status()).maintenance[0]?.leases === 0);
    await s.ask('maintenance', { scope: 'cloud', on: false });
    expect(await granted(() => s.acquire('b'))).to.include({ fence: 2 });
  }).timeout(60_000);

  it('changes a rate, and explains who waits for one', async () => {
    await using s = await setup();
    const spend = { spend: { call: 1 } };
    await s.ask('rate', { scope: 'cloud', name: 'call', rate: { window: '1h', most: 1 } });
    expect(await s.acquire('first', spend)).to.include({ answer: 'granted' });
    expect(await s.acquire('second', spend)).to.include({ answer: 'queued' });
    const { rates, expectedInMs } = await s.explain('second');
    expect(rates).to.have.length(1);
    expect(rates![0]).to.include({ path: 'cloud', name: 'call', rate: '1 in 1h', units: 1, position: 1 });
    // a window gives back by parts of a hundredth
    expect(rates![0]!.nextInMs).to.be.within(1, 3_640_000);
    expect(expectedInMs).to.be.within(1, 3_640_000);
    await s.ask('rate', { scope: 'cloud', name: 'call', rate: { bucket: 2, refill: 1, every: '1h' } });
    await granted(() => s.acquire('second', spend));
    await s.ask('rate', { scope: 'cloud', name: 'call', rate: null });
    await granted(() => s.acquire('third', { spend: { call: 100 } }));
  }).timeout(60_000);

  it('spends inside of a lease, before who waits for its tokens; of a lease that is not held it is refused', async () => {
    await using s = await setup({ default: 1, rates: { kinds: { call: { bucket: 1, refill: 1, every: '300ms' } } } });
    await s.acquire('a', { need: { vm: 1 }, spend: { call: 1 }, holder: 'me' });
    expect(await s.acquire('b', { need: { vm: 1 }, spend: { call: 1 } })).to.include({ answer: 'queued' });
    const inside = { spend: { call: 1 }, within: 'a', holder: 'me' };
    await granted(() => s.acquire('a1', inside));
    expect((await s.explain('b')).state).to.equal('waiting');
    expect(await s.acquire('a2', { ...inside, holder: 'somebody else' })).to.have.nested.property('error.code', 'lease_lost');
    await s.ask('release', { lease: 'a', holder: 'me' });
    await granted(() => s.acquire('b', { need: { vm: 1 }, spend: { call: 1 } }));
    expect(await s.acquire('a3', inside)).to.have.nested.property('error.code', 'lease_lost');
  }).timeout(60_000);

  it('explains to three hundred that ask at once, each its own place', async () => {
    await using s = await setup();
    await s.acquire('holder');
    const leases = Array.from({ length: 300 }, (_none, n) => `w${n}`);
    for (const lease of leases) expect(await s.acquire(lease)).to.include({ answer: 'queued' });
    const explained = await Promise.all(leases.map(s.explain));
    expect(explained.map(({ lease }) => lease)).to.deep.equal(leases);
    expect(explained.map(({ shortages }) => shortages[0]!.position)).to.deep.equal(leases.map((_lease, n) => n + 1));
    expect(explained[299]!.shortages[0]!.holders[0]).to.include({ lease: 'outside/holder', tokens: 1 });
    // what is asked after a change knows of it, whatever is being read
    const early = s.explain('w1');
    await s.ask('release', { lease: 'w0' });
    expect((await s.explain('w1')).shortages[0]!.position).to.equal(1);
    expect((await early).state).to.equal('waiting');
  }).timeout(60_000);

  it('hears how the backend does, and adapts the limit: what others wait for grows, a refusal cuts it', async () => {
    await using s = await setup({ adaptive: { kinds: { vm: { least: 1, most: 3 } } } });
    await s.acquire('a');
    expect(await s.acquire('b')).to.include({ answer: 'queued' });
    const observe = (more: object = {}) => s.ask('observe', { lease: 'a', fence: 1, ...more });
    expect(await observe({ fence: 7 })).to.deep.equal({ v: 1, answer: 'observed', lease: 'a', held: false });
    expect(await s.acquire('b')).to.include({ answer: 'queued' });
    expect(await observe({ latencyMs: 12.5 })).to.deep.equal({ v: 1, answer: 'observed', lease: 'a', held: true });
    expect(await granted(() => s.acquire('b'))).to.include({ fence: 2 });
    expect(await s.acquire('c')).to.include({ answer: 'queued' });
    await observe({ refused: true });
    expect((await s.explain('c')).shortages[0]).to.include({ kind: 'vm', limit: 1, used: 2, position: 1 });
  }).timeout(60_000);
});
