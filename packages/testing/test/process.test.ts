import { expect } from 'chai';
import { isTroupeError } from '@troupe/protocol';
import { createMemoryBroker, type Fault, type MemoryBrokerOptions, type PortCall } from '@troupe/testing';

const address = { kind: 'counter', key: 'k' };
const root = JSON.stringify({ v: 1, w: 'n.1', s: 1, fx: [], in: [], nx: {} });

function setup(fault: (call: PortCall) => Fault = () => 'none', options: MemoryBrokerOptions = {}) {
  const broker = createMemoryBroker({ faults: fault, ...options });
  const ports = broker.process('p');
  const stored = (): unknown => broker.records.root(address)?.s;
  return { broker, ports, stored };
}

/** Settled within the microtasks and timers of now, or not. */
async function settled(promise: Promise<unknown>): Promise<'resolved' | 'rejected' | 'open'> {
  let state: 'resolved' | 'rejected' | 'open' = 'open';
  promise.then(
    () => (state = 'resolved'),
    () => (state = 'rejected'),
  );
  await new Promise<void>((resolve) => setImmediate(resolve));
  return state;
}

describe('a call of a process', () => {
  it('is done at once if nothing is in its way', async () => {
    const { ports, stored } = setup();
    expect(await settled(ports.records.commit(address, 0, root))).to.equal('resolved');
    expect(stored()).to.equal(1);
  });

  const cases: [Fault, 'resolved' | 'rejected' | 'open', unknown, boolean][] = [
    ['none', 'resolved', 1, true],
    ['fail', 'rejected', undefined, true],
    ['loseAck', 'rejected', 1, true],
    ['crash', 'open', 1, false],
    ['crashBefore', 'open', undefined, false],
  ];
  for (const [fault, end, there, alive] of cases) {
    it(`with the fault ${fault} is ${end}, ${there === undefined ? 'not done' : 'done'}, and leaves its process ${alive ? 'alive' : 'dead'}`, async () => {
      const { ports, stored } = setup(({ writes }) => (writes ? fault : 'none'));
      expect(await settled(ports.records.commit(address, 0, root))).to.equal(end);
      expect(stored()).to.equal(there);
      expect(ports.process.alive).to.equal(alive);
    });
  }

  it('says that the store is unavailable, and that trying again is of use', async () => {
    const { ports } = setup(() => 'fail');
    const error: unknown = await ports.records.load(address).catch((e: unknown) => e);
    expect(isTroupeError(error) && [error.code, error.retryable]).to.deep.equal(['unavailable', true]);
  });

  it('is shown to the faults with its number, its process and what it does', async () => {
    const calls: PortCall[] = [];
    const { ports } = setup((call) => {
      calls.push(call);
      return 'none';
    });
    await ports.records.load(address);
    await ports.records.commit(address, 0, root);
    expect(calls).to.deep.equal([
      { n: 1, client: 'p', name: 'records.load', writes: false },
      { n: 2, client: 'p', name: 'records.commit', writes: true },
    ]);
  });

  it('takes up to as long as calls take, and does not happen if its process dies meanwhile', async () => {
    const { broker, ports, stored } = setup(() => 'none', { latencyMs: 100, seed: 4 });
    const slow = ports.records.commit(address, 0, root);
    expect(await settled(slow)).to.equal('open');
    ports.process.kill();
    await broker.clock.tick(1_000);
    expect([stored(), await settled(slow)]).to.deep.equal([undefined, 'open']);
    const other = broker.process('q').records.commit(address, 0, root);
    await broker.clock.tick(100);
    expect(await settled(other)).to.equal('resolved');
  });

  it('that is given what no wire could carry is a defect, whatever its caller makes of the error', async () => {
    const { broker, ports } = setup();
    const sent = ports.effects.emit([{ type: 'publish', topic: ['x'], body: new Date(0) as never, id: 'e' }], {
      from: address,
      revision: 1,
    });
    expect(await settled(sent)).to.equal('rejected');
    expect(String(broker.defects[0])).to.include('a Date does not survive JSON');
  });
});

describe('a dead process', () => {
  it('does nothing more: its calls never return, its timers never fire, whoever asked hears of its death once', async () => {
    const { broker, ports, stored } = setup();
    let fired = 0;
    let told = 0;
    ports.process.clock.setTimer(10, () => fired++);
    ports.process.onKill(() => told++);
    ports.process.kill();
    ports.process.kill();
    await broker.clock.tick(100);
    expect(await settled(ports.records.commit(address, 0, root))).to.equal('open');
    expect([fired, told, stored()]).to.deep.equal([0, 1, undefined]);
  });

  it('tells nobody anything, and its name may be used again', async () => {
    const { broker, ports } = setup();
    ports.process.kill();
    ports.effects.tell([{ type: 'answer', answer: { v: 1, operation: 'o', answer: 'accepted' } }]);
    expect(broker.answers).to.deep.equal([]);
    const again = broker.process('p');
    again.effects.tell([{ type: 'answer', answer: { v: 1, operation: 'o', answer: 'accepted' }, replyTo: '_INBOX.x' }]);
    expect(broker.answers).to.deep.equal([{ answer: { v: 1, operation: 'o', answer: 'accepted' }, replyTo: '_INBOX.x' }]);
  });
});

describe('what leaves the entities', () => {
  it('is there to be looked at: events once per id, results, dead letters, signals', async () => {
    const { broker, ports } = setup();
    const heard: unknown[] = [];
    const stop = broker.onSignal('pool', (body) => heard.push(body));
    const context = { from: address, revision: 1 };
    const outcome = { kind: 'succeeded', output: 1 } as const;
    const error = { code: 'internal', message: 'no' };
    await ports.effects.emit(
      [
        { type: 'publish', topic: ['a', 'b'], body: { n: 1 }, id: 'e1', context: { user: 'u' } },
        { type: 'publish', topic: ['a', 'b'], body: { n: 1 }, id: 'e1', context: { user: 'u' } },
        { type: 'result', id: 't1', task: 'work', attempt: 2, outcome, ttlMs: 1_000 },
        {
          type: 'bury',
          origin: ['mail', 'x'],
          reason: 'internal',
          error,
          original: { mail: { id: 'm', type: 't', body: { n: 2 }, sender: 'entity' } },
          id: 'e2',
        },
      ] as never,
      context,
    );
    ports.effects.tell([{ type: 'signal', pool: 'pool', body: 'stop' }]);
    stop();
    ports.effects.tell([{ type: 'signal', pool: 'pool', body: 'again' }]);
    expect(broker.events.map(({ message, context: c }) => [message.topic, message.body, c])).to.deep.equal([
      [['a', 'b'], { n: 1 }, { user: 'u' }],
    ]);
    expect(broker.results.get('t1')).to.deep.include({ task: 'work', attempt: 2, outcome });
    expect(broker.dead.map((letter) => [letter.subject, letter.reason, letter.body])).to.deep.equal([
      ['mail.x', 'internal', '{"id":"m","type":"t","body":{"n":2},"sender":"entity"}'],
    ]);
    expect(heard).to.deep.equal(['stop']);
  });
});
