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
    expect((await type(['schedules'], s)).out).to.match(/^KEY .*\nnightly +active +\S+ +- +0 +operation note\.write +next at /);
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

  it('say all of their policies by flags, and what they do for each of many objects', async () => {
    await using s = await setup();
    const policies = ['--late-after', '5m', '--jitter', '10s', '--spread', '1m', '--alarm-after', '2h', '--pause-on', 'quota,gone'];
    const more = ['--breaker', '3:10m:site', '--gap', 'boundary', '--fold', 'second', '--unchecked'];
    const each = [
      '--each',
      'note.list',
      '--pool',
      'notes',
      '--execute',
      'book.bind',
      '--kind',
      'book',
      '--in-flight',
      '7',
      '--per-second',
      '0.5',
    ];
    const { code, err } = await type(['schedule', 'define', 'all', '--cron', '0 3 * * *', ...each, ...policies, ...more], s);
    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
    const { definition } = (await s.json('schedule', 'show', 'all')) as { definition: { each: object } };
    const { each: shown, ...rest } = definition;
    expect(rest).to.deep.equal({
      timing: { cron: '0 3 * * *', dst: { gap: 'boundary', fold: 'second' } },
      lateAfter: '5m',
      jitter: '10s',
      spread: '1m',
      alarmAfter: '2h',
      pauseOn: ['quota', 'gone'],
      breaker: { failures: 3, pause: '10m', scope: 'site' },
      unchecked: true,
    });
    expect(shown).to.deep.include({ execute: { executor: 'book.bind', kind: 'book' }, inFlight: 7, perSecond: 0.5, input: null });
    expect((await type(['schedules'], s)).out).to.include('operation book.bind for each of note.list');
  });

  it('are refused by the field, before anything connects where the flags tell', async () => {
    const nowhere = { env: { TROUPE_SERVERS: 'nats://127.0.0.1:1' } };
    for (const [flags, field] of [
      [['--every', '1h'], 'execute'],
      [['--every', '1h', '--task', 'x', '--execute', 'y'], 'execute'],
      [['--every', '1h', '--task', 'x', '--overlap', 'both'], 'overlap'],
      [['--every', '1h', '--execute', 'x', '--resource', 'vm'], 'resource'],
      [['--every', '1h', '--execute', 'x', '--kind', 'vm'], 'each'],
      [['--every', '1h', '--execute', 'x', '--each', 'list', '--resource', 'vm/1'], 'resource'],
      [['--every', '1h', '--execute', 'x', '--breaker', 'often'], 'breaker.failures'],
    ] as const) {
      const { code, err } = await type(['schedule', 'define', 'x', ...flags], nowhere);
      expect({ code, named: err.includes(field) }, err).to.deep.equal({ code: 2, named: true });
    }
    await using s = await setup();
    expect(await type(['schedule', 'define', 'x', '--cron', '61 * * * *', '--task', 'x'], s)).to.include({ code: 2 });
    const unknown = await type(['schedule', 'define', 'x', '--every', '1h', '--task', 'x'], s);
    expect(unknown.err).to.match(/unknown_task.*x is not registered/);
    const input = ['--pool', 'notes', '--input', '{"text":7}'];
    expect((await type(['schedule', 'define', 'x', '--every', '1h', '--task', 'note.write', ...input], s)).err).to.match(
      /invalid_input.*input\.text/,
    );
    // the scheduler refuses it: it comes more often than once in a minute
    const often = await type(['schedule', 'define', 'x', '--every', '1s', '--task', 'x'], s);
    expect(often.err).to.contain('the minimum interval is 60000 ms');
    expect(await type(['schedule', 'show', 'nobody'], s)).to.include({ code: 3 });
    expect(await type(['schedule', 'pause', 'nobody'], s)).to.include({ code: 3 });
  });
});
