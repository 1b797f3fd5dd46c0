import { expect } from 'chai';
import fc from 'fast-check';
import { createBench } from './bench.ts';

function close(bench: ReturnType<typeof createBench>, scope: string, on = true) {
  return bench.order('setMaintenance', { scope, on, by: 'ann', reason: 'new disks' });
}

describe('a scope in maintenance', () => {
  it('grants nothing more, lets run what runs, and tells once when it is empty', () => {
    const bench = createBench({ limits: { default: 2 } });
    bench.acquire('a', { volume: 1 });
    bench.acquire('b', { volume: 1 });
    close(bench, 'cloud');
    bench.acquire('c', { disk: 1 });
    bench.release('a');
    expect([bench.granted(), bench.waiting(), bench.events.includes('drained')]).to.deep.equal([['b'], ['c'], false]);
    bench.release('b');
    bench.release('b');
    expect(bench.events.filter((what) => what === 'drained')).to.have.length(1);
    expect(bench.granted()).to.deep.equal([]);
  });

  it('tells it at once where nobody holds anything', () => {
    const bench = createBench();
    close(bench, 'cloud/t1');
    close(bench, 'cloud/t1');
    expect(bench.events).to.deep.equal(['closed', 'drained']);
  });

  it('grants in order again when it is opened', () => {
    const bench = createBench({ limits: { default: 2 } });
    close(bench, 'cloud');
    for (const lease of ['a', 'b', 'c']) bench.acquire(lease, { volume: 1 });
    expect(close(bench, 'cloud', false).map((s) => s.lease)).to.deep.equal(['a', 'b']);
    expect(bench.state.closed).to.deep.equal({});
    expect(close(bench, 'cloud', false)).to.deep.equal([]);
  });

  it('of a tenant holds up nobody beside it', () => {
    const bench = createBench({ limits: { default: 9 } });
    close(bench, 'cloud/t1');
    for (const scope of ['cloud/t1', 'cloud/t1/p', 'cloud/t10', 'cloud']) bench.acquire(scope, { volume: 1 }, scope);
    expect([bench.granted(), bench.waiting()]).to.deep.equal([
      ['cloud/t10', 'cloud'],
      ['cloud/t1', 'cloud/t1/p'],
    ]);
    // what is in maintenance twice is closed until both have ended
    close(bench, 'cloud');
    expect(close(bench, 'cloud/t1', false)).to.deep.equal([]);
    expect(close(bench, 'cloud', false).map((s) => s.lease)).to.deep.equal(['cloud/t1', 'cloud/t1/p']);
  });

  it('lets holders nest, for that is part of what drains; entered from above, it is told anew when it is empty', () => {
    const bench = createBench({ limits: { default: 2 } });
    const inside = (of: string) => ({ held: [{ lease: of, scope: 'cloud', need: { volume: 2 } }] });
    bench.acquire('a', { volume: 2 });
    close(bench, 'cloud/t1');
    bench.acquire('inner', { volume: 1 }, 'cloud/t1', inside('a'));
    expect(bench.granted()).to.deep.equal(['a', 'inner']);
    bench.release('inner');
    expect(bench.events.filter((what) => what === 'drained')).to.have.length(2);
  });

  it('is explained: since when, by whom, why, and how many are still there', () => {
    const bench = createBench({ limits: { default: 2 } });
    bench.acquire('a', { volume: 1 });
    close(bench, 'cloud');
    bench.acquire('b', { volume: 1 });
    bench.advance(5_000);
    const { text, maintenance } = bench.explain('b');
    expect(text).to.equal('cloud is in maintenance for 5s by ann: new disks; 1 still held there');
    expect(maintenance).to.deep.equal({ path: 'cloud', sinceMs: 5_000, by: 'ann', reason: 'new disks', leases: 1 });
  });

  it('is ordered by operators only, and for its own root only', () => {
    const bench = createBench();
    bench.say('setMaintenance', { scope: 'cloud', on: true });
    bench.order('setMaintenance', { scope: 'other', on: true });
    bench.order('setMaintenance', { scope: 'cloud' });
    expect(bench.state.closed).to.deep.equal({});
  });

  it('never grants while it lasts, loses nobody, and tells of every emptying once, whatever happens', () => {
    const scopes = ['cloud', 'cloud/t1', 'cloud/t2'] as const;
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ do: fc.constant('acquire' as const), scope: fc.constantFrom(...scopes), kind: fc.constantFrom('x', 'y') }),
      },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('release' as const), nth: fc.nat() }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('set' as const), scope: fc.constantFrom(...scopes), on: fc.boolean() }) },
      { weight: 1, arbitrary: fc.constant({ do: 'rebuild' as const }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        const bench = createBench({ limits: { default: 2 } });
        const closed = new Map<string, boolean>();
        const held = new Map<string, string>();
        const waiting = new Map<string, string>();
        const drained: string[] = [];
        bench.onEvent = (topic, body) => void (topic.at(-1) === 'drained' && drained.push((body as { scope: string }).scope));
        const within = (scope: string, path: string): boolean => scope === path || scope.startsWith(`${path}/`);
        steps.forEach((one, n) => {
          drained.length = 0;
          let sent: readonly { type: string; lease: string }[] = [];
          if (one.do === 'acquire') {
            waiting.set(`o${n}`, one.scope);
            sent = bench.acquire(`o${n}`, { [one.kind]: 1 }, one.scope);
          } else if (one.do === 'release') {
            const all = [...held.keys(), ...waiting.keys()];
            const lease = all[one.nth % Math.max(1, all.length)] ?? 'none';
            held.delete(lease);
            waiting.delete(lease);
            sent = bench.release(lease);
          } else if (one.do === 'set') {
            if (!one.on) closed.delete(one.scope);
            else if (!closed.has(one.scope)) closed.set(one.scope, false);
            sent = close(bench, one.scope, one.on);
          } else bench.rebuild();
          for (const { lease } of sent) {
            const scope = waiting.get(lease)!;
            expect(
              [...closed.keys()].filter((path) => within(scope, path)),
              `${lease} was granted`,
            ).to.deep.equal([]);
            waiting.delete(lease);
            held.set(lease, scope);
          }
          for (const [path, told] of closed) {
            const isEmpty = ![...held.values()].some((scope) => within(scope, path));
            expect(drained.includes(path), `${path} drained`).to.equal(isEmpty && !told);
            if (isEmpty) closed.set(path, true);
          }
          expect(bench.waiting()).to.deep.equal([...waiting.keys()]);
        });
        for (const scope of scopes) close(bench, scope, false);
        for (let [lease] = bench.granted(); lease !== undefined; [lease] = bench.granted()) bench.release(lease);
        expect(bench.waiting()).to.deep.equal([]);
      }),
      { numRuns: 60 },
    );
  }).timeout(30_000);
});
