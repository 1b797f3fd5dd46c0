import { createLocalThrottle, rootOf, throttleBehaviour } from '@troupe/throttle';
import { expect } from 'chai';
import { createBench } from './bench.ts';

const most = (bench: ReturnType<typeof createBench>, kind: string, scope = 'cloud'): number => {
  for (let i = 0; i < 30; i++) bench.acquire(`${scope}-${kind}-${i}`, { [kind]: 1 }, scope);
  return bench.granted().filter((lease) => lease.startsWith(`${scope}-${kind}-`)).length;
};

describe('the limit of a scope', () => {
  it('is 4 where nothing is said', () => {
    expect(most(createBench(), 'volume')).to.equal(4);
  });

  it('is what is set at run time, else of its path, else of its kind, else the default', () => {
    const limits = { default: 2, kinds: { volume: 3 }, scopes: { cloud: { snapshot: 5 } } };
    expect(most(createBench({ limits }), 'disk')).to.equal(2);
    expect(most(createBench({ limits }), 'volume')).to.equal(3);
    expect(most(createBench({ limits }), 'snapshot')).to.equal(5);
    const bench = createBench({ limits });
    bench.limit('snapshot', 7);
    expect(most(bench, 'snapshot')).to.equal(7);
  });

  it('below the root is none, unless it has one of its own', () => {
    const bench = createBench({ limits: { default: 9, kinds: { volume: 6 }, scopes: { 'cloud/t1': { volume: 2 } } } });
    expect(most(bench, 'volume', 'cloud/t1')).to.equal(2);
    expect(most(bench, 'volume', 'cloud/t2')).to.equal(4);
  });

  for (const [field, limits] of [
    ['limits.default', { default: -1 }],
    ['limits.default', { default: 1.5 }],
    ['limits.kinds.volume', { kinds: { volume: Number.NaN } }],
    ['limits.scopes.cloud/t1.volume', { scopes: { 'cloud/t1': { volume: '3' as never } } }],
  ] as const) {
    it(`must be a whole number of at least 0: ${field} = ${JSON.stringify(limits)}`, () => {
      for (const make of [() => throttleBehaviour({ limits }), () => createLocalThrottle({ limits })]) {
        expect(make).to.throw().that.includes({ code: 'invalid_options', field });
      }
    });
  }

  it('is kept by root: the first part of a path', () => {
    expect(['cloud', 'cloud/t1', 'cloud/t1/p'].map(rootOf)).to.deep.equal(['cloud', 'cloud', 'cloud']);
  });
});

describe('a limit that is changed at run time', () => {
  const waiting = (limit: number, count: number) => {
    const bench = createBench({ limits: { default: limit } });
    for (let i = 0; i < count; i++) bench.acquire(`o${i}`, { volume: 1 });
    return bench;
  };

  it('takes effect in that turn: raised, it grants; lowered, it takes nothing away and stops grants', () => {
    const bench = waiting(2, 10);
    expect(bench.limit('volume', 5).map((s) => s.lease)).to.deep.equal(['o2', 'o3', 'o4']);
    expect(bench.limit('volume', 1)).to.deep.equal([]);
    expect(bench.granted()).to.have.length(5);
    for (let i = 0; i < 4; i++) expect(bench.release(`o${i}`)).to.deep.equal([]);
    expect(bench.release('o4').map((s) => s.lease)).to.deep.equal(['o5']);
  });

  it('to 0 pauses what follows and lets run what runs', () => {
    const bench = waiting(2, 4);
    bench.limit('volume', 0);
    bench.release('o0');
    bench.release('o1');
    expect([bench.granted(), bench.waiting()]).to.deep.equal([[], ['o2', 'o3']]);
    bench.acquire('disk', { disk: 1 });
    expect(bench.granted()).to.deep.equal(['disk']);
  });

  it('to null is what is configured again', () => {
    const bench = waiting(3, 9);
    bench.limit('volume', 1);
    expect(bench.limit('volume', null)).to.deep.equal([]);
    expect(bench.release('o0').map((s) => s.lease)).to.deep.equal(['o3']);
    expect(bench.state.overrides).to.deep.equal({});
  });

  it('of a tenant reaches everybody below it, and nobody beside it', () => {
    const bench = createBench({ limits: { default: 20 } });
    bench.limit('volume', 0, 'cloud/t1');
    for (const scope of ['cloud/t1', 'cloud/t1/p', 'cloud/t10', 'cloud']) bench.acquire(scope, { volume: 1 }, scope);
    expect(bench.granted()).to.deep.equal(['cloud/t10', 'cloud']);
    expect(bench.limit('volume', 2, 'cloud/t1').map((s) => s.lease)).to.deep.equal(['cloud/t1', 'cloud/t1/p']);
  });

  it('of the root reaches those who wait for it deep below', () => {
    const bench = createBench({ limits: { default: 1 } });
    bench.acquire('a', { volume: 1 }, 'cloud/t1/p');
    bench.acquire('b', { volume: 1 }, 'cloud/t2/p');
    expect(bench.limit('volume', 2).map((s) => s.lease)).to.deep.equal(['b']);
  });

  it('outlives a restart, and configurations that come and go', () => {
    const bench = waiting(4, 8);
    bench.limit('volume', 6);
    bench.rebuild();
    bench.release('o0');
    expect(bench.granted()).to.have.length(6);
    expect(bench.explain('o7').shortages[0]).to.include({ limit: 6, used: 6 });
  });

  for (const [what, body, sender] of [
    ['from an entity', { scope: 'cloud', kind: 'volume', limit: 9 }, 'entity'],
    ['of another root', { scope: 'other', kind: 'volume', limit: 9 }, 'verb'],
    ['below 0', { scope: 'cloud', kind: 'volume', limit: -1 }, 'verb'],
    ['of no kind', { scope: 'cloud', kind: '', limit: 9 }, 'verb'],
    ['to text', { scope: 'cloud', kind: 'volume', limit: '9' }, 'verb'],
    ['to nothing at all', { scope: 'cloud', kind: 'volume' }, 'verb'],
    ['without a body', null, 'verb'],
  ] as const) {
    it(`is ignored ${what}`, () => {
      const bench = waiting(1, 3);
      expect(bench.say('setLimit', body, null, { sender })).to.deep.equal([]);
      expect(bench.state.overrides).to.deep.equal({});
      expect(bench.events).not.to.include('limitChanged');
    });
  }

  it('is told as an event', () => {
    const bench = waiting(1, 1);
    bench.limit('volume', 3, 'cloud/t1');
    expect(bench.events.at(-1)).to.equal('limitChanged');
  });
});

describe('who may speak to a throttle', () => {
  it('is everybody but workers', () => {
    const { mayReceive } = throttleBehaviour();
    const message = (sender: string) => ({ sender }) as Parameters<NonNullable<typeof mayReceive>>[0];
    expect(['entity', 'verb', 'timer', 'task-default', 'task-x'].map((sender) => mayReceive!(message(sender)))).to.deep.equal([
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  it('may say what it does not know, which changes nothing', () => {
    const bench = createBench();
    expect(bench.say('whatever', { lease: 'a' })).to.deep.equal([]);
    expect(bench.granted()).to.deep.equal([]);
  });
});
