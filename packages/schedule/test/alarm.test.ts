import { expect } from 'chai';
import { createBench, hourly, HOUR_MS, stubborn } from './bench.ts';

for (const twice of [false, true]) {
  describe(`the alarm of a schedule that is behind${twice ? ', every message twice, late and after a crash' : ''}`, () => {
    function setup(options: Parameters<typeof hourly>[0] = {}) {
      const bench = createBench({ twice });
      bench.define(hourly({ alarmAfter: '150m', penaltyCap: 0, ...options }));
      const alarms = () => bench.events.filter(({ what }) => what.startsWith('overdue'));
      return { bench, alarms };
    }

    it('is raised once when nothing has succeeded for so long, and ended once by a success', () => {
      const { bench, alarms } = setup();
      for (let hour = 1; hour <= 5; hour++) {
        bench.advance(HOUR_MS);
        bench.answer('failed');
      }
      expect(alarms()).to.deep.equal([
        {
          what: 'overdue',
          body: {
            since: Date.parse('2026-06-01T01:00Z'),
            forMs: 2.5 * HOUR_MS,
            text: 'nothing has succeeded for 2h30; the last error: backend: it broke',
          },
        },
      ]);
      expect(bench.explain().behindMs).to.equal(4.5 * HOUR_MS);
      bench.advance(HOUR_MS);
      bench.answer('succeeded');
      bench.advance(HOUR_MS);
      bench.answer('succeeded');
      expect(alarms().map(({ what }) => what)).to.deep.equal(['overdue', 'overdueEnded']);
      expect(alarms()[1]!.body).to.deep.include({ forMs: 5.5 * HOUR_MS, why: 'run 2026-06-01T06:00:00.000Z succeeded' });
      expect(bench.explain().behindMs).to.equal(0);
    });

    it('is raised for a run that hangs, though nominal times are passed over for it', () => {
      const { bench, alarms } = setup();
      bench.advance(4 * HOUR_MS);
      expect(alarms().map(({ what }) => what)).to.deep.equal(['overdue']);
      bench.answer('succeeded');
      expect(alarms().map(({ what }) => what)).to.deep.equal(['overdue', 'overdueEnded']);
    });

    it('is not raised while runs succeed, and leaves no timer', () => {
      const { bench, alarms } = setup();
      for (let hour = 1; hour <= 5; hour++) {
        bench.advance(HOUR_MS);
        bench.answer('succeeded');
      }
      expect(alarms()).to.deep.equal([]);
      expect(bench.timers.map(({ type }) => type)).to.deep.equal(['timer.tick']);
    });

    it('ends with a pause, for what is paused owes nothing, and begins anew after it', () => {
      const { bench, alarms } = setup();
      bench.advance(4 * HOUR_MS);
      bench.verb('pause');
      expect(alarms().map(({ what }) => what)).to.deep.equal(['overdue', 'overdueEnded']);
      expect(bench.explain().behindMs).to.equal(0);
      bench.answer('failed');
      bench.verb('resume');
      bench.advance(3 * HOUR_MS - 1);
      expect(alarms()).to.have.length(2);
      bench.advance(HOUR_MS);
      expect(alarms()).to.have.length(3);
    });

    it('takes a bound that is changed, and one that is taken away', () => {
      const { bench, alarms } = setup({ task: stubborn });
      bench.advance(HOUR_MS);
      bench.define(hourly({ task: stubborn, alarmAfter: '40m' }));
      bench.advance(HOUR_MS / 2);
      expect(alarms()).to.have.length(1);
      bench.answer('succeeded');
      bench.define(hourly({ task: stubborn }));
      bench.advance(9 * HOUR_MS);
      expect(alarms()).to.have.length(2);
    });

    it('is raised late where no scheduler was there, and the value grows without one', () => {
      const { bench, alarms } = setup();
      const end = bench.now + 5 * HOUR_MS;
      bench.now = end;
      expect(bench.explain().behindMs).to.equal(4.5 * HOUR_MS);
      bench.advance(0);
      expect(alarms()).to.have.length(1);
    });
  });
}

describe('a schedule that paused itself', () => {
  it('has a message for its users: that of the task, or a sentence', () => {
    const bench = createBench();
    bench.define(hourly({ pauseOn: 'any' }));
    bench.advance(HOUR_MS);
    bench.answer('failed', { code: 'quota' });
    const message = 'It failed (quota: it broke) and was paused; it runs again when somebody resumes it.';
    expect(bench.root.pausedFor).to.deep.include({ automatic: true, message });
    expect(bench.events.find(({ what }) => what === 'paused')!.body).to.deep.include({ message });
    bench.verb('resume');
    bench.advance(HOUR_MS);
    bench.answer('failed', { userMessage: 'Your quota is used up.' });
    expect(bench.root.pausedFor!.message).to.equal('Your quota is used up.');
  });
});
