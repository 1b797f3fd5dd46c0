import type { Json } from '@troupe/protocol';
import { defineSchedule, explainSchedule } from '@troupe/schedule';
import { isTroupeError } from '@troupe/protocol';
import { expect } from 'chai';
import { createBench, hourly, HOUR_MS, sync } from './bench.ts';

function setup(options: Parameters<typeof hourly>[0] = {}) {
  const bench = createBench({ twice: true });
  bench.define(hourly(options));
  return bench;
}

describe('the verbs of a schedule', () => {
  it('change nothing when the same definition comes again', () => {
    const bench = setup();
    const timers = [...bench.timers];
    bench.define(hourly());
    expect(bench.timers).to.deep.equal(timers);
    expect(bench.events.filter((event) => event.what === 'defined')).to.have.length(1);
  });

  it('change a timing from now on', () => {
    const bench = setup();
    bench.advance(HOUR_MS);
    bench.answer('succeeded');
    bench.define(hourly({ cron: '45 * * * *' } as never));
    bench.advance(HOUR_MS);
    expect(bench.decided()).to.deep.equal(['01:00 ran succeeded', '01:45 ran']);
    expect(bench.timers).to.have.length(1);
  });

  it('change a policy without moving the next time', () => {
    const bench = setup();
    bench.advance(HOUR_MS);
    bench.define(hourly({ overlap: 'bufferOne' }));
    bench.advance(HOUR_MS);
    bench.answer('succeeded');
    expect(bench.decided()).to.deep.equal(['01:00 ran succeeded', '02:00 ran']);
  });

  it('pause and resume: what passed is recorded and not run', () => {
    const bench = setup();
    bench.verb('pause', { by: 'ada', reason: 'maintenance' });
    bench.advance(3 * HOUR_MS);
    expect(bench.explain().text).to.equal('paused by ada for 3h: maintenance');
    bench.verb('resume');
    bench.advance(HOUR_MS);
    expect(bench.decided()).to.deep.equal(['01:00-03:00 (3) skippedPaused', '04:00 ran']);
  });

  it('keep a pause over a change of the definition', () => {
    const bench = setup();
    bench.verb('pause');
    bench.define(hourly({ cron: '45 * * * *' } as never));
    bench.advance(3 * HOUR_MS);
    expect(bench.tasks).to.have.length(0);
    expect(bench.timers).to.deep.equal([]);
  });

  it('do not act again when they come again after others', () => {
    const bench = createBench();
    bench.define(hourly());
    bench.verb('pause', {}, 'first');
    bench.verb('resume', {}, 'second');
    bench.verb('pause', {}, 'first');
    expect(bench.root.status).to.equal('active');
    bench.verb('runNow', {}, 'third');
    bench.answer('succeeded');
    bench.verb('runNow', {}, 'third');
    expect(bench.tasks).to.have.length(1);
  });

  it('run now, once, without moving the next time, also while it is paused', () => {
    const bench = setup();
    bench.verb('pause');
    bench.verb('runNow');
    expect(bench.tasks).to.have.length(1);
    bench.verb('runNow');
    expect(bench.tasks, 'a run lives').to.have.length(1);
    bench.answer('succeeded');
    bench.verb('resume');
    bench.advance(HOUR_MS);
    expect(bench.decided()).to.deep.equal(['asked ran succeeded', 'asked skippedOverlap', '01:00 ran']);
  });

  it('delete: the run is told to end, the record waits for it, and nothing comes any more', () => {
    const bench = setup();
    bench.advance(HOUR_MS);
    bench.verb('delete');
    expect(bench.signals).to.have.length(1);
    expect([bench.ended, bench.timers.length]).to.deep.equal([0, 0]);
    bench.answer('cancelled');
    expect(bench.ended).to.equal(1);
    bench.verb('runNow');
    bench.verb('resume');
    expect(bench.tasks).to.have.length(1);
  });

  it('make a deleted schedule anew, never with two runs alive', () => {
    const bench = setup();
    bench.advance(HOUR_MS);
    bench.verb('delete');
    bench.define(hourly());
    bench.advance(HOUR_MS);
    expect(bench.tasks).to.have.length(1);
    bench.answer('failed');
    expect(bench.ended).to.equal(0);
    bench.verb('delete');
    expect(bench.ended).to.equal(1);
    bench.define(hourly());
    expect(bench.ended).to.equal(0);
    bench.advance(HOUR_MS);
    expect(bench.decided().at(-1)).to.equal('03:00 ran');
  });

  it('are told with who sent them, once each', () => {
    const bench = createBench({ twice: true });
    bench.define(hourly());
    bench.verb('pause', { by: 'ann', reason: 'repair' });
    bench.verb('runNow', { by: 'bob' });
    expect(bench.events.filter(({ what }) => what === 'verb').map(({ body }) => body)).to.deep.equal([
      { verb: 'define' },
      { verb: 'pause', by: 'ann', reason: 'repair' },
      { verb: 'runNow', by: 'bob' },
    ]);
  });

  it('refuse a definition by its field, and keep the old one', () => {
    const bench = createBench({ minimumInterval: '1h' });
    bench.define(hourly());
    bench.define(hourly({ cron: '*/30 * * * *' } as never));
    bench.verb('define', { definition: { timing: { cron: 'x' } } as Json });
    const refused = bench.events
      .filter((event) => event.what === 'refused')
      .map(({ body }) => (body as { error: { field: string } }).error.field);
    expect(refused).to.deep.equal(['cron', 'cron']);
    expect(bench.root.definition.timing).to.deep.equal({ cron: '0 * * * *' });
  });
});

describe('the record of a schedule', () => {
  it('stays under the 64 KB of a root with the largest input, every failure told, and a catch-up of a hundred', () => {
    const bench = createBench();
    bench.define(hourly({ input: 'x'.repeat(8_000), missed: { all: 100 }, penaltyCap: 0 }));
    for (let run = 0; run < 60; run++) {
      bench.advance(HOUR_MS);
      bench.answer('failed', { code: '\u20ac'.repeat(200) });
    }
    bench.advance(200 * HOUR_MS, { asleep: true });
    for (let i = 0; i < 64; i++) bench.verb('runNow', {}, `${i}`.padStart(36, '0'));
    expect(bench.root.waiting).to.have.length(99);
    expect(Buffer.byteLength(JSON.stringify(bench.root))).to.be.below(64_000);
  });
});

describe('a definition', () => {
  it('is refused by its field', () => {
    for (const [more, field] of [
      [{ overlap: 'twice' }, 'overlap'],
      [{ missed: 'some' }, 'missed'],
      [{ missed: { all: 0 } }, 'missed.all'],
      [{ missed: { all: 101 } }, 'missed.all'],
      [{ penaltyCap: -1 }, 'penaltyCap'],
      [{ breaker: { failures: 0, pause: '1m' } }, 'breaker.failures'],
      [{ breaker: { failures: 1, pause: 'long' } }, 'breaker.pause'],
      [{ pauseOn: 'quota' }, 'pauseOn'],
      [{ jitter: 'some' }, 'jitter'],
      [{ spread: 'some' }, 'spread'],
      [{ lateAfter: 'some' }, 'lateAfter'],
      [{ zone: 'Nowhere' }, 'zone'],
      [{ input: 'x'.repeat(9_000) }, 'input'],
    ] as const) {
      let found: string | undefined;
      try {
        defineSchedule(hourly(more as never));
      } catch (error) {
        if (!isTroupeError(error)) throw error;
        found = error.field;
      }
      expect(found, field).to.equal(field);
    }
    expect(defineSchedule({ every: '1h', task: sync }).timing).to.deep.equal({ every: '1h' });
  });
});

describe('explaining a schedule', () => {
  it('says when it runs next, what lives, and how long it has been overdue', () => {
    const bench = setup();
    expect(bench.explain()).to.deep.include({ status: 'active', overdueMs: 0, text: 'next at 2026-06-01T01:00:00Z' });
    expect(bench.explain().next.slice(0, 2)).to.deep.equal([Date.parse('2026-06-01T01:00Z'), Date.parse('2026-06-01T02:00Z')]);
    bench.advance(HOUR_MS);
    expect(bench.explain().text).to.equal('run 2026-06-01T01:00:00.000Z lives for 30m; next at 2026-06-01T02:00:00Z');
    bench.now += 2 * HOUR_MS;
    expect(bench.explain()).to.deep.include({ overdueMs: 1.5 * HOUR_MS, text: 'overdue for 1h30: no scheduler has handled its wake-up' });
  });

  it('says until when failures pass it over', () => {
    const bench = setup();
    bench.advance(HOUR_MS);
    bench.answer('failed');
    expect(bench.explain()).to.deep.include({
      pausedUntil: Date.parse('2026-06-01T03:00Z'),
      text: 'failures in a row: 1; nominal times still to be passed over: 1; paused until 2026-06-01T03:00:00Z',
    });
  });

  it('says that there is none', () => {
    expect(explainSchedule('x', undefined, 0)).to.deep.include({ status: 'unknown', text: 'there is no schedule x' });
  });
});
