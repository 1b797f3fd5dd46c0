// needs TEST_NATS_URL
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { install, type Installed } from './installed.ts';
import { type } from './terminal.ts';

const by = ['--by', 'ann'];

async function shown(
  at: Installed,
  id: string,
): Promise<{ status: string; current: { name: string }[]; audit?: { verb: string; by?: string }[] }> {
  return JSON.parse((await type(['show', id, '--json'], at)).out) as never;
}

async function asked(at: Installed, id = 'o-1'): Promise<void> {
  await type(['execute', 'note.review', '--id', id], at);
  await until('it waits for the approval', async () => (await shown(at, id)).current[0]?.name === 'approval');
}

describe('the verbs of the command line against real roles', () => {
  it('answer a wait with a signal, whose data is what the operation puts out', async () => {
    await using at = await install();
    await asked(at);
    expect((await type(['explain', 'o-1'], at)).out)
      .to.contain('approval waits since')
      .and.contain('for the signal approved');
    const { code, out } = await type(['signal', 'o-1', 'approved', '--data', '{"by":"bob"}', '--wait', ...by], at);
    expect({ code, out }).to.deep.equal({ code: 0, out: 'signal approved ordered o-1\nsucceeded o-1 {"by":"bob"}\n' });
  });

  it('take back what was done when it is cancelled, and do not when told so', async () => {
    await using at = await install();
    for (const [id, flags, erased] of [
      ['o-1', [], true],
      ['o-2', ['--keep'], false],
    ] as const) {
      await asked(at, id);
      expect((await type(['cancel', id, ...flags, '--wait', ...by], at)).out).to.equal(`cancel ordered ${id}\ncancelled ${id}\n`);
      expect((await shown(at, id)) as object, id).to.deep.include({ steps: erased ? { done: 3, total: 3 } : { done: 2, total: 2 } });
    }
  });

  it('pause and resume, and say so', async () => {
    await using at = await install();
    await asked(at);
    await type(['pause', 'o-1', '--reason', 'maintenance', ...by], at);
    await until('it is paused', async () => (await shown(at, 'o-1')).status === 'paused');
    expect((await type(['explain', 'o-1'], at)).out)
      .to.contain('by ann: maintenance')
      .and.contain('nothing new starts');
    expect((await type(['show', 'o-1'], at)).out).to.match(/paused +since .* by ann: maintenance/);
    await type(['resume', 'o-1', ...by], at);
    await until('it goes on', async () => (await shown(at, 'o-1')).status === 'running');
    expect((await type(['skip', 'o-1', 'approval', '--output', '{"by":"nobody"}', '--wait', ...by], at)).out).to.equal(
      'skip approval ordered o-1\nsucceeded o-1 {"by":"nobody"}\n',
    );
    expect((await shown(at, 'o-1')).audit).to.have.length(3);
  });

  it('kill at once', async () => {
    await using at = await install();
    await asked(at);
    const { code, out, err } = await type(['kill', 'o-1', '--reason', 'wrong tenant', '--wait', ...by], at);
    expect({ code, out }).to.deep.equal({ code: 0, out: 'kill ordered o-1\nfailed o-1\n' });
    expect(err).to.contain('killed by ann: wrong tenant');
    expect((await shown(at, 'o-1')) as object).to.deep.include({ steps: { done: 1, total: 2 } });
  });

  it('refuse what is wrong before anything connects, and operations that nobody knows', async () => {
    await using at = await install();
    const nowhere = ['--servers', 'nats://127.0.0.1:1'];
    expect((await type(['signal', 'o-1', 'approved', '--data', '{', ...nowhere])).err).to.contain('(field data)');
    expect((await type(['skip', 'o-1', 'x', '--output', '{', ...nowhere])).err).to.contain('(field output)');
    for (const line of [
      ['pause', 'o-9'],
      ['resume', 'o-9'],
      ['skip', 'o-9', 'x'],
      ['kill', 'o-9'],
      ['signal', 'o-9', 'x'],
    ]) {
      expect(await type(line, at), line[0]).to.include({
        code: 3,
        err: 'troupe: unknown_operation: no operation o-9 is known (field id)\n',
      });
    }
  });
});

describe('retrying by the command line against real roles', () => {
  /** Notes of a text that the handler refuses as long as `bad` is in it. */
  const failing = async (at: Installed, n: number): Promise<string[]> => {
    const ids = Array.from({ length: n }, (_, i) => `o-${i}`);
    for (const id of ids) await type(['execute', 'note.twice', '--id', id, '--wait'], at);
    return ids;
  };

  it('lets one operation go on from where it stood', async () => {
    await using at = await install();
    await failing(at, 1);
    expect((await shown(at, 'o-0')) as object).to.deep.include({ outcome: 'failed', isRetryable: true, steps: { done: 2, total: 3 } });
    const { code, out } = await type(['retry', 'o-0', '--wait', ...by], at);
    expect({ code, out }).to.deep.equal({ code: 0, out: 'retry ordered o-0\nsucceeded o-0\n' });
    expect((await shown(at, 'o-0')) as object).to.deep.include({ steps: { done: 3, total: 3 } });
  });

  it('counts what a filter fits before it orders anything, and retries all of it at a rate', async () => {
    await using at = await install();
    const ids = await failing(at, 12);
    await type(['execute', 'note.write', '--input', '{"text":"bad"}', '--id', 'other', '--wait'], at);
    const filter = ['--all', '--executor', 'note.twice', '--error', 'fatal'];
    expect((await type(['retry', ...filter, '--dry-run'], at)).out).to.equal('retry would be ordered for 12 operations\n');
    expect((await type(['retry', ...filter, '--rate', '200', ...by], at)).out).to.equal('retry ordered for 12 of 12 operations\n');
    for (const id of ids)
      await until(`${id} has succeeded`, async () => ((await shown(at, id)) as { outcome?: string }).outcome === 'succeeded');
    expect((await type(['retry', ...filter, '--dry-run'], at)).out).to.equal('retry would be ordered for 0 operations\n');
    expect((await shown(at, 'other')) as object).to.include({ outcome: 'failed' });
  });

  it('cancels all that a filter fits', async () => {
    await using at = await install();
    for (const id of ['o-1', 'o-2']) await asked(at, id);
    await type(['execute', 'note.hold', '--id', 'o-3'], at);
    expect((await type(['cancel', '--all', '--executor', 'note.review', ...by], at)).out).to.equal(
      'cancel ordered for 2 of 2 operations\n',
    );
    for (const id of ['o-1', 'o-2']) await until(`${id} is cancelled`, async () => (await shown(at, id)).status === 'ended');
    expect((await shown(at, 'o-3')).status).to.equal('running');
  });

  it('takes a forgotten id for a mistake, not for all', async () => {
    for (const verb of ['retry', 'cancel'])
      expect((await type([verb, '--servers', 'nats://127.0.0.1:1'])).err, verb)
        .to.contain('invalid_options')
        .and.contain('(field id)');
    expect((await type(['retry', '--all', '--rate', '0', '--servers', 'nats://127.0.0.1:1'])).code).not.to.equal(0);
  });
});
