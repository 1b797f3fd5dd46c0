import { expect } from 'chai';
import { createBench, hourly, HOUR_MS, START, stubborn } from './bench.ts';

for (const twice of [false, true]) {
  describe(`a schedule${twice ? ' whose every message comes twice, late and after a crash' : ''}`, () => {
    function setup(options: Parameters<typeof hourly>[0] = {}) {
      const bench = createBench({ twice });
      bench.define(hourly(options));
      return bench;
    }

    it('runs once at each nominal time, and records one outcome for it (G11)', () => {
      const bench = setup();
      for (let hour = 0; hour < 3; hour++) {
        bench.advance(HOUR_MS);
        bench.answer('succeeded');
      }
      expect(bench.decided()).to.deep.equal(['01:00 ran succeeded', '02:00 ran succeeded', '03:00 ran succeeded']);
      expect(bench.tasks.map((task) => task.step)).to.deep.equal([
        '2026-06-01T01:00:00.000Z',
        '2026-06-01T02:00:00.000Z',
        '2026-06-01T03:00:00.000Z',
      ]);
      expect(new Set(bench.tasks.map((task) => task.idempotencyToken)).size).to.equal(3);
      expect(bench.timers).to.have.length(1);
    });

    it('skips a nominal time while a run lives, and names the run (G12)', () => {
      const bench = setup();
      bench.advance(3 * HOUR_MS);
      bench.answer('succeeded');
      bench.advance(HOUR_MS);
      expect(bench.decided()).to.deep.equal(['01:00 ran succeeded', '02:00 skippedOverlap', '03:00 skippedOverlap', '04:00 ran']);
      expect(bench.root.outcomes[1]!.run).to.equal('2026-06-01T01:00:00.000Z');
      expect(bench.tasks).to.have.length(2);
    });

    it('does not take the own retry of a run for another run, and skips for it all the same (S83)', () => {
      const bench = setup({ task: stubborn });
      bench.advance(HOUR_MS);
      bench.answer('failed');
      bench.advance(10_000);
      expect(bench.tasks.map((task) => [task.attempt, task.step])).to.deep.equal([
        [1, '2026-06-01T01:00:00.000Z'],
        [2, '2026-06-01T01:00:00.000Z'],
      ]);
      bench.advance(HOUR_MS);
      bench.answer('succeeded');
      expect(bench.decided()).to.deep.equal(['01:00 ran succeeded', '02:00 skippedOverlap']);
      expect(bench.root.failures).to.equal(0);
    });

    it('is not hastened by the timer of an earlier retry', () => {
      const bench = setup({ task: stubborn });
      bench.advance(HOUR_MS);
      bench.answer('failed');
      const earlier = bench.timers.find((timer) => timer.type === 'timer.again')!;
      bench.advance(10_000);
      bench.answer('failed');
      bench.fire(earlier.id, earlier.type);
      expect(bench.tasks).to.have.length(2);
      bench.advance(10_000);
      expect(bench.tasks).to.have.length(3);
    });

    it('buffers one nominal time, and starts it when the run has ended', () => {
      const bench = setup({ overlap: 'bufferOne' });
      bench.advance(3 * HOUR_MS);
      expect(bench.tasks).to.have.length(1);
      bench.answer('succeeded');
      expect(bench.tasks).to.have.length(2);
      expect(bench.decided()).to.deep.equal(['01:00 ran succeeded', '03:00 skippedOverlap', '02:00 ran']);
    });

    it('cancels the previous run, and starts the newest once that has ended', () => {
      const bench = setup({ overlap: 'cancelPrevious' });
      bench.advance(3 * HOUR_MS);
      expect(bench.signals).to.deep.equal([{ cancel: bench.tasks[0]!.id }]);
      expect(bench.tasks, 'never two at once').to.have.length(1);
      bench.answer('cancelled');
      expect(bench.decided()).to.deep.equal(['01:00 ran cancelled', '02:00 coalesced', '03:00 ran']);
      expect(bench.root.penalty, 'a cancelled run is no failure').to.equal(0);
    });

    it('cancels a run that waits for its retry at once', () => {
      const bench = setup({ overlap: 'cancelPrevious', task: stubborn });
      bench.advance(HOUR_MS + 30 * 60_000 - 5_000);
      bench.answer('failed');
      bench.advance(20_000);
      expect(bench.decided()).to.deep.equal(['01:00 ran cancelled', '02:00 ran']);
      expect(bench.tasks).to.have.length(2);
      expect(bench.timers.map((timer) => timer.type)).to.deep.equal(['timer.tick']);
    });

    it('passes over 1, 2, 3, 3 … nominal times after failures in a row, and none after a success (G14, S90)', () => {
      const bench = setup();
      let runs = 0;
      const pattern: string[] = [];
      for (let hour = 0; hour < 14; hour++) {
        bench.advance(HOUR_MS);
        const ran = bench.tasks.length > runs;
        runs = bench.tasks.length;
        pattern.push(ran ? 'run' : 's');
        if (ran) bench.answer('failed');
      }
      expect(pattern.join(' ')).to.equal('run s run s s run s s s run s s s run');
      bench.advance(4 * HOUR_MS);
      bench.answer('succeeded');
      bench.advance(HOUR_MS);
      expect(bench.decided().slice(-2)).to.deep.equal(['18:00 ran succeeded', '19:00 ran']);
    });

    it('forgets a failure after a day', () => {
      const bench = setup({ cron: '0 0 * * MON' } as never);
      bench.advance(7 * 24 * HOUR_MS);
      bench.answer('failed');
      bench.advance(7 * 24 * HOUR_MS);
      expect(bench.decided()).to.deep.equal(['00:00 ran failed', '00:00 ran']);
    });

    it('opens its breaker after failures in a row, and tries one run when the pause is over', () => {
      const bench = setup({ penaltyCap: 0, breaker: { failures: 2, pause: '3h' } });
      for (let hour = 0; hour < 2; hour++) {
        bench.advance(HOUR_MS);
        bench.answer('failed');
      }
      // the second failure was at 02:30
      bench.advance(4 * HOUR_MS);
      expect(bench.decided().slice(2)).to.deep.equal(['03:00 skippedBreaker', '04:00 skippedBreaker', '05:00 skippedBreaker', '06:00 ran']);
      expect(bench.tasks).to.have.length(3);
    });

    it('pauses by itself after a configured failure, with its message, and no other (S94)', () => {
      const bench = setup({ pauseOn: ['quota'], penaltyCap: 0 });
      bench.advance(HOUR_MS);
      bench.answer('failed', { code: 'backend' });
      expect(bench.root.status).to.equal('active');
      bench.advance(HOUR_MS);
      bench.answer('failed', { code: 'quota' });
      expect(bench.root.status).to.equal('paused');
      expect(bench.explain().text).to.equal('paused by itself after a failure for 0ms: quota: it broke');
      expect(bench.timers).to.deep.equal([]);
    });

    it('wakes up spread by its key, and records the nominal time', () => {
      const bench = setup({ spread: '30m' });
      const [timer] = bench.timers;
      const offset = timer!.at - Date.parse('2026-06-01T01:00:00Z');
      expect(offset).to.be.within(1, 30 * 60_000);
      bench.advance(timer!.at - START);
      expect(bench.decided()).to.deep.equal(['01:00 ran']);
    });
  });
}

describe('the spread of a herd', () => {
  it('is even over keys, and the same on every host', () => {
    const offsets = Array.from({ length: 200 }, (_, i) => {
      const bench = createBench({}, `tenant-${i}`);
      bench.define(hourly({ spread: '10m' }));
      return bench.timers[0]!.at - Date.parse('2026-06-01T01:00:00Z');
    });
    for (let minute = 0; minute < 10; minute++) {
      expect(offsets.filter((ms) => Math.floor(ms / 60_000) === minute).length, `minute ${minute}`).to.be.within(8, 40);
    }
  });
});
