// needs TEST_NATS_URL
import { startScheduler } from '@troupe/runtime';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { app } from './apps/notes.ts';
import { install } from './installed.ts';
import { type } from './terminal.ts';

async function setup() {
  const at = await install();
  const scheduler = await startScheduler(at.runtime, app);
  const json = async (...args: string[]) => JSON.parse((await type([...args, '--json'], at)).out) as Record<string, unknown>;
  return {
    at,
    env: at.env,
    json,
    async [Symbol.asyncDispose]() {
      await scheduler.stop();
      await at[Symbol.asyncDispose]();
    },
  };
}

describe('schedules on the command line', () => {
  it('are defined, listed, run, shown, paused and deleted', async () => {
    await using s = await setup();
    expect(await type(['schedules'], s)).to.deep.equal({ code: 0, out: '', err: 'no schedules\n' });
    const define = ['schedule', 'define', 'nightly', '--cron', '30 2 * * *', '--zone', 'Europe/Berlin', '--execute', 'note.write'];
    const defined = await type([...define, '--input', '{"text":"hello"}', '--missed', 'all:3'], s);
    expect(defined.out + defined.err).to.match(/^defined nightly: next at \d{4}-\d\d-\d\dT0[01]:30:00Z\n$/);
    expect((await type(['schedules'], s)).out).to.match(/^KEY .*\nnightly +active +\S+ +0 +operation note\.write +next at /);
    expect(await type(['schedule', 'next', 'nightly', '--count', '2'], s))
      .to.have.property('out')
      .which.match(/^(\S+T0[01]:30:00\.000Z\n){2}$/);
    expect(await type(['schedule', 'run', 'nightly'], s)).to.include({ code: 0, out: 'run ordered nightly\n' });
    const shown = await until('its run has ended', async () => {
      const { out } = await type(['schedule', 'show', 'nightly'], s);
      return /asked for +ran +succeeded +schedule\.nightly\.now-/.test(out) ? out : '';
    });
    expect(shown)
      .to.contain('"missed":{"all":3}')
      .and.match(/defined by +people/)
      .and.match(/input +\{"text":"hello"\}/);
    expect((await type(['schedule', 'pause', 'nightly', '--by', 'ann', '--reason', 'repair'], s)).code).to.equal(0);
    await until('it is paused', async () =>
      ((await s.json('schedule', 'show', 'nightly')) as { text: string }).text.includes('paused by ann'),
    );
    expect((await type(['schedule', 'delete', 'nightly'], s)).code).to.equal(0);
    await until('it is gone', async () => (await type(['schedules'], s)).err === 'no schedules\n');
    expect((await type(['schedules', '--deleted'], s)).out).to.match(/\nnightly +deleted/);
  });

  it('run tasks as well, each under its pool', async () => {
    await using s = await setup();
    const define = ['schedule', 'define', 'tick', '--every', '1h', '--task', 'note.write', '--pool', 'notes', '--input', '{"text":"tick"}'];
    expect((await type(define, s)).code).to.equal(0);
    await type(['schedule', 'run', 'tick'], s);
    await until('it has run', async () => (await type(['schedule', 'show', 'tick'], s)).out.includes('succeeded'));
  });

  it('are refused by the field, before anything connects where the flags tell', async () => {
    const nowhere = { env: { TROUPE_SERVERS: 'nats://127.0.0.1:1' } };
    for (const [flags, field] of [
      [['--every', '1h'], 'execute'],
      [['--every', '1h', '--task', 'x', '--execute', 'y'], 'execute'],
      [['--every', '1h', '--task', 'x', '--overlap', 'both'], 'overlap'],
      [['--every', '1h', '--execute', 'x', '--resource', 'vm'], 'resource'],
    ] as const) {
      const { code, err } = await type(['schedule', 'define', 'x', ...flags], nowhere);
      expect({ code, named: err.includes(field) }, err).to.deep.equal({ code: 2, named: true });
    }
    await using s = await setup();
    expect(await type(['schedule', 'define', 'x', '--cron', '61 * * * *', '--task', 'x'], s)).to.include({ code: 2 });
    // the scheduler refuses it: it comes more often than once in a minute
    const often = await type(['schedule', 'define', 'x', '--every', '1s', '--task', 'x'], s);
    expect(often.err).to.contain('the minimum interval is 60000 ms');
    expect(await type(['schedule', 'show', 'nobody'], s)).to.include({ code: 3 });
    expect(await type(['schedule', 'pause', 'nobody'], s)).to.include({ code: 3 });
  });
});
