import { breakerBehaviour, explainBreaker, type ScheduleOptions } from '@troupe/schedule';
import { defineTask } from '@troupe/task';
import { expect } from 'chai';
import { createWorld } from '../world.ts';

const MINUTE = 60_000;
const sync = defineTask({ name: 'sync', pool: 'app', class: 'background', idempotent: 'yes', retry: { attempts: 1 } });
const minutely = (more: Partial<ScheduleOptions> = {}): ScheduleOptions =>
  ({ cron: '* * * * *', task: sync, penaltyCap: 0, breaker: { failures: 3, pause: '5m', scope: 'cloud-1' }, ...more }) as ScheduleOptions;

for (const twice of [false, true]) {
  describe(`a breaker that schedules of one scope share${twice ? ', every message twice, late and after a crash' : ''}`, () => {
    function setup(keys: readonly string[] = ['a', 'b', 'c', 'd']) {
      const world = createWorld([], { twice });
      for (const key of keys) world.define(minutely(), key);
      world.define(minutely({ breaker: { failures: 3, pause: '5m', scope: 'cloud-2' } }), 'other');
      const answer = (how: 'succeeded' | 'failed', but: 'succeeded' | 'failed' = 'succeeded'): string[] => {
        const keys = world.open.map(({ replyTo }) => replyTo!.key);
        for (const message of [...world.open]) world.answer(message, message.replyTo!.key === 'other' ? but : how);
        return keys.sort();
      };
      const events = (): string[] => world.events.map(({ what }) => what).filter((what) => ['opened', 'closed'].includes(what));
      return { world, answer, events, explain: () => explainBreaker('cloud-1', world.recordOf('breaker', 'cloud-1'), world.now) };
    }

    it('opens by failures of different schedules in a row, and holds up all of its scope and no other (G14, S90)', () => {
      const { world, answer, events, explain } = setup();
      world.advance(MINUTE);
      expect(answer('failed')).to.deep.equal(['a', 'b', 'c', 'd', 'other']);
      expect(events()).to.deep.equal(['opened']);
      expect(explain()).to.equal('the breaker of cloud-1 is open for another 5m; the last failure, of d: backend: it broke');
      for (let minute = 0; minute < 4; minute++) {
        world.advance(MINUTE);
        expect(answer('failed')).to.deep.equal(['other']);
      }
      expect(world.scheduleOf('a').outcomes.map(({ what }) => what)).to.deep.equal(['ran', ...Array<string>(4).fill('skippedBreaker')]);
    });

    it('lets one run through when the pause is over, and all when that has succeeded', () => {
      const { world, answer, events, explain } = setup();
      world.advance(MINUTE);
      answer('failed');
      world.advance(5 * MINUTE);
      const trial = world.open.filter(({ replyTo }) => replyTo!.key !== 'other');
      expect(trial).to.have.length(1);
      expect(explain()).to.contain(`waits for the run of ${trial[0]!.replyTo!.key}`);
      answer('succeeded');
      expect(events()).to.deep.equal(['opened', 'closed']);
      world.advance(MINUTE);
      expect(answer('succeeded')).to.deep.equal(['a', 'b', 'c', 'd', 'other']);
      expect(explain()).to.equal('the breaker of cloud-1 is closed; failures since the last success: 0');
    });

    it('opens again at once when that run fails', () => {
      const { world, answer, events } = setup();
      world.advance(MINUTE);
      answer('failed');
      world.advance(5 * MINUTE);
      expect(answer('failed')).to.have.length(2);
      expect(events()).to.deep.equal(['opened', 'opened']);
      world.advance(4 * MINUTE);
      expect(answer('failed')).to.deep.equal(['other']);
    });

    it('lets the next one through when nothing is heard of that run', () => {
      const { world, answer } = setup();
      world.advance(MINUTE);
      answer('failed');
      world.advance(5 * MINUTE);
      world.open = [];
      world.advance(4 * MINUTE);
      expect(world.open.filter(({ replyTo }) => replyTo!.key !== 'other')).to.have.length(0);
      world.advance(MINUTE);
      expect(world.open.filter(({ replyTo }) => replyTo!.key !== 'other')).to.have.length(1);
    });

    it('counts failures since the last success only', () => {
      const { world, answer, events } = setup(['a', 'b']);
      for (let minute = 0; minute < 6; minute++) {
        world.advance(MINUTE);
        for (const message of [...world.open]) world.answer(message, message.replyTo!.key === 'a' ? 'failed' : 'succeeded');
      }
      expect(events()).to.deep.equal([]);
      world.advance(MINUTE);
      answer('failed');
      expect(events()).to.deep.equal([]);
      world.advance(MINUTE);
      answer('failed');
      expect(events()).to.deep.equal(['opened']);
    });

    it('is closed by hand, and holds up nobody who asks for a run by hand', () => {
      const { world, answer } = setup();
      world.advance(MINUTE);
      answer('failed');
      world.verb('runNow', {}, { kind: 'schedule', key: 'a' });
      expect(answer('failed')).to.deep.equal(['a']);
      world.verb('close', {}, { kind: 'breaker', key: 'cloud-1' });
      world.advance(MINUTE);
      // a knows until when it is open, and does not ask again before that
      expect(answer('succeeded')).to.include.members(['a', 'b', 'c', 'd', 'other']);
    });
  });
}

describe('a run that the breaker is asked for', () => {
  function setup() {
    const world = createWorld([], { slow: true });
    world.define(minutely(), 'a');
    world.advance(MINUTE);
    return world;
  }
  const to = { kind: 'schedule', key: 'a' };

  it('does not begin before the answer, and is one that lives', () => {
    const world = setup();
    expect([world.open.length, world.waitingMails]).to.deep.equal([0, 1]);
    world.advance(MINUTE);
    expect(world.scheduleOf('a').outcomes.map(({ what }) => what)).to.deep.equal(['skippedOverlap']);
    world.letThrough();
    world.letThrough();
    expect(world.open).to.have.length(1);
  });

  for (const [verb, what] of [
    ['pause', 'skippedPaused'],
    ['delete', 'replaced'],
  ] as const) {
    it(`is passed over when it is told to ${verb} meanwhile`, () => {
      const world = setup();
      world.verb(verb, {}, to);
      while (world.waitingMails > 0) world.letThrough();
      expect(world.open).to.deep.equal([]);
      expect(world.scheduleOf('a').outcomes.map((one) => one.what)).to.deep.equal([what]);
      expect(world.scheduleOf('a').run).to.equal(undefined);
    });
  }

  it('is answered also when the scope has been changed meanwhile', () => {
    const world = setup();
    world.define(minutely({ breaker: { failures: 3, pause: '5m', scope: 'cloud-9' } }), 'a');
    while (world.waitingMails > 0) world.letThrough();
    expect(world.open).to.have.length(1);
  });
});

describe('the record of a breaker', () => {
  it('does not grow with the failures that it hears of', () => {
    const world = createWorld([]);
    world.define(minutely({ breaker: { failures: 50, pause: '1m', scope: 's'.repeat(120) } }), 'k'.repeat(120));
    for (let minute = 0; minute < 400; minute++) {
      world.advance(MINUTE);
      for (const message of [...world.open]) world.answer(message, 'failed', '\u20ac'.repeat(200));
    }
    const record = world.recordOf('breaker', 's'.repeat(120))!;
    expect(Buffer.byteLength(JSON.stringify(record.root))).to.be.within(10_000, 64_000);
    expect(breakerBehaviour().kind).to.equal('breaker');
  });
});
