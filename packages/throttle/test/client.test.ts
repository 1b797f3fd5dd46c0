import { createThrottleClient, type RemoteLease } from '@troupe/throttle';
import { createVirtualClock } from '@troupe/testing';
import { expect } from 'chai';

/** The edge of the wire alone: answers as the door gives them, or none. What real servers do is in packages/runtime/test/throttle-door. */
async function setup(answers: { acquire?: object; renew?: object | undefined; release?: object | undefined } = {}) {
  const virtual = createVirtualClock();
  let aheadMs = 0;
  // the clock of the day may be set, or go on while the other one sleeps
  const clock = Object.assign(Object.create(virtual) as typeof virtual, { now: () => virtual.now() + aheadMs });
  const asked: Record<string, unknown>[] = [];
  let isAway = false;
  const connection = {
    isClosed: () => false,
    async request(subject: string, payload: Uint8Array): Promise<{ data: Uint8Array }> {
      const kind = subject.split('.').at(-1) as 'acquire' | 'renew' | 'release';
      const body = JSON.parse(new TextDecoder().decode(payload)) as Record<string, unknown>;
      asked.push({ kind, ...body });
      const standard = {
        acquire: { answer: 'granted', lease: body['lease'], fence: 7, scope: body['scope'], need: body['need'] },
        renew: { answer: 'renewed', lease: body['lease'], fence: 7 },
        release: { answer: 'released', lease: body['lease'], held: true },
      };
      if (isAway) throw new Error('timeout');
      return { data: new TextEncoder().encode(JSON.stringify({ v: 1, ...(answers[kind] ?? standard[kind]) })) };
    },
  };
  const client = createThrottleClient(connection, { clock });
  const lease = await client.acquire('cloud', { vm: 1 }, { ttl: '60s' });
  const set = (ms: number): void => void (aheadMs += ms);
  return {
    set,
    clock,
    client,
    lease,
    asked,
    of: (kind: string) => asked.filter((one) => one['kind'] === kind),
    leave: () => (isAway = true),
  };
}

const code = (lease: RemoteLease): unknown => (lease.signal.reason as { code?: string } | undefined)?.code;

describe('a lease that is held from outside', () => {
  it('is renewed every 20 s of its 60, under its fence, until it is given back', async () => {
    const { clock, lease, of } = await setup();
    await clock.tick(100_000);
    expect(of('renew')).to.have.length(5);
    expect(of('renew')[0]).to.include({ lease: lease.id, fence: 7, ttlMs: 60_000 });
    await lease.release();
    await lease.release();
    await clock.tick(100_000);
    expect([of('renew').length, of('release').length, clock.pending]).to.deep.equal([5, 1, 0]);
    expect(lease.signal.aborted).to.equal(false);
  });

  it('is lost when no renewal is answered for its whole time, counted from when the last one was sent: not before, not after', async () => {
    const { clock, lease, leave, of } = await setup();
    await clock.tick(20_000);
    leave();
    await clock.tick(59_999);
    expect([lease.isHeld, lease.signal.aborted]).to.deep.equal([true, false]);
    await clock.tick(1);
    expect([lease.isHeld, code(lease)]).to.deep.equal([false, 'lease_lost']);
    // it was tried again and again meanwhile
    expect(of('renew').length).to.be.above(30);
    expect(clock.pending).to.equal(0);
  });

  it('is lost by a machine that slept, whose clock that never jumps stood still', async () => {
    const { clock, lease, set } = await setup();
    await clock.tick(10_000);
    set(49_999);
    expect(lease.isHeld).to.equal(true);
    set(1);
    expect(() => lease.assertHeld())
      .to.throw()
      .that.includes({ code: 'lease_lost' });
    expect(code(lease)).to.equal('lease_lost');
  });

  it('is kept when the clock of the day is set back, or forward by less than is left', async () => {
    const { clock, lease, set } = await setup();
    set(-3_600_000);
    await clock.tick(50_000);
    set(30_000);
    await clock.tick(50_000);
    expect(lease.isHeld).to.equal(true);
    await lease.release();
  });

  it('is lost at once when it is told so', async () => {
    const { clock, lease } = await setup({ renew: { answer: 'lost', lease: 'x' } });
    await clock.tick(20_000);
    expect([lease.isHeld, code(lease)]).to.deep.equal([false, 'lease_lost']);
  });

  it('is seen to be lost by whoever looks after a freeze, before any timer has fired', async () => {
    const { clock, lease, of } = await setup();
    clock.freeze(60_000);
    expect(() => lease.assertHeld())
      .to.throw()
      .that.includes({ code: 'lease_lost' });
    expect(code(lease)).to.equal('lease_lost');
    expect(of('renew')).to.deep.equal([]);
  });

  it('survives an answer that is lost', async () => {
    const { clock, lease } = await setup({ renew: { answer: 'refused', error: { code: 'unanswered', message: '', retryable: true } } });
    await clock.tick(59_000);
    expect(lease.isHeld).to.equal(true);
  });
});
