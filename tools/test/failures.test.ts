import { expect } from 'chai';
import { failures } from '../src/failures.mjs';

describe('what is said again of a long output', () => {
  it('is the list of mocha, of each that failed', () => {
    const output = [
      '  ..!..',
      '  4 passing (2s)',
      '  1 failing',
      '',
      '  1) a thing',
      '       breaks:',
      '     Error: no',
      '',
      '4 passed, 1 failed, 0 skipped',
    ];
    const next = ['  3 passing', '3 passed, 0 failed, 0 skipped', 'apps/x: 3 passed, 0 failed, 0 skipped in 1 s'];
    expect(failures([...output, ...next].join('\n'))).to.deep.equal(['  1) a thing', '       breaks:', '     Error: no']);
  });

  it('is each line that says so by a word', () => {
    const lines = [
      'lint: format ok',
      'lint: knip FAILED',
      'UNNOTICED: a rule: the test stays green',
      'FAILED idle: p50: 3 ms',
      'good: met',
    ];
    expect(failures(lines.join('\n'))).to.deep.equal(lines.slice(1, 4));
  });

  it('is how it ended, where nothing is said', () => {
    expect(failures(`${Array.from({ length: 40 }, (_, i) => `line ${i}`).join('\n')}\n\n`).at(-1)).to.equal('line 39');
  });
});
