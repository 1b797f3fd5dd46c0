// needs TEST_NATS_URL
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { install, type Installed } from './installed.ts';
import { createInstallation, type } from './terminal.ts';

const by = ['--by', 'ann'];

async function status(
  at: Installed,
): Promise<{ held: number; waiting: number; maintenance: { leases: number }[]; rates: object[]; limits: object[] } | null> {
  return JSON.parse((await type(['throttle', 'show', 'paper', '--json'], at)).out) as never;
}

describe('troupe throttle against real roles', () => {
  it('shows limits and why each waits, and changes them', async () => {
    await using at = await install();
    expect(await status(at)).to.equal(null);
    for (const id of ['o-1', 'o-2', 'o-3']) await type(['execute', 'note.hold', '--id', id], at);
    await until('the third one waits', async () => (await status(at))?.waiting === 1);
    const { out } = await type(['throttle', 'show', 'paper'], at);
    expect(out).to.match(
      /SCOPE +KIND +USED +WAITING\npaper +sheet +2 of 2 +1\n2 held, 1 waiting\n +o-3:.*: number 1 for sheet of paper \(2 of 2 in use\)/,
    );
    expect(await type(['throttle', 'limit', 'paper', 'sheet', '3', ...by], at)).to.deep.include({
      code: 0,
      out: 'limit sheet 3 ordered paper\n',
    });
    await until('it has its token', async () => (await status(at))?.held === 3);
    await type(['throttle', 'limit', 'paper', 'sheet', 'default', ...by], at);
    await until('the limit is the configured one', async () => JSON.stringify((await status(at))?.limits).includes('"limit":2'));
  });

  it('drains a scope, says so to whoever waits, and opens it', async () => {
    await using at = await install();
    await type(['execute', 'note.hold', '--id', 'o-1'], at);
    await until('it holds', async () => (await status(at))?.held === 1);
    await type(['throttle', 'drain', 'paper', '--reason', 'new paper', ...by], at);
    await until('it is in maintenance', async () => (await status(at))?.maintenance.length === 1);
    await type(['execute', 'note.hold', '--id', 'o-2'], at);
    await until('the second one waits', async () => (await status(at))?.waiting === 1);
    expect((await type(['explain', 'o-2'], at)).out).to.match(/paper is in maintenance for .* by ann: new paper; 1 still held there/);
    await type(['cancel', 'o-1', '--wait', ...by], at);
    await until('it is empty', async () => (await status(at))?.maintenance[0]?.leases === 0);
    expect((await type(['throttle', 'show', 'paper'], at)).out).to.match(/^paper is in maintenance for .* by ann: new paper; empty\n/);
    await type(['throttle', 'open', 'paper', ...by], at);
    await until('it goes on', async () => (await status(at))?.held === 1);
  });
});

describe('the commands of troupe throttle', () => {
  it('send what they are told as mail', async () => {
    await using at = await createInstallation();
    await type(['throttle', 'rate', 'cloud/t1', 'call', '--bucket', '20', '--refill', '5', '--every', '1s', ...by], at);
    await type(['throttle', 'rate', 'cloud', 'call', '--window', '1m', '--most', '100', ...by], at);
    await type(['throttle', 'rate', 'cloud', 'call', '--default', ...by], at);
    await type(['throttle', 'drain', 'cloud/t1', ...by], at);
    await type(['throttle', 'open', 'cloud/t1', ...by], at);
    expect((await at.verbs()).map(({ type: name, body }) => [name, body])).to.deep.equal([
      ['setRate', { scope: 'cloud/t1', name: 'call', rate: { bucket: 20, refill: 5, every: '1s' }, by: 'ann' }],
      ['setRate', { scope: 'cloud', name: 'call', rate: { window: '1m', most: 100 }, by: 'ann' }],
      ['setRate', { scope: 'cloud', name: 'call', rate: null, by: 'ann' }],
      ['setMaintenance', { scope: 'cloud/t1', on: true, by: 'ann' }],
      ['setMaintenance', { scope: 'cloud/t1', on: false, by: 'ann' }],
    ]);
  });

  it('refuse what is wrong before anything is sent, naming it', async () => {
    await using at = await createInstallation();
    for (const [args, text] of [
      [['limit', 'cloud', 'vm', '-1'], 'n: "-1" is no whole number'],
      [['limit', 'cloud', 'vm', 'many'], 'n: "many" is no whole number'],
      [['rate', 'cloud', 'call'], 'a rate is --bucket'],
      [['rate', 'cloud', 'call', '--bucket', '1', '--most', '2'], 'a rate is --bucket'],
      [['rate', 'cloud', 'call', '--window', 'soon', '--most', '2'], 'is no duration'],
      [['show', 'cloud', '--waiters', '0'], 'waiters'],
    ] as const) {
      const { code, err } = await type(['throttle', ...args], at);
      expect([code, err.includes(text)], `${args.join(' ')}: ${err}`).to.deep.equal([2, true]);
    }
    expect(await at.verbs()).to.deep.equal([]);
  });
});
