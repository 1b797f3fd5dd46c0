import { expect } from 'chai';
import type { StreamConfig } from '@nats-io/jetstream';
import { createPublisher, isWrongSequence, type PublisherOptions, type WrongSequence } from '@troupe/jetstream';
import { until } from '@troupe/test-infra';
import { stressService } from '@troupe/testing';
import * as nats2 from 'nats';
import { createStream, failure, natsUrl } from './support/stream.ts';

async function setup(config: Partial<StreamConfig> = {}, options: PublisherOptions = {}) {
  const stream = await createStream(config);
  const publisher = createPublisher(stream.nc, options);
  await publisher.start();
  return {
    ...stream,
    publisher,
    async [Symbol.asyncDispose]() {
      await publisher.stop();
      await stream[Symbol.asyncDispose]();
    },
  };
}

describe('the publisher', () => {
  it('resolves with the place in the stream', async () => {
    await using s = await setup();
    const first = await s.publisher.publish(`${s.prefix}.a`, 'eins – ä');
    const second = await s.publisher.publish(`${s.prefix}.b`, new Uint8Array([0, 255]), { headers: [['Colour', 'grün']] });
    expect(first).to.deep.equal({ stream: s.name, sequence: 1, duplicate: false });
    expect(second.sequence).to.equal(2);
    const stored = await s.jsm.direct.getMessage(s.name, { last_by_subj: `${s.prefix}.b` });
    expect([...stored!.data]).to.deep.equal([0, 255]);
    expect(stored!.header.get('Colour')).to.equal('grün');
    expect((await s.jsm.direct.getMessage(s.name, { seq: 1 }))!.string()).to.equal('eins – ä');
  });

  it('stores one id once, and tells where the first copy is', async () => {
    await using s = await setup();
    await s.publisher.publish(`${s.prefix}.a`, '1', { id: 'one' });
    const again = await s.publisher.publish(`${s.prefix}.a`, '2', { id: 'one' });
    expect(again).to.include({ sequence: 1, duplicate: true });
    expect(await s.bodies()).to.deep.equal(['1']);
  });

  it('keeps ids apart, whatever characters they hold', async () => {
    await using s = await setup();
    const ids = ['a b', 'a=20b', 'a\r\nb', 'a\nb', 'ä', 'a', ' a', 'a ', 'operation/x y@n.1', '=', '%20'];
    for (const id of [...ids, ...ids]) await s.publisher.publish(`${s.prefix}.a`, id, { id });
    expect(await s.bodies()).to.deep.equal(ids);
  });

  it('writes by compare-and-set, and tells the last sequence when it lost', async () => {
    await using s = await setup();
    const subject = `${s.prefix}.record`;
    const { sequence } = await s.publisher.publish(subject, '1', { expectLastSubjectSequence: 0 });
    await s.publisher.publish(`${s.prefix}.other`, 'x');
    await s.publisher.publish(subject, '2', { expectLastSubjectSequence: sequence });
    const lost = await failure(s.publisher.publish(subject, '3', { expectLastSubjectSequence: sequence }));
    expect(isWrongSequence(lost)).to.equal(true);
    expect(lost).to.include({ code: 'conflict', retryable: false });
    expect((lost as WrongSequence).lastSequence).to.equal(3);
    const none = await failure(s.publisher.publish(`${s.prefix}.new`, '1', { expectLastSubjectSequence: 7 }));
    expect((none as WrongSequence).lastSequence).to.equal(0);
  });

  it('gives a message a life, in whole seconds', async () => {
    await using s = await setup({ allow_msg_ttl: true });
    await s.publisher.publish(`${s.prefix}.a`, 'short', { ttlMs: 20 });
    await s.publisher.publish(`${s.prefix}.a`, 'long', { ttlMs: 60_001 });
    expect((await s.jsm.direct.getMessage(s.name, { seq: 2 }))!.header.get('Nats-TTL')).to.equal('61s');
    await until('the first is gone', async () => (await s.bodies()).length === 1);
    expect(await s.bodies()).to.deep.equal(['long']);
  });

  it('replaces what a subject held before, where asked to roll up', async () => {
    await using s = await setup({ allow_rollup_hdrs: true });
    await s.publisher.publish(`${s.prefix}.a`, '1');
    await s.publisher.publish(`${s.prefix}.b`, '2');
    await s.publisher.publish(`${s.prefix}.a`, '3', { rollup: 'sub' });
    expect(await s.bodies()).to.deep.equal(['2', '3']);
  });

  it('stores a schedule, which the server sends when it is due', async () => {
    await using s = await setup({ allow_msg_schedules: true });
    const sent = Date.now();
    const target = `${s.prefix}.due`;
    await s.publisher.publish(`${s.prefix}.timer`, 'now', { schedule: { atMs: sent + 300, target }, headers: [['Kept', 'yes']] });
    const message = await until('it is due', () => s.jsm.direct.getMessage(s.name, { last_by_subj: target }).catch(() => undefined));
    expect(Date.now() - sent).to.be.at.least(300);
    expect(message.string()).to.equal('now');
    expect(message.header.get('Kept')).to.equal('yes');
  });

  it('refuses a payload over the limit before it leaves, with size and limit', async () => {
    await using s = await setup();
    const error = await failure(s.publisher.publish(`${s.prefix}.a`, Buffer.alloc(1_048_577)));
    expect(error.code).to.equal('too_large');
    expect(error.data).to.include({ sizeBytes: 1_048_577, limitBytes: 1_048_576 });
    const withHeaders = await failure(s.publisher.publish(`${s.prefix}.a`, Buffer.alloc(1_048_570), { id: 'header' }));
    expect(withHeaders.code).to.equal('too_large');
    expect(await s.publisher.publish(`${s.prefix}.a`, Buffer.alloc(1_048_576))).to.include({ sequence: 1 });
  });

  it('tells `too_large` for the limit of a stream as well', async () => {
    await using s = await setup({ max_msg_size: 100 });
    expect(await failure(s.publisher.publish(`${s.prefix}.a`, Buffer.alloc(101)))).to.include({ code: 'too_large' });
  });

  it('tells `overloaded` when a bounded stream is full', async () => {
    await using s = await setup({ max_msgs: 2, discard: 'new' as never });
    await Promise.all([1, 2].map((n) => s.publisher.publish(`${s.prefix}.${n}`, 'x')));
    expect(await failure(s.publisher.publish(`${s.prefix}.3`, 'x'))).to.include({ code: 'overloaded', retryable: true });
  });

  it('tells `overloaded` when a subject that must be free is taken', async () => {
    await using s = await setup({ max_msgs_per_subject: 1, discard: 'new' as never, discard_new_per_subject: true });
    await s.publisher.publish(`${s.prefix}.1`, 'x');
    expect(await failure(s.publisher.publish(`${s.prefix}.1`, 'x'))).to.include({ code: 'overloaded' });
  });

  it('refuses what no header and no subject may hold', async () => {
    await using s = await setup();
    const publish = (headers: [string, string][], subject = 'a') =>
      failure(s.publisher.publish(`${s.prefix}.${subject}`, 'x', { headers }));
    expect(await publish([['Name', 'two\r\nlines']])).to.include({ code: 'invalid_options', field: 'headers.Name' });
    expect(await publish([['Na:me', 'x']])).to.include({ code: 'invalid_options' });
    expect(await publish([['', 'x']])).to.include({ code: 'invalid_options' });
    expect(await publish([], 'with space')).to.include({ code: 'invalid_options', field: 'subject' });
    expect(await s.bodies()).to.deep.equal([]);
    expect(s.publisher.stats().inFlight).to.equal(0);
  });

  it('passes what else the server refuses on with its code', async () => {
    await using s = await setup();
    const error = await failure(s.publisher.publish(`${s.prefix}.a`, 'x', { ttlMs: 1_000 }));
    expect(error.code).to.equal('internal');
    expect(error.data).to.include({ errCode: 10_166 });
  });

  it('bounds what is in flight, in messages and bytes, and keeps the order of what waits', async () => {
    await using s = await setup({}, { maxInFlight: 10, maxInFlightBytes: 500 });
    const sent = Array.from({ length: 300 }, (_, n) => s.publisher.publish(`${s.prefix}.a`, String(n).padStart(n % 2 === 0 ? 3 : 200)));
    const seen: number[] = [];
    const watched = sent.map((promise) => promise.then(() => seen.push(s.publisher.stats().inFlight)));
    expect(s.publisher.stats()).to.deep.include({ inFlight: 5, queued: 295 });
    await Promise.all(watched);
    expect(Math.max(...seen)).to.be.within(1, 10);
    expect((await s.bodies()).map(Number)).to.deep.equal(Array.from({ length: 300 }, (_, n) => n));
  });

  it('lets a message through that is larger than the bound in bytes', async () => {
    await using s = await setup({}, { maxInFlightBytes: 10 });
    const acks = await Promise.all(Array.from({ length: 5 }, () => s.publisher.publish(`${s.prefix}.a`, 'much more than ten')));
    expect(acks.map((ack) => ack.sequence)).to.deep.equal([1, 2, 3, 4, 5]);
  });

  it('refuses more than may wait', async () => {
    await using s = await setup({}, { maxInFlight: 1, maxQueued: 2 });
    const sent = Array.from({ length: 5 }, (_, n) => s.publisher.publish(`${s.prefix}.a`, String(n)));
    const results = await Promise.allSettled(sent);
    expect(results.map((r) => (r.status === 'fulfilled' ? 'stored' : (r.reason as { code: string }).code))).to.deep.equal([
      ...Array.from({ length: 3 }, () => 'stored'),
      ...Array.from({ length: 2 }, () => 'overloaded'),
    ]);
  });

  it('waits for a stream that does not exist yet, and gives up only at a deadline', async () => {
    await using s = await setup();
    const patient = createPublisher(s.nc);
    const hasty = createPublisher(s.nc, { deadlineMs: 300, maxInFlight: 1 });
    await Promise.all([patient.start(), hasty.start()]);
    const subject = `${s.prefix}-late.a`;
    const stored = patient.publish(subject, 'x', { id: 'x' });
    const given = await Promise.all([failure(hasty.publish(subject, 'y')), failure(hasty.publish(subject, 'waits'))]);
    expect(given.map((error) => error.code)).to.deep.equal(['unavailable', 'unavailable']);
    await s.jsm.streams.add({ name: `${s.name}-LATE`, subjects: [`${s.prefix}-late.>`] });
    expect(await stored).to.include({ sequence: 1 });
    await Promise.all([patient.stop(), hasty.stop()]);
    await s.jsm.streams.delete(`${s.name}-LATE`);
  });

  it('confirms what is in flight before it stops, and refuses what comes later', async () => {
    await using s = await setup({}, { maxInFlight: 8 });
    const sent = Array.from({ length: 100 }, (_, n) => s.publisher.publish(`${s.prefix}.a`, String(n)));
    const stopped = s.publisher.stop();
    expect(await failure(s.publisher.publish(`${s.prefix}.a`, 'late'))).to.include({ code: 'unavailable' });
    await stopped;
    expect((await Promise.all(sent)).length).to.equal(100);
    expect(s.publisher.stats()).to.include({ inFlight: 0, queued: 0 });
  });

  it('does not wait for ever for confirmations when it stops', async () => {
    await using s = await setup({}, { stopGraceMs: 100 });
    const lost = failure(s.publisher.publish(`${s.prefix}-nowhere.a`, 'x'));
    await s.publisher.stop();
    expect(await lost).to.include({ code: 'unavailable' });
  });

  it('tells everybody when its connection is closed', async () => {
    await using s = await setup();
    const waiting = failure(s.publisher.publish(`${s.prefix}-nowhere.a`, 'x'));
    await s.nc.close();
    expect(await waiting).to.include({ code: 'unavailable', retryable: true });
    expect(await failure(s.publisher.publish(`${s.prefix}.a`, 'x'))).to.include({ code: 'unavailable' });
  });

  it('publishes through a connection of the `nats` 2.x package', async () => {
    await using s = await setup();
    const old = await nats2.connect({ servers: natsUrl() });
    const publisher = createPublisher(old);
    await publisher.start();
    expect(await publisher.publish(`${s.prefix}.a`, 'x', { id: 'old', headers: [['Kept', 'yes']] })).to.include({ sequence: 1 });
    expect(await publisher.publish(`${s.prefix}.a`, 'x', { id: 'old' })).to.include({ duplicate: true });
    const error = await failure(publisher.publish(`${s.prefix}.a`, 'x', { expectLastSubjectSequence: 9 }));
    expect(isWrongSequence(error)).to.equal(true);
    await publisher.stop();
    expect(old.isClosed()).to.equal(false);
    await old.close();
  });

  it('rejects its start when no server answers', async () => {
    const publisher = createPublisher('nats://127.0.0.1:1');
    expect(await failure(publisher.start())).to.include({ code: 'unavailable' });
    expect(publisher.state).to.equal('stopped');
  });
});

stressService(async () => ({ service: createPublisher(natsUrl()) }), {
  name: 'a publisher with its own connection',
  makeFailing: async () => ({ service: createPublisher('nats://127.0.0.1:1') }),
});
