import { expect } from 'chai';
import { createWorld, hourlyEach, HOUR_MS, list, objectOf, pull, START } from '../world.ts';

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `i${String(i).padStart(5, '0')}`);

for (const twice of [false, true]) {
  describe(`a fan-out${twice ? ' whose every message comes twice, late and after a crash' : ''}`, () => {
    function setup(count: number, each: Parameters<typeof hourlyEach>[0] = {}, more: Parameters<typeof hourlyEach>[1] = {}) {
      const world = createWorld(names(count), { twice });
      world.define(hourlyEach(each, more));
      world.advance(HOUR_MS / 2);
      return world;
    }

    it('runs once for each object of all pages, and ends with one outcome that counts them (S85)', () => {
      const world = setup(25, { pageSize: 10 });
      world.finish();
      expect(world.objectsSent().sort()).to.deep.equal(names(25));
      expect(world.sent.filter(({ task }) => task === list.name).map(({ input }) => input)).to.deep.equal([
        { input: null, limit: 10 },
        { input: null, limit: 10, cursor: 'i00009' },
        { input: null, limit: 10, cursor: 'i00019' },
      ]);
      const [outcome, ...others] = world.decided();
      expect(others).to.deep.equal([]);
      expect(outcome).to.deep.include({ what: 'ran', ended: 'succeeded' });
      expect(outcome!.counts).to.deep.include({ listed: 25, succeeded: 25, failed: 0 });
      expect([...world.items]).to.deep.equal([]);
      expect(world.timers.map(({ type }) => type)).to.deep.equal(['timer.tick']);
      expect(new Set(world.sent.map(({ idempotencyToken }) => idempotencyToken)).size).to.equal(28);
    });

    it('has no more objects alive than it may, and no more starts than its rate and a second of it', () => {
      const world = setup(60, { inFlight: 7, perSecond: 5, pageSize: 20 });
      let most = 0;
      for (let i = 0; i < 400; i++) {
        const open = world.open.filter(({ task }) => task === pull.name);
        most = Math.max(most, open.length);
        for (const message of world.open.slice(0, 3)) world.answer(message);
        world.advance(100);
      }
      expect(world.decided()[0]!.counts!['succeeded']).to.equal(60);
      expect(most).to.be.within(5, 7);
      const starts = world.sent.filter(({ task }) => task === pull.name).map(({ sentAt }) => sentAt);
      for (const from of starts) {
        for (const seconds of [1, 3, 10]) {
          const within = starts.filter((at) => at >= from && at < from + seconds * 1_000).length;
          expect(within).to.be.at.most(5 * (seconds + 1) + 1);
        }
      }
    });

    it('spreads the starts by its jitter', () => {
      const world = setup(3, { jitter: '10s' });
      world.answer(world.open[0]!);
      expect(world.open).to.deep.equal([]);
      world.advance(4_900);
      expect(world.open).to.deep.equal([]);
      world.advance(200);
      expect(world.open).to.have.length(3);
    });

    it('tries an object again by the policy of its task, which is not another run, and counts what failed in the end', () => {
      const world = setup(4, { keepFailures: 1 });
      world.finish((object) => (object < 'i00002' ? 'failed' : 'succeeded'));
      const attempts = world.sent.filter(({ task }) => task === pull.name).map((task) => `${objectOf(task)} ${task.attempt}`);
      expect(attempts.sort()).to.deep.equal(['i00000 1', 'i00000 2', 'i00001 1', 'i00001 2', 'i00002 1', 'i00003 1']);
      expect(world.decided()[0]!.ended, 'single objects are no failure of the run').to.equal('succeeded');
      expect(world.decided()[0]!.counts).to.deep.include({ listed: 4, succeeded: 2, failed: 2 });
      expect(world.fanout.last!.failures).to.deep.equal([{ key: 'i00000', error: 'backend: it broke' }]);
    });

    it('has failed when every object has: the penalty of the schedule passes over the next nominal time', () => {
      const world = setup(3);
      world.finish(() => 'failed');
      expect(world.decided()[0]).to.deep.include({ ended: 'failed' });
      expect(world.decided()[0]!.error).to.contain('every_object_failed');
      world.advance(HOUR_MS);
      expect(world.decided().at(-1)!.what).to.equal('skippedPenalty');
    });

    it('has failed when its listing has, after its retries, and lets end what was started', () => {
      const world = setup(25, { pageSize: 10 });
      world.answer(world.open[0]!);
      const pulls = [...world.open];
      for (const message of pulls.slice(0, 9)) world.answer(message);
      world.answer(pulls[9]!);
      const listing = world.open.find(({ task }) => task === list.name)!;
      expect(listing.step).to.equal('list 1');
      world.answer(listing, 'failed');
      world.advance(10_000);
      world.answer(world.open[0]!, 'failed');
      expect(world.decided()[0]).to.deep.include({ ended: 'failed' });
      expect(world.decided()[0]!.error).to.match(/^backend: the listing failed on page 1: it broke/);
      expect(world.decided()[0]!.counts).to.deep.include({ listed: 10, succeeded: 10 });
    });

    it('refuses what is no page, with the field, and a cursor that does not move', () => {
      const bad = (output: unknown): string => {
        const world = setup(1);
        world.outcome(world.open[0]!, { kind: 'succeeded', output: output as never });
        return world.decided()[0]!.error!;
      };
      expect(bad({})).to.contain('items of a listed page must be a list');
      expect(bad({ items: [{ key: '' }] })).to.contain('items.0.key');
      expect(bad({ items: [{ key: 'x'.repeat(129) }] })).to.contain('items.0.key');
      expect(bad({ items: [{ key: 'a', input: 'x'.repeat(9_000) }] })).to.contain('items.0.input');
      expect(bad({ items: names(501).map((key) => ({ key })) })).to.contain('501 objects');
      expect(bad({ items: [], cursor: '' })).to.contain('cursor');
      const world = setup(1);
      world.outcome(world.open[0]!, { kind: 'succeeded', output: { items: [], cursor: 'same' } });
      world.outcome(world.open.at(-1)!, { kind: 'succeeded', output: { items: [], cursor: 'same' } });
      expect(world.decided()[0]!.error).to.contain('is the one that was asked for');
    });

    it('takes an object that stands twice on a page once, and one with any name', () => {
      const world = setup(0);
      const output = { items: [{ key: '__proto__' }, { key: 'a' }, { key: 'a' }, { key: '*.> ' }] };
      world.outcome(world.open[0]!, { kind: 'succeeded', output: output as never });
      world.open = world.open.filter(({ task }) => task === pull.name);
      world.finish();
      expect(world.objectsSent()).to.deep.equal(['__proto__', 'a', '*.> ']);
      expect(world.decided()[0]!.counts).to.deep.include({ listed: 3, succeeded: 3 });
    });

    it('does nothing but say so when nothing is listed', () => {
      const world = setup(0);
      world.finish();
      expect(world.decided()[0]).to.deep.include({ ended: 'succeeded' });
      expect(world.objectsSent()).to.deep.equal([]);
    });

    it('is passed over as a whole while it has not started all, by the overlap of the schedule', () => {
      const world = setup(30, { inFlight: 10 });
      world.answer(world.open[0]!);
      world.advance(HOUR_MS);
      expect(world.decided().map(({ what }) => what)).to.deep.equal(['ran', 'skippedOverlap']);
    });

    it('skips an object whose run of an earlier nominal time lives, that one only, and never has two of it (S81, S85)', () => {
      const world = setup(3);
      world.answer(world.open[0]!);
      const stuck = world.open.find((task) => objectOf(task) === 'i00001')!;
      for (const message of world.open.filter((one) => one !== stuck)) world.answer(message);
      world.open = [];
      world.advance(HOUR_MS);
      expect(world.decided()[0]).to.deep.include({ what: 'ran', ended: 'succeeded' });
      expect(world.decided()[0]!.counts).to.deep.include({ listed: 3, succeeded: 2, carriedOver: 1 });
      world.finish();
      expect(world.decided()[1]!.counts).to.deep.include({ listed: 3, succeeded: 2, skippedOverlap: 1, carriedOver: 0 });
      expect(world.objectsSent().filter((object) => object === 'i00001')).to.have.length(1);
      expect(world.events.find(({ what }) => what === 'objectSkipped')!.body).to.deep.include({
        object: 'i00001',
        waitsFor: '2026-06-01T01:00:00.000Z',
      });
      // its own retry is no other run
      world.answer(stuck, 'failed');
      world.advance(10_000);
      expect(world.objectsSent().filter((object) => object === 'i00001')).to.have.length(2);
      world.answer(world.open[0]!);
      expect([...world.items]).to.deep.equal([]);
      world.advance(HOUR_MS);
      world.finish();
      expect(world.decided()[2]!.counts).to.deep.include({ listed: 3, succeeded: 3 });
    });

    it('is cancelled as a whole by the overlap that cancels: what runs is told, what waits ends at once, nothing more starts', () => {
      const world = setup(30, { inFlight: 3 }, { overlap: 'cancelPrevious' });
      world.answer(world.open[0]!);
      world.answer(world.open[0]!, 'failed');
      const running = [...world.open];
      expect(running).to.have.length(2);
      world.advance(9_000);
      world.verb('runNow');
      expect(world.signals).to.deep.equal(running.map(({ id }) => ({ cancel: id })));
      for (const message of running) world.answer(message, 'cancelled');
      expect(world.decided()[0]).to.deep.include({ what: 'ran', ended: 'cancelled' });
      expect(world.decided()[0]!.counts).to.deep.include({ listed: 30, cancelled: 3, notStarted: 27 });
      world.finish();
      expect(world.decided()[1]!.counts).to.deep.include({ listed: 30, succeeded: 30 });
    });

    it('goes with its schedule, and comes back with it', () => {
      const world = setup(5);
      world.answer(world.open[0]!);
      world.verb('delete');
      for (const message of [...world.open]) world.answer(message, 'cancelled');
      expect([world.isEnded('schedule'), world.isEnded('fanout')]).to.deep.equal([true, true]);
      world.define(hourlyEach());
      world.advance(HOUR_MS);
      expect([world.isEnded('schedule'), world.isEnded('fanout')]).to.deep.equal([false, false]);
      world.finish();
      expect(world.decided().at(-1)!.counts).to.deep.include({ listed: 5, succeeded: 5 });
    });
  });
}

describe('the record of a fan-out over 10,000 objects', () => {
  it('holds the run and what lives: its root and its items stay as small as for a hundred', () => {
    const long = names(10_000).map((name) => name.padEnd(128, 'x'));
    const world = createWorld(long);
    world.define(hourlyEach({ inFlight: 100, perSecond: 1_000, keepFailures: 20, pageSize: 400 }, { input: 'x'.repeat(8_000) }));
    world.advance(HOUR_MS / 2);
    let bytes = 0;
    let items = 0;
    let turns = 0;
    while (world.decided()[0]!.ended === undefined) {
      const message = world.open[0];
      if (message === undefined) world.advance(1_000);
      else world.answer(message, message.task === pull.name && turns++ % 50 === 0 ? 'failed' : 'succeeded', '\u20ac'.repeat(200));
      bytes = Math.max(bytes, world.bytes);
      items = Math.max(items, [...world.items.values()].join('').length);
    }
    expect(world.decided()[0]!.counts).to.deep.include({ listed: 10_000 });
    expect(new Set(world.objectsSent()).size).to.equal(10_000);
    expect(bytes).to.be.within(20_000, 64_000);
    expect(items, 'characters').to.be.within(100_000, 200_000);
    expect(world.now - START).to.be.below(HOUR_MS);
  }).timeout(60_000);
});
