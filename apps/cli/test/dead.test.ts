// needs TEST_NATS_URL
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { install } from './installed.ts';
import { type } from './terminal.ts';

const lines = (text: string): string[] => text.trim().split('\n');

describe('the dead letters on the command line', () => {
  it('are listed, shown, and replayed once', async () => {
    await using at = await install();
    expect(await type(['dead', 'list'], at)).to.deep.equal({ code: 0, out: '', err: 'no dead letters\n' });
    expect(await type(['execute', 'note.burn', '--id', 'o-1', '--context', 'user=ann'], at)).to.include({ code: 3 });
    const list = await until('the letter is there', async () => {
      const { out } = await type(['dead', 'list'], at);
      return out;
    });
    expect(lines(list)[0]).to.match(/^NO +AGE +ORIGIN +REASON +REPLAYED +ERROR$/);
    expect(lines(list)[1]).to.match(/^1 .*command\/note\.burn +unknown_executor +- +note\.burn is not registered$/);
    const shown = (await type(['dead', 'show', '1'], at)).out;
    expect(shown).to.contain('reason       unknown_executor').and.contain('Troupe-Context-user: ann').and.contain('"id":"o-1"');

    const replayed = await type(['dead', 'replay', '1', '--by', 'ann'], at);
    expect(replayed).to.deep.equal({ code: 0, out: `replayed 1 to ${at.ns}.command.note=2Eburn\n`, err: '' });
    // it is refused again, and leaves a letter of its own
    const open = await until('the second letter is there', async () => {
      const { out } = await type(['dead', 'list', '--open', '--origin', 'command/note.burn', '--json'], at);
      return lines(out).length === 1 && out.includes('unknown_executor') ? out : '';
    });
    expect(JSON.parse(open)).to.not.have.property('replayed');
    expect((await type(['dead', 'replay', '1', '--by', 'ann'], at)).out).to.match(/^already replayed 1 at 20/);
    expect((await type(['dead', 'show', '1'], at)).out).to.match(/replayed +20\S+Z by ann/);
    expect(lines((await type(['dead', 'list', '--json'], at)).out)).to.have.lengthOf(2);
  });

  it('of several are replayed as far as it goes, with an exit code that tells', async () => {
    await using at = await install();
    for (const id of ['o-1', 'o-2']) await type(['execute', 'note.burn', '--id', id], at);
    const { code, out, err } = await type(['dead', 'replay', '1', '77', '2', '--json'], at);
    expect(code).to.equal(3);
    expect(lines(out).map((line) => (JSON.parse(line) as { sequence: number }).sequence)).to.deep.equal([1, 2]);
    expect(JSON.parse(err)).to.deep.nested.include({ sequence: 77, 'error.code': 'unknown_letter' });
  });

  it('with a number that is none are refused before anything connects', async () => {
    for (const args of [
      ['dead', 'show', 'x'],
      ['dead', 'replay', '1', '-1'],
      ['dead', 'replay'],
      ['dead', 'bury'],
    ]) {
      expect(await type(args, { env: { TROUPE_SERVERS: 'nats://127.0.0.1:1' } }), args.join(' ')).to.include({ code: 2 });
    }
    await using at = await install();
    expect(await type(['dead', 'show', '7'], at)).to.include({ code: 3 });
  });
});

describe('a release on the command line', () => {
  it('is sent to the entity, whose key may hold slashes', async () => {
    await using at = await install();
    expect(await type(['release', 'operation/a/b', '--by', 'ann'], at)).to.deep.equal({
      code: 0,
      out: 'release ordered operation/a/b\n',
      err: '',
    });
    for (const wrong of ['operation', '/x', 'operation/']) expect(await type(['release', wrong], at), wrong).to.include({ code: 2 });
  });
});
