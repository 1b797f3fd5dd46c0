import { expect } from 'chai';
import { handle } from '@troupe/task';
import { createSeededRandom } from '@troupe/testing';
import { createStage, type Stage, task } from './support/stage.ts';

const regular = task({ name: 'regular' });
const heavy = task({ name: 'heavy', class: 'heavy' });

/** A worker with the default slots: 40, floors 8, 4 and 4, ceilings 32, 16 and 16. */
async function setup(tookMs: number, spread = 0.5) {
  const random = createSeededRandom(7);
  const now = { regular: 0, heavy: 0 };
  const peak = { regular: 0, heavy: 0 };
  const lasting = (name: 'regular' | 'heavy', ms: number) => async (): Promise<void> => {
    peak[name] = Math.max(peak[name], ++now[name]);
    await new Promise<void>((done) => stage.clock.setTimer(ms * (1 + spread * (random.next() - 0.5)), done));
    now[name]--;
  };
  const stage: Stage = await createStage({
    handlers: [handle(regular, lasting('regular', tookMs)), handle(heavy, lasting('heavy', 50_000))],
  });
  await stage.worker('w');
  const flood = (name: 'regular' | 'heavy', count: number): void => {
    for (let n = 0; n < count; n++) stage.send(name, { id: `${name}-${n}`, timeLimitMs: 600_000 }, name);
  };
  return { stage, now, peak, flood, [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose]() };
}

describe('a class of which nothing comes any more', () => {
  for (const [kind, tookMs, spread, reached] of [
    ['short', 50, 0.5, 32],
    ['long', 30_000, 0.5, 32],
    // between two waves nothing runs, and the idle class looks again with one slot
    ['in waves', 50, 0, 31],
  ] as const) {
    it(`gives back the slots that it asked for: another one uses them up to its ceiling (tasks: ${kind})`, async () => {
      await using s = await setup(tookMs, spread);
      // the floor of `heavy` is busy, so that it asks for shared slots, and nothing more of it waits
      s.flood('heavy', 4);
      await s.stage.clock.tick(100);
      expect(s.now.heavy).to.equal(4);
      s.flood('regular', 6_000);
      // heavy looks every 5 s whether something waits, with one slot for one second
      await s.stage.clock.tick(6_400);
      s.peak.regular = s.now.regular;
      await s.stage.clock.tick(2_000);
      expect(s.peak.regular).to.equal(reached);
    });
  }

  it('has as many as before as soon as something comes', async () => {
    await using s = await setup(1_000);
    s.flood('heavy', 4);
    await s.stage.clock.tick(10_000);
    s.flood('heavy', 100);
    await s.stage.clock.tick(1_100);
    expect(s.now.heavy).to.equal(16);
  });
});

describe('two classes of which much waits', () => {
  it('share what is above the floors, and neither has less than its floor', async () => {
    await using s = await setup(1_000);
    s.flood('regular', 2_000);
    s.flood('heavy', 200);
    await s.stage.clock.tick(10_000);
    expect(s.now.regular).to.be.within(20, 28);
    expect(s.now.heavy).to.be.within(8, 16);
    expect(s.now.regular + s.now.heavy).to.equal(36);
  });
});
