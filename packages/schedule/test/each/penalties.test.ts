import { expect } from 'chai';
import { createWorld, hourlyEach, HOUR_MS, list, objectOf } from '../world.ts';

const DAY_MS = 86_400_000;

for (const twice of [false, true]) {
  describe(`an object that fails run after run${twice ? ', with every message twice, late and after a crash' : ''}`, () => {
    /** What became of the object `sick` at each nominal time; `good` is always well. */
    function setup(each: object = {}) {
      const world = createWorld(['good', 'sick'], { twice });
      world.define(hourlyEach(each));
      world.advance(HOUR_MS / 2);
      const hours = (count: number, sick: 'failed' | 'succeeded' = 'failed'): string => {
        let said = '';
        for (let hour = 0; hour < count; hour++) {
          const before = world.objectsSent().filter((key) => key === 'sick').length;
          world.finish((key) => (key === 'sick' ? sick : 'succeeded'), { forMs: HOUR_MS / 2 });
          said += world.objectsSent().filter((key) => key === 'sick').length > before ? 'r' : 's';
          world.advance(HOUR_MS - (world.now % HOUR_MS));
        }
        return said;
      };
      return { world, hours };
    }

    it('is passed over 1, 2, 3, 3 … nominal times, the others are not, and each is counted (S90)', () => {
      const { world, hours } = setup();
      expect(hours(14)).to.equal('rsrssrsssrsssr');
      expect(world.decided()[1]!.counts).to.deep.include({ listed: 2, succeeded: 1, failed: 0, skippedPenalty: 1 });
      expect(world.objectsSent().filter((key) => key === 'good')).to.have.length(14);
    });

    it('is forgiven by a success, and after a day', () => {
      const { world, hours } = setup();
      expect(hours(3)).to.equal('rsr');
      expect(hours(3, 'succeeded')).to.equal('ssr');
      expect(hours(4), 'as after the first failure').to.equal('rsrs');
      // the next one would be passed over as well
      world.verb('pause');
      world.advance(DAY_MS);
      world.verb('resume');
      world.advance(HOUR_MS - (world.now % HOUR_MS));
      expect(hours(1)).to.equal('r');
    });

    it('is asked for each time where the cap is 0, and by who runs it by hand', () => {
      expect(setup({ penaltyCap: 0 }).hours(4)).to.equal('rrrr');
      const { world, hours } = setup();
      expect(hours(3)).to.equal('rsr');
      // one of the two nominal times that pass it over
      world.finish();
      const before = world.objectsSent().length;
      world.verb('runNow');
      world.finish();
      expect(world.objectsSent().slice(before).sort()).to.deep.equal(['good', 'sick']);
    });
  });
}

describe('a fan-out of which every object fails', () => {
  it('is held up as a whole, and asks for all of them when it runs again', () => {
    const world = createWorld(['a', 'b']);
    world.define(hourlyEach());
    world.advance(HOUR_MS / 2);
    world.finish(() => 'failed');
    world.advance(2 * HOUR_MS);
    const ran = world.decided().map(({ what }) => what);
    expect(ran).to.deep.equal(['ran', 'skippedPenalty', 'ran']);
    const before = world.objectsSent().length;
    world.finish();
    expect(world.objectsSent().slice(before).sort()).to.deep.equal(['a', 'b']);
  });
});

describe('the record of a fan-out of which most objects fail', () => {
  it('stays under the 64 KB of a root with the longest keys, as many alive as may be and every failure kept', () => {
    const objects = Array.from({ length: 400 }, (_, i) => `${String(i).padStart(4, '0')}${'x'.repeat(124)}`);
    const world = createWorld(objects);
    world.define(hourlyEach({ inFlight: 100, perSecond: 1_000, keepFailures: 20 }));
    world.advance(HOUR_MS / 2);
    world.finish((key) => (key < '0010' ? 'succeeded' : 'failed'));
    expect(world.fanout.penalties).to.have.length(100);
    world.advance(HOUR_MS);
    let most = 0;
    while (world.schedule.run !== undefined) {
      const [message] = world.open;
      if (message === undefined) world.advance(1_000);
      else world.answer(message, message.task === list.name || objectOf(message) < '0010' ? 'succeeded' : 'failed');
      most = Math.max(most, world.bytes);
    }
    expect(most).to.be.within(40_000, 65_536);
  });
});
