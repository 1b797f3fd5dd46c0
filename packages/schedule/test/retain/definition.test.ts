import { isTroupeError } from '@troupe/protocol';
import { defineSchedule } from '@troupe/schedule';
import { expect } from 'chai';
import { createWorld } from '../world.ts';
import { daily, list, prepare } from './backups.ts';

describe('the definition of a schedule of a user', () => {
  it('is refused by its field', () => {
    for (const [retain, field] of [
      [{ max: 0 }, 'retain.max'],
      [{ max: 1_001 }, 'retain.max'],
      [{ keep: 'long' }, 'retain.keep'],
      [{ recheck: 'soon' }, 'retain.recheck'],
      [{ delete: '' }, 'retain.delete'],
      [{ kind: '' }, 'retain.kind'],
      [{ most: 3 }, 'retain.most'],
      [{ list: { ...list, name: '' } }, 'retain.list'],
      [{ prepare: { ...prepare, pool: '' } }, 'retain.prepare.pool'],
    ] as const) {
      let found: string | undefined;
      try {
        defineSchedule(daily(retain as never));
      } catch (error) {
        if (!isTroupeError(error)) throw error;
        found = error.field;
      }
      expect(found, field).to.equal(field);
    }
  });

  it('comes at least an hour apart, where others may come each minute (S91)', () => {
    const world = createWorld([]);
    world.define(daily({}, { cron: '*/30 * * * *' } as never));
    expect(world.recordOf('schedule', 'pulls')).to.equal(undefined);
    expect(world.events.map(({ what }) => what)).to.deep.equal(['refused']);
    world.define(daily({}, { cron: '0 * * * *' } as never));
    expect(world.schedule.status).to.equal('active');
  });

  it('reckons the next time from now when it is new, changed, or resumed (S91)', () => {
    const world = createWorld([]);
    const next = (): string => new Date(world.schedule.next!).toISOString().slice(0, 16);
    world.define(daily());
    expect(next()).to.equal('2026-06-01T02:00');
    world.advance(3_600_000);
    world.define(daily({}, { zone: 'Europe/Berlin' } as never));
    expect(next()).to.equal('2026-06-02T00:00');
    world.verb('pause');
    world.advance(3 * 86_400_000);
    world.verb('resume');
    expect(next()).to.equal('2026-06-05T00:00');
  });
});

describe('schedules of users', () => {
  it('do not disturb each other: one whose listing never answers, and one that is refused (S92)', () => {
    const world = createWorld([]);
    for (const key of ['a', 'stuck', 'c']) world.define(daily(), key);
    world.define(daily({}, { cron: '* * * * *' } as never), 'bad');
    world.advance(2 * 3_600_000);
    expect(world.open.map(({ replyTo }) => replyTo!.key).sort()).to.deep.equal(['a', 'c', 'stuck']);
    for (const message of world.open.filter(({ replyTo }) => replyTo!.key !== 'stuck')) {
      world.outcome(message, { kind: 'failed', error: { code: 'backend', message: 'no', retryable: false } });
    }
    expect(['a', 'stuck', 'c'].map((key) => world.scheduleOf(key).status)).to.deep.equal(['paused', 'active', 'paused']);
  });
});
