import { expect } from 'chai';
import { until } from '@troupe/test-infra';
import { closingLine, parseCounts, sum } from '../src/counts.mjs';
import { runPart } from '../src/parts.mjs';

const sh = (script: string, limitMs?: number) =>
  runPart('/bin/sh', ['-c', script], { cwd: '/', isHeld: true, ...(limitMs === undefined ? {} : { limitMs }) });

describe('a part of a run', () => {
  it('gives its exit code and all it said', async () => {
    expect(await sh('echo out; echo err >&2; exit 3')).to.deep.include({ code: 3, isLate: false });
    expect((await sh('echo out; echo err >&2')).output.split('\n').toSorted()).to.deep.equal(['', 'err', 'out']);
  });

  it('that does not exist is a failure, not an exception', async () => {
    expect((await runPart('/no/such/program', [], { cwd: '/', isHeld: true })).code).to.equal(127);
  });

  it('is killed with all it started when it takes too long', async () => {
    const { code, isLate, output } = await sh('sleep 300 & echo $!; wait', 300);
    expect({ code, isLate }).to.deep.equal({ code: 1, isLate: true });
    const grandchild = Number(output.trim());
    await until('the grandchild is gone', () => !isAlive(grandchild));
  });

  it('has ended when its process has, whoever still holds its output', async () => {
    const { code, output, seconds } = await sh('sleep 30 & echo $!');
    process.kill(Number(output.trim()), 'SIGKILL');
    expect(code).to.equal(0);
    expect(seconds).to.be.lessThan(10);
  });
});

describe('the closing line', () => {
  it('is read back as it was written, the last one counts', () => {
    const counts = { passed: 12, failed: 0, skipped: 3 };
    expect(parseCounts(`1 passed, 1 failed, 1 skipped\nmore\n${closingLine(counts)}\n`)).to.deep.equal(counts);
    expect(parseCounts('a: 1 passed, 1 failed, 1 skipped\n')).to.equal(undefined);
  });

  it('sums up', () => {
    expect(sum([])).to.deep.equal({ passed: 0, failed: 0, skipped: 0 });
    const parts = [1, 2].map((n) => ({ passed: n, failed: 10 * n, skipped: 100 * n }));
    expect(sum(parts)).to.deep.equal({ passed: 3, failed: 30, skipped: 300 });
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
