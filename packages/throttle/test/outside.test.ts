import { expect } from 'chai';
import { createOutsideBench } from './outside-bench.ts';

const TTL = 60_000;

/** One token. */
const setup = () => createOutsideBench({ limits: { default: 1 } });

describe('a lease of an outside holder', () => {
  it('is granted with a fence, told to the door, and lapses unless it is renewed', () => {
    const { bench, acquire, left } = setup();
    expect(acquire('a')).to.deep.include({ answer: 'granted', lease: 'a', fence: 1 });
    bench.pass(TTL - 1);
    expect(bench.granted()).to.deep.equal(['a']);
    bench.pass(2_000);
    expect(bench.granted()).to.deep.equal([]);
    expect(bench.events.at(-1)).to.equal('expired');
    expect(left()).to.deep.equal([]);
  });

  it('is kept by renewals, as long as they come', () => {
    const { bench, acquire, renew } = setup();
    acquire('a');
    for (let n = 0; n < 10; n++) {
      bench.pass(20_000);
      expect(renew('a', 1)).to.deep.include({ answer: 'renewed', fence: 1 });
    }
    bench.rebuild();
    bench.pass(TTL - 1);
    expect(bench.granted()).to.deep.equal(['a']);
  });

  it('is lost for a renewal that comes late, is not its own, or names an older fence: told, and nothing changes', () => {
    const { bench, acquire, renew, fenceOf } = setup();
    acquire('a');
    bench.pass(TTL + 1_000);
    expect(renew('a', 1)).to.deep.include({ answer: 'lost' });
    acquire('a');
    expect(fenceOf('a')).to.equal(2);
    expect(renew('a', 1)).to.deep.include({ answer: 'lost' });
    expect(renew('a', 2, {}, 'somebody else')).to.deep.include({ answer: 'lost' });
    expect(renew('never heard of', 1)).to.deep.include({ answer: 'lost' });
    bench.pass(TTL + 1_000);
    expect(bench.granted()).to.deep.equal([]);
  });

  it('that has lapsed is lost before the timer has come: the next one in the queue may be waiting for it', () => {
    const { bench, acquire, renew, fenceOf } = setup();
    acquire('a');
    acquire('b', { waitMs: 2 * TTL });
    bench.advance(TTL);
    expect(renew('a', 1)).to.deep.include({ answer: 'lost' });
    expect(fenceOf('b')).to.equal(2);
  });

  it('counts from when its mail was stored: a renewal that waited for a host is in time', () => {
    const { bench, acquire, renew } = setup();
    acquire('a');
    bench.advance(TTL - 1);
    expect(renew('a', 1)).to.deep.include({ answer: 'renewed' });
    bench.pass(TTL - 1);
    expect(bench.granted()).to.deep.equal(['a']);
  });

  it('ends by a release, once: late, double and stale ones change nothing and are told so', () => {
    const { bench, acquire, release } = setup();
    acquire('a');
    expect(release('a', { fence: 1 })).to.deep.include({ answer: 'released', held: true });
    expect(release('a', { fence: 1 })).to.deep.include({ answer: 'released', held: false });
    acquire('a');
    expect(release('a', { fence: 1 })).to.deep.include({ answer: 'released', held: false });
    expect(release('a', {}, 'somebody else')).to.deep.include({ answer: 'released', held: false });
    expect(bench.granted()).to.deep.equal(['a']);
  });

  it('can be given back in parts', () => {
    const { bench, acquire, release } = createOutsideBench({ limits: { default: 2 } });
    acquire('a', { need: { vm: 1, volume: 2 } });
    expect(release('a', { fence: 1, need: { volume: 2 } })).to.deep.include({ answer: 'released', held: true });
    expect(bench.state.ledger.leases.get('a')!.need).to.deep.equal({ vm: 1 });
  });

  it('is the same lease for whoever asks twice, and nobody else can have its name', () => {
    const { acquire, bench } = setup();
    acquire('a');
    expect(acquire('a')).to.deep.include({ answer: 'granted', fence: 1 });
    expect(acquire('a', {}, 'somebody else'))
      .to.deep.include({ answer: 'refused' })
      .and.to.have.nested.property('error.code', 'id_reused');
    expect(bench.granted()).to.deep.equal(['a']);
  });

  it('that is refused leaves nothing', () => {
    const { acquire, left } = setup();
    expect(acquire('a', { need: { vm: 2 } })).to.have.nested.property('error.code', 'need_exceeds_limit');
    expect(left()).to.deep.equal([]);
  });

  it('is never asked for, nor sent any mail: nobody is there to read it', () => {
    const { bench, acquire } = setup();
    acquire('a');
    bench.acquire('operation', { vm: 1 });
    const { id } = bench.timers.findLast(({ type }) => type === 'timer.ask')!;
    expect(bench.say('timer.ask', null, null, { sender: 'timer', timer: id })).to.deep.equal([]);
    expect(bench.sent).to.deep.equal([]);
  });
});

describe('an outside holder in the queue', () => {
  it('is told how many are before it, and later, where it asked last, that it is granted', () => {
    const { bench, acquire, release } = setup();
    acquire('a');
    expect(acquire('b', { waitMs: 10_000 })).to.deep.include({ answer: 'queued', ahead: 0 });
    expect(acquire('c', { waitMs: 10_000 })).to.deep.include({ answer: 'queued', ahead: 1 });
    expect(acquire('b', { waitMs: 10_000 })).to.deep.include({ answer: 'queued', ahead: 0 });
    const before = bench.told.length;
    release('a', { fence: 1 });
    expect(bench.told.slice(before)).to.deep.include({
      request: 'r3',
      answer: 'granted',
      lease: 'b',
      fence: 2,
      scope: 'cloud',
      need: { vm: 1 },
    });
  });

  it('keeps its place by asking again, and loses it when it asks no more', () => {
    const { bench, acquire, release, fenceOf } = setup();
    acquire('a');
    acquire('gone', { waitMs: 1_000 });
    acquire('there', { waitMs: 1_000 });
    for (let n = 0; n < 4; n++) {
      bench.pass(20_000);
      acquire('a');
      acquire('there', { waitMs: 1_000 });
    }
    expect(bench.waiting()).to.deep.equal(['there']);
    release('a');
    expect(fenceOf('there')).to.equal(2);
  });

  it('is granted its whole time, however long it waited', () => {
    const { bench, acquire, release } = setup();
    acquire('a');
    acquire('b', { waitMs: 50_000 });
    bench.pass(50_000);
    release('a');
    bench.pass(TTL - 1);
    expect(bench.granted()).to.deep.equal(['b']);
  });

  it('that is gone gets nothing of a holder that is gone at the same moment', () => {
    const { bench, acquire } = setup();
    acquire('a');
    acquire('b');
    bench.pass(TTL + 5_000);
    expect([bench.granted(), bench.waiting()]).to.deep.equal([[], []]);
    expect(bench.events.filter((event) => event === 'granted')).to.have.length(1);
  });

  it('may give its place up', () => {
    const { bench, acquire, release } = setup();
    acquire('a');
    acquire('b');
    expect(release('b')).to.deep.include({ answer: 'released', held: false });
    expect(bench.waiting()).to.deep.equal([]);
  });
});

describe('what a killed server has brought back of an outside holder', () => {
  it('is gone with the next turn: a lease or a place whose time nobody knows', () => {
    const { bench, acquire, left } = setup();
    acquire('held');
    acquire('waits');
    const both = ['o:held', 'o:waits'].map((name) => bench.record().items.get(name));
    expect(both).to.not.include(undefined);
    bench.lose('o:held');
    bench.lose('o:waits');
    bench.rebuild();
    expect(acquire('next')).to.deep.include({ answer: 'queued' });
    bench.pass(1_000);
    expect(bench.granted()).to.deep.equal(['next']);
    expect(left().sort()).to.deep.equal(['l:next', 'o:next']);
  });
});
