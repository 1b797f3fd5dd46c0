import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { disturb, MARK } from '../src/disturb.mjs';

const isFrozen = ({ pid }: ChildProcess): boolean => /\) T/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));

describe('a machine that stands still', () => {
  before(function () {
    if (!existsSync('/proc/self/stat')) this.skip();
  });

  it('stops what is marked and lets it go on, and leaves alone what is frozen already or of others', async () => {
    const start = (env: object): ChildProcess => spawn('sleep', ['60'], { env: { ...process.env, ...env }, stdio: 'ignore' });
    const mark = `disturb-${process.pid}`;
    const [marked, frozen, other] = [start({ [MARK]: mark }), start({ [MARK]: mark }), start({})] as const;
    const all = [marked, frozen, other];
    frozen.kill('SIGSTOP');
    await until('it is frozen', () => isFrozen(frozen));
    const end = disturb(mark, { everyMs: [10, 20], stillMs: [100, 200] });
    try {
      for (let round = 0; round < 2; round++) {
        await until('it stands still', () => isFrozen(marked));
        expect(isFrozen(other)).to.equal(false);
        await until('it goes on', () => !isFrozen(marked));
        expect(isFrozen(frozen)).to.equal(true);
      }
    } finally {
      expect(end()).to.be.at.least(2);
      expect(isFrozen(frozen)).to.equal(true);
      await until('it goes on at the end', () => !isFrozen(marked));
      for (const child of all) {
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }
    }
  });
});
