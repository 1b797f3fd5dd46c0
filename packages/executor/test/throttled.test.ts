import { expect } from 'chai';
import { chain, giveBack, group, step, throttled } from '@troupe/executor';
import { createBench, failure, fatal, free, hostile, settled, start, START, steps, success, tasks, work } from './bench/index.ts';

const body = (prefix = ''): ReturnType<typeof step>[] => [step(`${prefix}a`, work, {}), step(`${prefix}b`, work, {})];

describe('throttled nodes', () => {
  for (const { name, faults } of hostile()) {
    it(`run while a lease is held, and give it back when they end, ${name}`, async () => {
      const { bench, id } = await start(
        chain(throttled({ scope: 'p/t1', need: { volume: 1 } }, ...body()), step('after', work, {})),
        faults,
      );
      bench.run();
      expect(bench.view(id).outcome).to.equal('succeeded');
      expect(steps(bench)).to.deep.equal(['a', 'b', 'after']);
      expect(bench.scopes.acquired[0]).to.deep.include({ lease: `${id}:0.0`, scope: 'p/t1', need: { volume: 1 }, held: [] });
      settled(bench);
    });

    it(`give their lease back when they fail, ${name}`, async () => {
      const { bench, id } = await start(throttled({ scope: 'p', need: { volume: 1 } }, ...body()), faults);
      bench.on('work', () => fatal('broken'));
      bench.run();
      expect(bench.view(id).error).to.include({ code: 'broken' });
      settled(bench);
    });

    it(`never pass the limit and all get their turn, ${name}`, async () => {
      const executor = free(throttled({ scope: 'p', need: { volume: 1 } }, ...body()));
      const bench = createBench({ executors: [executor], tasks, limits: { p: { volume: 2 } }, ...faults });
      for (let i = 0; i < 7; i++) await bench.command('test', { id: `op-${i}` });
      bench.run();
      for (let i = 0; i < 7; i++) expect(bench.view(`op-${i}`).outcome).to.equal('succeeded');
      expect(bench.scopes.peak('p', 'volume')).to.equal(2);
      settled(bench);
    });
  }

  it('release in the very turn that ends them, together with the next task', async () => {
    const { bench } = await start(chain(throttled({ scope: 'p', need: { volume: 1 } }, step('a', work, {})), step('b', work, {})));
    bench.run();
    const at = bench.trace.indexOf('send throttle/p release');
    expect(bench.trace[at + 1]).to.equal('task regular b#1');
  });

  it('start nothing before the grant, and waiting costs no message', async () => {
    const { bench } = await start(throttled({ scope: 'p', need: { volume: 1 } }, ...body()), { rebuild: true });
    bench.scopes.pause();
    bench.run(() => bench.scopes.waiting.length === 1 && bench.now > START);
    expect(bench.workers.sent).to.deep.equal([]);
    expect(bench.trace.filter((line) => line.startsWith('send throttle'))).to.deep.equal(['send throttle/p acquire']);
  });

  it('put the fence of the nearest lease into their task messages', async () => {
    const { bench } = await start(
      chain(
        throttled({ scope: 'p', need: { a: 2 } }, step('x', work, {}), throttled({ scope: 'q', need: { b: 1 } }, step('y', work, {}))),
        step('z', work, {}),
      ),
    );
    bench.run();
    const fences = bench.workers.sent.map(({ message }) => message.fence?.lease);
    expect(fences).to.deep.equal([1, 2, undefined]);
  });

  it('name the leases around them, as much as is left of each', async () => {
    const plan = throttled(
      { scope: 'p', need: { volume: 2, instance: 1 } },
      giveBack({ volume: 1 }),
      throttled({ scope: 'p', need: { volume: 1 } }, step('x', work, {})),
      throttled({ scope: 'q', need: { net: 1 } }, step('y', work, {})),
    );
    const { bench, id } = await start(plan, { rebuild: true });
    bench.run();
    const outer = { lease: `${id}:0`, scope: 'p', need: { volume: 1, instance: 1 } };
    expect(bench.scopes.acquired.map((one) => one.held)).to.deep.equal([[], [outer], [outer]]);
    settled(bench);
  });

  it('do not name the leases of nodes beside them', async () => {
    const { bench } = await start(
      group(
        {},
        throttled({ scope: 'q', need: { a: 1 } }, step('x', work, {})),
        throttled({ scope: 'p', need: { a: 1 } }, step('y', work, {})),
      ),
    );
    bench.on('work', () => ({ outcome: success(), afterMs: 100 }));
    bench.run();
    expect(bench.scopes.acquired.map((one) => one.held)).to.deep.equal([[], []]);
  });

  it('give a part back as soon as it is not needed', async () => {
    const executor = free(
      throttled({ scope: 'p', need: { instance: 1, volume: 2 } }, step('v', work, {}), giveBack({ volume: 2 }), step('vm', work, {})),
    );
    const bench = createBench({ executors: [executor], tasks, limits: { p: { instance: 4, volume: 2 } } });
    bench.on('work', (message) => ({ outcome: success(), afterMs: message.step === 'v' ? 10 : 1_000 }));
    for (const id of ['o1', 'o2', 'o3']) await bench.command('test', { id });
    bench.run();
    // one after the other they would take three times 1,010 ms
    expect(Math.max(...['o1', 'o2', 'o3'].map((id) => bench.view(id).endedAt!)) - START).to.be.lessThan(1_100);
    expect(bench.scopes.peak('p', 'volume')).to.equal(2);
    settled(bench);
  });

  it('name what they spend, their priority and their share to the scope', async () => {
    const more = { spend: { call: 2 }, priority: 3, share: 'tenant-7' };
    const { bench, id } = await start(
      chain(
        throttled({ scope: 'p/t1', need: { volume: 1 }, ...more }, ...body()),
        throttled({ scope: 'p', spend: { call: 1 } }, step('c', work, {})),
      ),
    );
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(bench.scopes.acquired[0]).to.deep.include({ scope: 'p/t1', need: { volume: 1 }, ...more });
    expect(bench.scopes.acquired[1]).to.deep.include({ scope: 'p', need: {}, spend: { call: 1 } });
    settled(bench);
  });

  for (const { name, faults } of hostile(2)) {
    it(`tell their scope once for every attempt how the backend did, where the plan wants it, ${name}`, async () => {
      const { bench, id } = await start(
        chain(
          throttled({ scope: 'p/t1', need: { volume: 1 }, observe: true }, chain(step('a', work, {}))),
          throttled({ scope: 'p', need: { volume: 1 } }, step('b', work, {})),
        ),
        faults,
      );
      bench.on('work', (attempt) => (attempt.step === 'a' && attempt.attempt === 1 ? { ...failure('busy'), retryAfterMs: 10 } : success()));
      bench.run();
      expect(bench.view(id).outcome).to.equal('succeeded');
      const told = new Set(bench.scopes.observed.map((one) => JSON.stringify({ ...one, latencyMs: 0 })));
      const lease = `${id}:0.0`;
      expect([...told].map((one) => JSON.parse(one) as object)).to.have.deep.members([
        { lease, refused: true, latencyMs: 0 },
        { lease, latencyMs: 0 },
      ]);
      settled(bench);
    });
  }

  it('do not tell of failures that say nothing of the backend', async () => {
    const { bench } = await start(throttled({ scope: 'p', need: { volume: 1 }, observe: true }, step('a', work, {})));
    bench.on('work', () => fatal('broken'));
    bench.run();
    expect(bench.scopes.observed).to.deep.equal([]);
  });

  it('fail with what the scope refuses', async () => {
    const { bench, id } = await start(throttled({ scope: 'p', need: { volume: 9 } }, ...body()));
    bench.scopes.pause();
    bench.step();
    bench.scopes.refuse(`${id}:0`, { kind: 'operation', key: id }, 'need_exceeds_limit');
    bench.run();
    expect(bench.view(id).error).to.include({ code: 'need_exceeds_limit' });
    settled(bench);
  });

  it('wait as long as it takes without a deadline of their own, and it is not counted as the time of the operation', async () => {
    const { bench, id } = await start(throttled({ scope: 'p', need: { volume: 1 } }, step('a', work, {}, { deadline: '1h' })), {
      executor: { deadline: '2h' },
      rebuild: true,
    });
    bench.scopes.pause();
    bench.run(() => bench.scopes.waiting.length === 1);
    const before = bench.view(id).deadline!;
    bench.mail(id, 'watch', { node: '' }, 'entity', { kind: 'operation', key: 'other' });
    bench.step();
    bench.scopes.resume();
    bench.run();
    expect(before - START).to.equal(7_200_000);
    expect(bench.view(id).outcome).to.equal('succeeded');
  });

  it('give up at the deadline that they set for the wait', async () => {
    const { bench, id } = await start(throttled({ scope: 'p', need: { volume: 1 }, deadline: '5m' }, ...body()), { rebuild: true });
    bench.scopes.pause();
    bench.run();
    expect(bench.view(id).error).to.deep.include({ code: 'deadline_exceeded', data: { scope: 'p', waited: 300_000 } });
    expect(bench.now - START).to.equal(300_000);
    settled(bench);
  });

  it('without nodes need no lease', async () => {
    const { bench, id } = await start(throttled({ scope: 'p', need: { volume: 1 } }));
    bench.run();
    expect(bench.view(id).outcome).to.equal('succeeded');
    expect(bench.scopes.acquired).to.deep.equal([]);
  });
});

describe('a scope that asks', () => {
  it('hears that a lease is held, waited for, over, or of nobody', async () => {
    const { bench, id } = await start(
      chain(
        throttled({ scope: 'p', need: { volume: 1 } }, step('a', work, {})),
        throttled({ scope: 'p', need: { volume: 1 } }, step('b', work, {})),
      ),
      { rebuild: true },
    );
    bench.on('work', () => 'lost');
    bench.run(() => bench.workers.lost.length === 1);
    const to = { kind: 'operation', key: id };
    bench.scopes.ask(`${id}:0.0`, to);
    bench.scopes.ask(`${id}:0.1`, to);
    bench.scopes.ask('x:0', { kind: 'operation', key: 'x' });
    for (let i = 0; i < 3; i++) bench.step();
    expect(bench.scopes.answers).to.deep.equal([
      { lease: `${id}:0.0`, holds: true },
      { lease: `${id}:0.1`, holds: false },
      { lease: 'x:0', holds: false },
    ]);
  });

  it('gets a grant back that nobody wants any more', async () => {
    const { bench, id } = await start(step('a', work, {}));
    bench.run();
    const grant = { lease: `${id}:0.3`, fence: 9, scope: 'p/t', need: { volume: 1 } };
    bench.mail(id, 'throttle.granted', grant, 'entity', { kind: 'throttle', key: 'p' });
    bench.mail('never-was', 'throttle.granted', { ...grant, lease: 'never-was:0' }, 'entity', { kind: 'throttle', key: 'p' });
    bench.run();
    expect(bench.trace.slice(-2)).to.deep.equal(['send throttle/p release', 'send throttle/p release']);
    expect(bench.entities.get('never-was')?.root).to.equal(undefined);
  });
});
