// needs TEST_NATS_URL
import { jetstream } from '@nats-io/jetstream';
import { type Client, createClient } from '@troupe/client';
import { type DeadLetter, encodeJson } from '@troupe/protocol';
import { expect } from 'chai';
import { createInstallation, type Installation, natsUrl, refusal } from './installation.ts';

interface Stored {
  readonly subject: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Stage extends AsyncDisposable {
  readonly at: Installation;
  readonly client: Client;
  /** Buries, and tells the place. */
  bury(letter: Partial<DeadLetter>, origin?: string[]): Promise<number>;
  stored(stream: 'commands' | 'mail' | 'timers' | 'tasks' | 'events'): Promise<Stored[]>;
}

async function setup(): Promise<Stage> {
  const at = await createInstallation();
  const client = createClient(natsUrl(), { ns: at.ns });
  return {
    at,
    client,
    async bury(letter, origin = ['x']) {
      const whole = {
        v: 1,
        reason: 'r',
        error: { code: 'c', message: 'm' },
        attempts: 1,
        subject: 's',
        headers: {},
        body: '{}',
        at: 1,
        ...letter,
      };
      return (await jetstream(at.nc).publish(at.subjects.dead(origin), encodeJson(whole))).seq;
    },
    async stored(name) {
      const stream = at.subjects.streams[name];
      const { state } = await at.jsm.streams.info(stream);
      const found: Stored[] = [];
      for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
        const message = await at.jsm.streams.getMessage(stream, { seq });
        if (message === null) continue;
        const headers = Object.fromEntries([...message.header].map(([header, values]) => [header, values[0]!]));
        found.push({ subject: message.subject, body: message.string(), headers });
      }
      return found;
    },
    async [Symbol.asyncDispose]() {
      await client.stop();
      await at[Symbol.asyncDispose]();
    },
  };
}

describe('a dead letter that is replayed', () => {
  it('goes to its original subject with its original headers and body', async () => {
    await using s = await setup();
    const headers = { traceparent: '00-1', 'Troupe-Context-user': 'ann', 'Nats-Msg-Id': 'old', 'Nats-Schedule-Next': 'purge' };
    const no = await s.bury({ subject: s.at.subjects.command('volume.create'), headers, body: '{"v":1,"id":"o-1"}' }, [
      'command',
      'volume.create',
    ]);
    const { subject, already, sequence } = await s.client.replayDeadLetter(no, { by: 'bob' });
    expect({ subject, already, sequence }).to.deep.equal({ subject: s.at.subjects.command('volume.create'), already: false, sequence: no });
    const [command, ...others] = await s.stored('commands');
    expect(others).to.deep.equal([]);
    expect(command).to.include({ subject, body: '{"v":1,"id":"o-1"}' });
    // headers of the server say how it was stored then
    expect(command!.headers).to.deep.equal({ traceparent: '00-1', 'Troupe-Context-user': 'ann', 'Nats-Msg-Id': `replay.${s.at.ns}.${no}` });
  });

  it('goes once, however often and by however many it is asked for', async () => {
    await using s = await setup();
    const no = await s.bury({ subject: s.at.subjects.command('x') });
    await using other = createClient(natsUrl(), { ns: s.at.ns });
    const many = await Promise.all([1, 2, 3, 4].map((n) => (n % 2 === 0 ? other : s.client).replayDeadLetter(no, { by: `${n}` })));
    expect(many.every(({ subject }) => subject === s.at.subjects.command('x'))).to.equal(true);
    // long after the server has forgotten the id as well
    await s.at.jsm.streams.purge(s.at.subjects.streams.commands);
    expect(await s.client.replayDeadLetter(no)).to.include({ already: true });
    expect(await s.stored('commands')).to.deep.equal([]);
    expect((await s.at.jsm.streams.info(s.at.subjects.streams.commands)).state.last_seq).to.equal(1);
  });

  it('is shown as replayed, by whom and when, and leaves an event', async () => {
    await using s = await setup();
    const no = await s.bury({ subject: s.at.subjects.command('x') }, ['command', 'x']);
    expect((await s.client.deadLetters())[0]).to.not.have.property('replayed');
    const { at } = await s.client.replayDeadLetter(no, { by: 'ann' });
    const letters = await s.client.deadLetters();
    // the mark lies beside the letters and is none
    expect(letters).to.have.lengthOf(1);
    expect(letters[0]).to.deep.include({
      sequence: no,
      origin: ['command', 'x'],
      replayed: { v: 1, letter: no, isDone: true, at, by: 'ann' },
    });
    expect(await s.client.deadLetter(no)).to.deep.equal(letters[0]);
    const [event, ...more] = (await s.stored('events')).map(({ body }) => JSON.parse(body) as object);
    expect(more).to.deep.equal([]);
    expect(event).to.deep.include({ topic: ['dead', 'replayed', 'command', 'x'], at });
    expect(event).to.deep.nested.include({
      body: { sequence: no, subject: s.at.subjects.command('x'), reason: 'r', origin: ['command', 'x'], by: 'ann' },
    });
  });

  it('finds the way of mail, timers and tasks, stored with their partition or without', async () => {
    await using s = await setup();
    const { subjects, ns } = s.at;
    const to = { kind: 'operation', key: 'o 1' };
    const encoded = subjects.mail(to, 'verb').split('.').slice(2).join('.');
    for (const [buried, sent] of [
      [`${ns}.mail.7.${encoded}`, subjects.mail(to, 'verb')],
      [subjects.mail(to, 'task-gpu'), subjects.mail(to, 'task-gpu')],
      [`${ns}.due.3.${encoded.split('.').slice(0, 2).join('.')}`, subjects.due(to)],
      [subjects.due(to), subjects.due(to)],
      [subjects.task('heavy', 'gpu', 'x.y'), subjects.task('heavy', 'gpu', 'x.y')],
    ] as const) {
      const no = await s.bury({ subject: buried, body: buried });
      expect((await s.client.replayDeadLetter(no)).subject).to.equal(sent);
    }
    expect((await s.stored('mail')).map(({ body }) => body)).to.have.lengthOf(2);
    expect((await s.stored('timers')).map(({ body }) => body)).to.have.lengthOf(2);
    expect((await s.stored('tasks')).map(({ subject }) => subject)).to.deep.equal([subjects.task('heavy', 'gpu', 'x.y')]);
  });

  it('that is no text comes out byte for byte', async () => {
    await using s = await setup();
    const bytes = Buffer.from([0, 255, 128, 10]);
    const no = await s.bury({ subject: s.at.subjects.command('x'), body: bytes.toString('base64'), encoding: 'base64' });
    await s.client.replayDeadLetter(no);
    const message = await s.at.jsm.streams.getMessage(s.at.subjects.streams.commands, { seq: 1 });
    expect(Buffer.from(message!.data).equals(bytes)).to.equal(true);
  });

  it('of which somebody died half-way is sent again under the same id', async () => {
    await using s = await setup();
    const no = await s.bury({ subject: s.at.subjects.command('x') });
    // the mark says that it was begun; the message had left
    await jetstream(s.at.nc).publish(s.at.subjects.dead(['replayed', String(no)]), encodeJson({ v: 1, letter: no, isDone: false, at: 5 }));
    await jetstream(s.at.nc).publish(s.at.subjects.command('x'), '{}', { msgID: `replay.${s.at.ns}.${no}` });
    expect((await s.client.deadLetter(no))?.replayed).to.include({ isDone: false });
    expect(await s.client.replayDeadLetter(no)).to.include({ already: false });
    expect(await s.stored('commands')).to.have.lengthOf(1);
    expect((await s.client.deadLetter(no))?.replayed).to.include({ isDone: true });
  });

  it('is refused by name when it is not there, says no place, or was kept without its body', async () => {
    await using s = await setup();
    expect(await refusal(s.client.replayDeadLetter(9))).to.include({ code: 'unknown_letter' });
    for (const no of [0, -1, 1.5, Number.NaN])
      expect(await refusal(s.client.replayDeadLetter(no)), String(no)).to.include({ code: 'invalid_options', field: 'sequence' });
    const lost = await s.bury({ subject: 'somewhere.else' });
    expect(await refusal(s.client.replayDeadLetter(lost))).to.include({ code: 'malformed', field: 'subject' });
    const large = await s.bury({ subject: s.at.subjects.command('x'), body: '', omittedBytes: 900_000 });
    expect(await refusal(s.client.replayDeadLetter(large))).to.include({ code: 'too_large' });
    const first = await s.bury({ subject: s.at.subjects.command('x') });
    await s.client.replayDeadLetter(first);
    // the place of a mark is not that of a letter
    expect(await refusal(s.client.replayDeadLetter(first + 1))).to.include({ code: 'unknown_letter' });
    expect(await s.stored('commands')).to.have.lengthOf(1);
  });

  it('of a task goes to the queue of its worker only, whatever the worker says of it', async () => {
    await using s = await setup();
    const { subjects } = s.at;
    const origin = ['task', 'heavy', 'gpu'];
    const to = { kind: 'operation', key: 'o-1' };
    for (const subject of [
      subjects.mail(to, 'verb'),
      subjects.due(to),
      subjects.command('x'),
      subjects.task('heavy', 'other', 't'),
      subjects.task('regular', 'gpu', 't'),
    ]) {
      const forged = await s.bury({ subject }, origin);
      expect(await refusal(s.client.replayDeadLetter(forged)), subject).to.include({ code: 'malformed', field: 'subject' });
    }
    const good = await s.bury({ subject: subjects.task('heavy', 'gpu', 't') }, origin);
    expect(await s.client.replayDeadLetter(good)).to.include({ already: false });
    for (const name of ['mail', 'timers', 'commands'] as const)
      expect((await s.at.jsm.streams.info(subjects.streams[name])).state.messages, name).to.equal(0);
  });

  it('that the other side cannot take stays open, and may be sent again later', async () => {
    await using s = await setup();
    const no = await s.bury({ subject: s.at.subjects.command('x') });
    for (let i = 0; i < 50; i++) await jetstream(s.at.nc).publish(s.at.subjects.command('y'), String(i));
    expect(await refusal(s.client.replayDeadLetter(no))).to.include({ code: 'overloaded', retryable: true });
    expect((await s.client.deadLetter(no))?.replayed).to.include({ isDone: false });
    await s.at.jsm.streams.purge(s.at.subjects.streams.commands);
    expect(await s.client.replayDeadLetter(no)).to.include({ already: false });
    expect(await s.stored('commands')).to.have.lengthOf(1);
  });
});
