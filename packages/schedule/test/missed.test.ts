import { expect } from 'chai';
import { createBench, hourly, HOUR_MS } from './bench.ts';

function setup(options: Parameters<typeof hourly>[0] = {}) {
  const bench = createBench();
  bench.define(hourly(options));
  return bench;
}

describe('nominal times that passed while nobody was there', () => {
  it('are run for by the last one: no stampede, and nothing vanishes (G13)', () => {
    const bench = setup({ cron: '* * * * *' } as never);
    bench.advance(3 * HOUR_MS, { asleep: true });
    expect(bench.tasks).to.have.length(1);
    expect(bench.decided()).to.deep.equal(['00:31-03:29 (179) coalesced', '03:30 ran caughtUp']);
    expect(bench.timers.map((timer) => timer.at - bench.now)).to.deep.equal([60_000]);
  });

  it('are missed by the policy skip, all but one that is in time (G13)', () => {
    const bench = setup({ missed: 'skip' });
    bench.advance(3 * HOUR_MS, { asleep: true });
    expect(bench.tasks).to.have.length(0);
    expect(bench.decided()).to.deep.equal(['01:00-02:00 (2) missed', '03:00 missed']);
    bench.advance(29 * 60_000);
    bench.advance(60_000 + 59_000, { asleep: true });
    expect(bench.decided().at(-1), '59 s late').to.equal('04:00 ran');
  });

  it('are late by when somebody is there, however long the wake-up of the first has lain in its stream', () => {
    const once = setup({ cron: '0 2 * * *', missed: 'skip' } as never);
    once.advance(3 * HOUR_MS, { asleep: true });
    expect(once.decided()).to.deep.equal(['02:00 missed']);
    const latest = setup({ missed: 'latest' });
    latest.advance(3 * HOUR_MS, { asleep: true });
    expect(latest.decided()).to.deep.equal(['01:00-02:00 (2) coalesced', '03:00 ran caughtUp']);
  });

  it('are caught up one after the other, up to a bound, by the policy all (G13)', () => {
    const bench = setup({ missed: { all: 3 } });
    bench.advance(5 * HOUR_MS, { asleep: true });
    expect(bench.tasks).to.have.length(1);
    bench.answer('succeeded');
    bench.answer('succeeded');
    bench.answer('succeeded');
    expect(bench.tasks).to.have.length(3);
    expect(bench.decided()).to.deep.equal([
      '01:00-02:00 (2) missed',
      '03:00 ran caughtUp succeeded',
      '04:00 ran caughtUp succeeded',
      '05:00 ran caughtUp succeeded',
    ]);
  });

  it('stop being caught up when they fail', () => {
    const bench = setup({ missed: { all: 3 } });
    bench.advance(5 * HOUR_MS, { asleep: true });
    bench.answer('failed');
    expect(bench.decided().slice(1)).to.deep.equal(['03:00 ran caughtUp failed', '04:00 skippedPenalty', '05:00 ran caughtUp']);
  });

  it('cost no more the longer it was: a year of seconds', () => {
    const bench = setup({ cron: '* * * * * *' } as never);
    const started = process.cpuUsage();
    bench.advance(365 * 24 * HOUR_MS, { asleep: true });
    const used = process.cpuUsage(started);
    expect((used.user + used.system) / 1_000, 'ms').to.be.below(1_000);
    expect(bench.tasks).to.have.length(1);
    expect(bench.decided().at(-1)).to.equal('00:30 ran caughtUp');
    expect(bench.root.outcomes[0]).to.deep.include({ what: 'coalesced', count: 1_000 });
    expect(bench.root.outcomes[0]!.to).to.equal(bench.now - 1_000);
  });
});
