// needs TEST_NATS_URL
import { expect } from 'chai';
import { install } from './installed.ts';
import { type } from './terminal.ts';

describe('troupe queues', () => {
  it('S104 shows commands, mail, each class and pool, and dead letters', async () => {
    await using at = await install();
    const { code, out, err } = await type(['queues'], at);
    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
    expect(out.split('\n').map((line) => line.split(/ {2,}/).slice(0, 2).join('='))).to.deep.equal([
      'QUEUE=WAITING',
      'commands=0',
      'mail=0',
      'regular notes=0',
      'heavy notes=0',
      'background notes=0',
      'dead letters=0',
      '',
    ]);
  });

  it('gives machines all of it, with the queue of a throttle and the newest letters', async () => {
    await using at = await install();
    const { code, out } = await type(['queues', '--json'], at);
    expect(code).to.equal(0);
    expect(JSON.parse(out)).to.have.all.keys('tasks', 'commands', 'mail', 'throttles', 'deadLetters');
  });
});
