// needs TEST_NATS_URL
import type { SinkEffect, ResourceStore } from '@troupe/actor';
import { connectNats, createKvResourceStore } from '@troupe/jetstream';
import { createEffectSink, createPuller, createRecordStore } from '@troupe/jetstream/internal';
import { parseDeadLetter, parseEvent, parseMail, parseTask, parseTaskResult } from '@troupe/protocol';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { createInstallation } from './support/installation.ts';
import { failure, natsUrl } from './support/stream.ts';

const NOW = 1_795_600_000_000;
const self = { kind: 'operation', key: 'o.1' };
const other = { kind: 'throttle', key: 'p' };
const context = { from: self, revision: 3 };
const by = { user: 'ann' };
const task = {
  v: 1,
  id: 't',
  task: 'work',
  input: null,
  attempt: 1,
  attempts: 5,
  token: 'k',
  idempotencyToken: 'i',
  timeLimitMs: 1,
  orderedAt: 1,
} as const;

async function setup(store: 'kv' | 'none' = 'kv') {
  const at = await createInstallation({ partitions: 1 });
  const { nc, publisher, subjects } = at;
  const serverNow = (): number => NOW;
  const records = createRecordStore({ nc, publisher, subjects, serverNow });
  const resources: ResourceStore = createKvResourceStore({ nc, publisher, subjects, serverNow });
  const sink = createEffectSink({ nc, publisher, subjects, records, ...(store === 'kv' ? { store: resources } : {}) });
  return {
    ...at,
    records,
    resources,
    sink,
    async emit(...effects: SinkEffect[]) {
      const ended = await sink.emit(effects, context);
      return ended.map((one) => {
        if ('refused' in one) throw new Error(one.refused.message);
        return one;
      });
    },
    /** The only message of a stream, and its body as bytes. */
    async only(stream: string) {
      const all = await at.stored(stream);
      expect(all).to.have.lengthOf(1);
      return { ...all[0]!, bytes: Buffer.from(JSON.stringify(all[0]!.body)) };
    },
    /** What fires of the timers of throttles. */
    fired() {
      const found: string[] = [];
      const puller = createPuller({
        nc,
        stream: subjects.streams.timers,
        durable: 'throttle_0',
        group: 'throttle',
        demand: () => 10,
        expiresMs: 1_000,
        onMessage(message) {
          found.push(parseMail(message.data).id);
          message.ack();
        },
      });
      puller.start();
      return { found, [Symbol.asyncDispose]: () => puller.stop() };
    },
  };
}

const timed = (id: string, at: number): SinkEffect => ({ type: 'send', id, to: other, mail: { type: 'tick', body: null }, at });

describe('an effect that is to be confirmed', () => {
  it('send: is mail from this entity, under its own id', async () => {
    await using at = await setup();
    await at.emit({ type: 'send', id: 'n.1', to: other, mail: { type: 'acquire', body: { a: 1 } }, context: by });
    const { subject, headers, bytes } = await at.only(at.subjects.streams.mail);
    expect(at.subjects.parseMail(subject)).to.deep.equal({ to: other, from: 'entity' });
    expect(parseMail(bytes)).to.deep.equal({ v: 1, id: 'n.1', type: 'acquire', body: { a: 1 }, from: self });
    expect(headers).to.include({ 'Nats-Msg-Id': 'n.1', 'Troupe-Context-user': 'ann' });
  });

  it('send with a time: waits, and fires with the id that the state must name', async () => {
    await using at = await setup();
    await at.emit(timed('n.2', Date.now() + 600));
    const { subject, headers, bytes } = await at.only(at.subjects.streams.timers);
    expect(subject).to.equal(at.subjects.timer(self, 'n.2'));
    expect(headers).to.include({ 'Nats-Schedule-Target': at.subjects.due(other) });
    expect(parseMail(bytes)).to.include({ id: 'n.2', timer: 'n.2' });
    await using timers = at.fired();
    await until('it fires', () => timers.found.length === 1);
  });

  it('cancel: what was to fire does not, and to cancel what has fired is harmless', async () => {
    await using at = await setup();
    const due = Date.now() + 700;
    await at.emit(timed('a', due), timed('b', due));
    await at.emit({ type: 'cancel', id: 'n.3', timer: 'a' });
    await using timers = at.fired();
    await until('the other one fires', () => timers.found.length === 1);
    await at.emit({ type: 'cancel', id: 'n.4', timer: 'b' });
    // one that is ordered later and fires shows that nothing was left to come
    await at.emit(timed('c', Date.now()));
    await until('the last one fires', () => timers.found.includes('c'));
    expect(timers.found).to.deep.equal(['b', 'c']);
    await until(
      'nothing is left of those',
      async () => (await at.jsm.streams.info(at.subjects.streams.timers)).state.messages === 0,
      4_000,
    );
  });

  it('task: is a message for the class and pool', async () => {
    await using at = await setup();
    await at.emit({ type: 'task', id: 'n.5', class: 'heavy', pool: 'gpu', message: task, context: by });
    const { subject, headers, bytes } = await at.only(at.subjects.streams.tasks);
    expect(at.subjects.parseTask(subject)).to.deep.equal({ cls: 'heavy', pool: 'gpu', name: 'work' });
    expect(parseTask(bytes)).to.deep.equal(task);
    expect(headers).to.include({ 'Nats-Msg-Id': 'n.5', 'Troupe-Context-user': 'ann' });
  });

  it('publish: is an event, with the time of the server', async () => {
    await using at = await setup();
    await at.emit({ type: 'publish', id: 'n.6', topic: ['operation', 'o.1', 'ended'], body: { outcome: 'failed' } });
    const { subject, bytes } = await at.only(at.subjects.streams.events);
    expect(subject).to.equal(at.subjects.event(['operation', 'o.1', 'ended']));
    expect(parseEvent(bytes)).to.deep.equal({
      v: 1,
      id: 'n.6',
      topic: ['operation', 'o.1', 'ended'],
      at: NOW,
      body: { outcome: 'failed' },
    });
  });

  it('result: is kept for its time', async () => {
    await using at = await setup();
    await at.emit({ type: 'result', id: 't-1', task: 'work', attempt: 2, outcome: { kind: 'succeeded', output: 7 }, ttlMs: 60_000 });
    const { subject, headers, bytes } = await at.only(at.subjects.streams.results);
    expect(subject).to.equal(at.subjects.result('t-1'));
    expect(parseTaskResult(bytes)).to.deep.equal({
      v: 1,
      id: 't-1',
      task: 'work',
      attempt: 2,
      outcome: { kind: 'succeeded', output: 7 },
      endedAt: NOW,
    });
    expect(headers['Nats-TTL']).to.match(/^60/);
  });

  const error = { code: 'handler_error', message: 'm' };
  it('bury: keeps mail as it lay in its stream, with who sent it', async () => {
    await using at = await setup();
    const origin = ['mail', 'operation', 'o.1'];
    const mail = { id: 'm', type: 'x', body: { a: 1 }, sender: 'task-gpu' } as const;
    await at.emit({ type: 'bury', id: 'n.7', origin, reason: 'handler_error', error, attempts: 5, original: { mail }, context: by });
    const { subject, bytes } = await at.only(at.subjects.streams.dead);
    expect(subject).to.equal(at.subjects.dead(origin));
    const letter = parseDeadLetter(bytes);
    expect(letter).to.deep.include({ reason: 'handler_error', error, attempts: 5, subject: at.subjects.mail(self, 'task-gpu') });
    expect(letter.headers).to.deep.equal({ 'Troupe-Context-user': 'ann' });
    expect(parseMail(Buffer.from(letter.body))).to.deep.equal({ v: 1, id: 'm', type: 'x', body: { a: 1 } });
  });

  it('bury: keeps what a timer brought as due, and a task with its queue', async () => {
    await using at = await setup();
    const mail = { id: 'm', type: 'x', body: null, sender: 'timer', timer: 't' } as const;
    await at.emit({ type: 'bury', id: 'n.8', origin: ['x'], reason: 'r', error, original: { mail } });
    await at.emit({ type: 'bury', id: 'n.9', origin: ['x'], reason: 'r', error, original: { task, class: 'heavy', pool: 'gpu' } });
    const letters = (await at.stored(at.subjects.streams.dead)).map(({ body }) => body as { subject: string; attempts: number });
    expect(letters.map(({ subject, attempts }) => [subject, attempts])).to.deep.equal([
      [at.subjects.due(self), 1],
      [at.subjects.task('heavy', 'gpu', 'work'), 1],
    ]);
  });

  it('removeItem: the item does not count any more', async () => {
    await using at = await setup();
    await at.records.putItems(self, [{ nonce: 'n', n: 12, item: 'x', body: 1 }]);
    await at.emit({ type: 'removeItem', id: 'n.8', item: 'n.12' });
    expect((await at.only(at.subjects.streams.state)).body).to.equal('');
  });

  it('write: its outcome is told, and what it changed is an event of the same act', async () => {
    await using at = await setup();
    const ref = { kind: 'volume', id: 'v' };
    const [made, ...rest] = await at.emit({ type: 'write', id: 'n.9', write: { op: 'create', ref, state: 'OK', set: {} } });
    expect(rest).to.deep.equal([]);
    expect(made).to.deep.include({ effect: 'n.9' });
    expect(made!.outcome).to.include({ ok: true });
    expect(parseEvent((await at.only(at.subjects.streams.events)).bytes)).to.deep.include({
      id: 'n.9.event',
      topic: ['resource', 'volume', 'v', 'created'],
    });
    const [refused] = await at.emit({ type: 'write', id: 'n.10', write: { op: 'create', ref, state: 'OK', set: {} } });
    expect(refused!.outcome).to.include({ ok: false });
    expect(await at.stored(at.subjects.streams.events)).to.have.lengthOf(1);
  });

  it('emitted again, as after a crash, is stored once', async () => {
    await using at = await setup();
    const ref = { kind: 'volume', id: 'v' };
    const effects: SinkEffect[] = [
      { type: 'send', id: 'n.1', to: other, mail: { type: 'acquire', body: null } },
      { type: 'task', id: 'n.2', class: 'regular', pool: 'gpu', message: task },
      { type: 'publish', id: 'n.3', topic: ['x'], body: null },
      { type: 'bury', id: 'n.4', origin: ['x'], reason: 'r', error, original: { task, class: 'heavy', pool: 'gpu' } },
      { type: 'write', id: 'n.5', write: { op: 'create', ref, state: 'OK', set: {} } },
    ];
    const first = await at.emit(...effects);
    const second = await at.emit(...effects);
    expect(first.map(({ outcome }) => outcome.ok)).to.deep.equal([true]);
    expect(second.map(({ outcome }) => outcome.ok)).to.deep.equal([true]);
    const { mail, tasks, dead, events } = at.subjects.streams;
    for (const stream of [mail, tasks, dead]) await at.only(stream);
    expect((await at.stored(events)).map(({ headers }) => headers['Nats-Msg-Id'])).to.have.members(['n.3', 'n.5.event']);
  });
});

describe('the effects of one turn', () => {
  it('keep the order of writes', async () => {
    await using at = await setup();
    const ref = { kind: 'volume', id: 'v' };
    const take = { op: 'take', ref, operation: 'o.1', from: ['OK'], set: { state: 'UPDATING' } } as const;
    const done = { op: 'change', ref, operation: 'o.1', epoch: 2, set: { state: 'OK' }, finish: true } as const;
    await at.resources.write({ op: 'create', ref, state: 'OK', set: {} }, { turn: 0, effect: 'made' });
    const ended = await at.emit({ type: 'write', id: 'n.1', write: take }, { type: 'write', id: 'n.2', write: done });
    expect(ended.map(({ effect, outcome }) => [effect, outcome.ok])).to.deep.equal([
      ['n.1', true],
      ['n.2', true],
    ]);
    expect(await at.resources.get(ref)).to.include({ state: 'OK', currentOperation: null });
  });

  it('fail together where one cannot be confirmed, and the others have left all the same', async () => {
    await using at = await setup('none');
    const write: SinkEffect = {
      type: 'write',
      id: 'n.1',
      write: { op: 'remove', ref: { kind: 'k', id: 'i' }, operation: 'o', epoch: 1 },
    };
    const send: SinkEffect = { type: 'send', id: 'n.2', to: other, mail: { type: 'x', body: null } };
    expect((await failure(at.emit(write, send))).message).to.contain('no resource store');
    await until('the other one is stored', async () => (await at.stored(at.subjects.streams.mail)).length === 1);
    await at.publisher.stop();
    expect(await failure(at.emit(send))).to.include({ code: 'unavailable' });
  });
});

describe('an effect that is told once', () => {
  it('answers on the subject of the operation and in the inbox that was named, and signals a pool', async () => {
    await using at = await setup();
    const told: [string, unknown][] = [];
    const inbox = `_INBOX.${at.subjects.ns}.x`;
    for (const subject of [at.subjects.answer('o.1'), inbox, at.subjects.signal('gpu')])
      at.nc.subscribe(subject, { callback: (_, message) => void told.push([message.subject, message.json()]) });
    const answer = { v: 1, operation: 'o.1', answer: 'accepted' } as const;
    at.sink.tell([
      { type: 'answer', answer, replyTo: inbox },
      { type: 'signal', pool: 'gpu', body: { cancel: 't' } },
    ]);
    await until('all are told', () => told.length === 3);
    expect(told).to.deep.equal([
      [at.subjects.answer('o.1'), answer],
      [inbox, answer],
      [at.subjects.signal('gpu'), { cancel: 't' }],
    ]);
  });

  it('is lost with the connection, without a word', async () => {
    await using at = await setup();
    const nc = await connectNats({ servers: natsUrl() });
    const sink = createEffectSink({ nc, publisher: at.publisher, subjects: at.subjects, records: at.records });
    await nc.close();
    sink.tell([
      { type: 'answer', answer: { v: 1, operation: 'o', answer: 'accepted' } },
      { type: 'signal', pool: 'p', body: null },
    ]);
  });
});
