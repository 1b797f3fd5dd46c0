// needs TEST_NATS_URL
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { install } from './installed.ts';
import { type } from './terminal.ts';

describe('the command line against real roles', () => {
  it('runs an operation to its end', async () => {
    await using at = await install();
    const { code, out, err } = await type(['execute', 'note.write', '--input', '{"text":"hello"}', '--id', 'o-1', '--wait'], at);
    expect({ code, err }).to.deep.equal({ code: 0, err: '' });
    expect(out).to.match(/^accepted o-1\nsucceeded o-1/);
    const shown = JSON.parse((await type(['show', 'o-1', '--json'], at)).out) as object;
    expect(shown).to.deep.include({
      id: 'o-1',
      executor: 'note.write',
      status: 'ended',
      outcome: 'succeeded',
      steps: { done: 1, total: 1 },
    });
  });

  it('tells why an operation failed', async () => {
    await using at = await install();
    const { code, out, err } = await type(['execute', 'note.write', '--input', '{"text":"bad"}', '--id', 'o-1', '--wait'], at);
    expect({ code, out }).to.deep.equal({ code: 1, out: 'accepted o-1\nfailed o-1\n' });
    expect(err).to.contain('no such note');
    expect((await type(['explain', 'o-1'], at)).out)
      .to.contain('ended failed')
      .and.contain('no such note');
  });

  it('is refused an unknown executor and a wrong input, each with its field', async () => {
    await using at = await install();
    const unknown = await type(['execute', 'note.burn', '--id', 'o-1'], at);
    expect(unknown.code).to.equal(3);
    expect(unknown.err).to.contain('unknown_executor').and.contain('(field executor)');
    const wrong = await type(['execute', 'note.write', '--id', 'o-2', '--input', '{"text":""}'], at);
    expect(wrong.code).to.equal(3);
    expect(wrong.err).to.contain('invalid_input').and.contain('(field input.text)');
  });

  it('is answered duplicate for the same id, and refused another wish under it', async () => {
    await using at = await install();
    const wish = ['execute', 'note.write', '--id', 'o-1', '--input'];
    await type([...wish, '{"text":"a"}', '--wait'], at);
    expect(await type([...wish, '{"text":"a"}'], at)).to.include({ code: 0, out: 'duplicate o-1 (ended)\n' });
    // the end is known to who asks again
    expect((await type([...wish, '{"text":"a"}', '--wait'], at)).out).to.match(/^duplicate o-1 \(ended\)\nsucceeded o-1/);
    const other = await type([...wish, '{"text":"b"}'], at);
    expect(other.code).to.equal(3);
    expect(other.err).to.contain('id_reused').and.contain('(field id)');
  });

  it('queues behind the operation that has the resource, in order, if it is asked to', async () => {
    await using at = await install();
    await at.putBook('b1', 'OK');
    const read = (id: string, ...more: string[]) => type(['execute', 'book.read', '--resource', 'book/b1', '--id', id, ...more], at);
    expect((await read('o-1')).out).to.equal('accepted o-1\n');
    expect((await read('o-2', '--queue')).out).to.equal('queued o-2 behind o-1\n');
    expect((await read('o-3', '--queue')).out).to.equal('queued o-3 behind o-1\n');
    expect(await read('o-4')).to.include({ code: 3 });
    expect((await type(['explain', 'o-2'], at)).out).to.contain('waits for book b1, which operation o-1 owns');
    for (const [id, next] of [
      ['o-1', 'o-2'],
      ['o-2', 'o-3'],
    ] as const) {
      await type(['signal', id, 'read'], at);
      await until(`${next} has the book`, async () => /reading waits/.test((await type(['explain', next], at)).out));
    }
    expect((await type(['explain', 'o-1'], at)).out).to.contain('ended succeeded');
  });

  it('explains who holds what an operation waits for, and frees it by a cancel', async () => {
    await using at = await install();
    for (const id of ['o-1', 'o-2', 'o-3']) await type(['execute', 'note.hold', '--id', id], at);
    const waits = await until('the third waits in the queue', async () => {
      const { out } = await type(['explain', 'o-3'], at);
      return /number 1 for sheet of paper/.test(out) && out;
    });
    expect(waits).to.contain('waits since').and.contain('for 1 sheet of paper').and.contain('longest held by operation/o-1');
    const held = await until('the first holds its token', async () => {
      const { out } = await type(['explain', 'o-1'], at);
      return /holds 1 sheet of paper since/.test(out) && out;
    });
    expect(held).to.contain('polls for done');
    const { code, out } = await type(['cancel', 'o-1', '--reason', 'enough', '--by', 'ann', '--wait'], at);
    expect({ code, out }).to.deep.equal({ code: 0, out: 'cancel ordered o-1\ncancelled o-1\n' });
    await until('the third has its token', async () => /holds 1 sheet of paper/.test((await type(['explain', 'o-3'], at)).out));
    for (const id of ['o-2', 'o-3']) expect(await type(['cancel', id, '--wait'], at)).to.include({ code: 0 });
    const list = (await type(['operations', '--outcome', 'cancelled', '--json'], at)).out.trim().split('\n');
    expect(list).to.have.lengthOf(3);
  }).timeout(30_000);
});
