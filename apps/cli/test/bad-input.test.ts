// needs TEST_NATS_URL
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { createClient } from '@troupe/client';
import { type Answer, parseAnswer } from '@troupe/protocol';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { install, type Installed } from './installed.ts';
import { natsUrl } from './terminal.ts';

/** Publishes bytes as they are, as a sender does that is not ours; resolves with the first answer to its inbox. */
async function publish(at: Installed, executor: string, body: Uint8Array | string, headers?: Record<string, string>): Promise<Answer> {
  const { headers: createHeaders } = await import('@nats-io/nats-core');
  const nc = await connect({ servers: natsUrl() });
  try {
    const inbox = `_INBOX.${executor.replaceAll(/\W/g, '')}${performance.now().toString(36).replace('.', '')}`;
    const answer = new Promise<Answer>((resolve) => {
      nc.subscribe(inbox, { callback: (_, message) => resolve(parseAnswer(message.data)) });
    });
    const h = createHeaders();
    h.set('Troupe-Reply-To', inbox);
    for (const [name, value] of Object.entries(headers ?? {})) h.set(name, value);
    nc.publish(at.runtime.subjects.command(executor), typeof body === 'string' ? body.replace('REPLY', inbox) : body, { headers: h });
    return await answer;
  } finally {
    await nc.close();
  }
}

const command = (more: object = {}): string =>
  JSON.stringify({
    v: 1,
    id: 'o-1',
    executor: 'note.write',
    createdAt: '2026-11-25T10:00:00Z',
    input: { text: 'x' },
    replyTo: 'REPLY',
    ...more,
  });

describe('bad input to the front door', () => {
  const cases: [string, string, Uint8Array | string, string, string][] = [
    ['bytes that are no JSON', 'note.write', 'write a note', 'malformed', ''],
    ['JSON that is cut off', 'note.write', command().slice(0, -2), 'malformed', ''],
    ['bytes that are no UTF-8', 'note.write', Uint8Array.of(0x7b, 0xff, 0x7d), 'malformed', ''],
    ['nothing', 'note.write', '', 'malformed', ''],
    ['a list', 'note.write', '[]', 'malformed', ''],
    ['a command without its id', 'note.write', command({ id: undefined }), 'malformed', 'id'],
    ['a command without its time', 'note.write', command({ createdAt: undefined }), 'malformed', 'createdAt'],
    ['a command of a class that does not exist', 'note.write', command({ options: { class: 'light' } }), 'malformed', 'options.class'],
    ['a command with an option that nobody reads', 'note.write', command({ options: { forse: true } }), 'malformed', 'options.forse'],
    ['a command on the subject of another executor', 'note.hold', command(), 'malformed', 'executor'],
    ['an executor that is unknown', 'note.burn', command({ executor: 'note.burn' }), 'unknown_executor', 'executor'],
    ['an input that does not fit', 'note.write', command({ input: { text: 7 } }), 'invalid_input', 'input.text'],
    ['an input where none is taken', 'note.hold', command({ executor: 'note.hold', input: { a: 1 } }), 'invalid_input', 'input'],
    ['a resource that is missing', 'book.bind', command({ executor: 'book.bind', input: null }), 'invalid_input', 'resource'],
    [
      'a resource of another kind',
      'book.bind',
      command({ executor: 'book.bind', input: null, resource: { kind: 'shelf', id: '1' } }),
      'unknown_kind',
      'resource.kind',
    ],
  ];

  it('gets a typed answer that names the field, is kept with its reason, and hurts nobody', async () => {
    await using at = await install();
    await using client = createClient(natsUrl(), { ns: at.ns });
    for (const [what, executor, body, code, field] of cases) {
      const answer = await publish(at, executor, body);
      expect(answer.answer, what).to.equal('rejected');
      expect((answer as Answer & { answer: 'rejected' }).error, what).to.include({ code, field });
      const [letter] = await client.deadLetters({ origin: ['command'], limit: 1 });
      expect(letter, what).to.include({ reason: code, subject: at.runtime.subjects.command(executor) });
    }
    // all of them are still there, none was dropped
    expect(await client.deadLetters({ origin: ['command'] })).to.have.lengthOf(cases.length);
    expect(await (await client.execute({ executor: 'note.write', input: { text: 'fine' } })).ended()).to.deep.equal({
      outcome: 'succeeded',
      output: { note: 'written' },
    });
  }).timeout(30_000);

  it('that names a resource which does not exist, or is in a wrong state, is rejected by the operation', async () => {
    await using at = await install();
    await using client = createClient(natsUrl(), { ns: at.ns });
    const bind = (id: string) => client.execute({ executor: 'book.bind', resource: { kind: 'book', id } });
    const missing = await bind('nowhere');
    expect(missing.answer).to.have.nested.property('error.code', 'unknown_resource');
    await at.putBook('1', 'DELETING');
    const wrong = await bind('1');
    expect(wrong.answer).to.have.nested.property('error.code', 'conflict');
    expect(wrong.answer).to.have.deep.nested.property('error.data', { kind: 'book', id: '1', state: 'DELETING', operation: null });
    await at.putBook('2', 'OK');
    expect(await (await bind('2')).ended()).to.include({ outcome: 'succeeded' });
  });

  it('that uses an id again for something else is refused, and the first operation is untouched', async () => {
    await using at = await install();
    await using client = createClient(natsUrl(), { ns: at.ns });
    const first = await client.execute({ executor: 'note.write', input: { text: 'a' }, id: 'o-1' });
    expect(await first.ended()).to.include({ outcome: 'succeeded' });
    const other = await client.execute({ executor: 'note.write', input: { text: 'b' }, id: 'o-1' });
    expect(other.answer).to.deep.include({ answer: 'rejected' });
    expect(other.answer).to.have.nested.property('error.code', 'id_reused');
    expect(other.answer).to.have.nested.property('error.field', 'id');
    expect(await client.operation('o-1')).to.include({ outcome: 'succeeded' });
  });

  it('that is too large fails at its sender with size and limit, and the connection lives', async () => {
    await using at = await install();
    await using client = createClient(natsUrl(), { ns: at.ns });
    const error = await client
      .execute({ executor: 'note.write', input: { text: 'x'.repeat(1_048_576) } })
      .catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: 'too_large' });
    expect((error as { data: object }).data).to.include({ limitBytes: 1_048_576 });
    expect((await client.execute({ executor: 'note.write', input: { text: 'x' } })).answer.answer).to.equal('accepted');
  });

  it('of a newer version holds up nobody, and is not lost: it waits for a door that reads it, then in the dead letters', async () => {
    await using at = await install();
    const { nc, subjects } = at.runtime;
    nc.publish(subjects.command('note.write'), command({ v: 2 }).replace('REPLY', '_INBOX.x'));
    await nc.flush();
    await using client = createClient(natsUrl(), { ns: at.ns });
    await (await client.execute({ executor: 'note.write', input: { text: 'behind it' } })).ended();
    const { state } = await (await jetstreamManager(nc)).streams.info(subjects.streams.commands);
    const letters = await client.deadLetters();
    expect(state.messages + letters.length).to.equal(1);
  });
});

describe('bad mail', () => {
  it('that cannot be read is kept with its reason, and nobody dies', async () => {
    await using at = await install();
    await using client = createClient(natsUrl(), { ns: at.ns });
    const { nc, subjects } = at.runtime;
    for (const subject of [
      subjects.mail({ kind: 'operation', key: 'o-1' }, 'verb'),
      `${at.ns}.mail.operation.=zz.verb`,
      `${at.ns}.mail.operation.o-1.host`,
    ]) {
      nc.publish(subject, 'no mail');
    }
    await until('all three are kept', async () => (await client.deadLetters({ origin: ['mail'] })).length === 3);
    expect(await (await client.execute({ executor: 'note.write', input: { text: 'x' }, id: 'o-1' })).ended()).to.include({
      outcome: 'succeeded',
    });
  });
});
