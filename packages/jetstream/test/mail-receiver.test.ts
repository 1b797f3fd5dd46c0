// needs TEST_NATS_URL
import type { FreezeGuard } from '@troupe/actor';
import type { Delivery } from '@troupe/actor/internal';
import { createDeadLetters, createMailReceiver, createPuller, encodeMail } from '@troupe/jetstream/internal';
import { encodeJson, headers, type Mail } from '@troupe/protocol';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { createInstallation } from './support/installation.ts';

const to = { kind: 'operation', key: 'o.1' };

async function setup() {
  const at = await createInstallation({ partitions: 1 });
  const { nc, publisher, subjects } = at;
  const delivered: Delivery[] = [];
  const undecodable: [string, string][] = [];
  let frozen = 0;
  let checks = 0;
  const guard: FreezeGuard = { check: () => ++checks <= frozen, stop: () => undefined };
  const receive = createMailReceiver({
    subjects,
    guard,
    deadLetters: createDeadLetters({ publisher, subjects, serverNow: () => 7 }),
    deliver: (delivery) => delivered.push(delivery),
    onUndecodable: (subject, code) => undecodable.push([subject, code]),
  });
  const pullers = (['mail', 'timers'] as const).map((stream) =>
    createPuller({
      nc,
      stream: subjects.streams[stream],
      durable: 'supervisor_0',
      group: 'supervisor',
      demand: () => 10,
      expiresMs: 1_000,
      onMessage: (message) => receive(stream, message),
    }),
  );
  const left = async (stream: 'mail' | 'timers'): Promise<number> => (await at.jsm.streams.info(subjects.streams[stream])).state.messages;
  return {
    ...at,
    delivered,
    undecodable,
    left,
    dead: () => at.stored(subjects.streams.dead),
    checks: () => checks,
    /** From now on, after so many messages that come too late. */
    open(late = 0): void {
      frozen = late;
      for (const puller of pullers) puller.start();
    },
    mail: (body: string, from: string = 'entity', more: [string, string][] = []) =>
      publisher.publish(`${subjects.ns}.mail.operation.o=2E1.${from}`, body, { headers: more }),
    /** As a timer that has fired. */
    due: (body: string) => publisher.publish(subjects.due(to), body),
    first: () => until('it is delivered', () => delivered[0]),
    async [Symbol.asyncDispose]() {
      for (const puller of pullers) await puller.stop();
      await at[Symbol.asyncDispose]();
    },
  };
}

const forged = { timer: 't', tries: 9, sender: 'host' } as const;

describe('the receiver of mail', () => {
  it('delivers mail with its address, its sender as the subject says, its context and its age', async () => {
    await using at = await setup();
    at.open();
    const body = encodeMail({ id: 'm-1', type: 'hello', body: { a: 1 }, from: { kind: 'throttle', key: 'p' } });
    await at.mail(body, 'task-gpu', [[`${headers.contextPrefix}user`, 'ann']]);
    const { message, ...rest } = await at.first();
    expect(rest).to.deep.include({ to, ref: { stream: 'mail', sequence: 1 }, deliveries: 1, tries: 0, sizeBytes: body.length });
    expect(message).to.deep.include({
      id: 'm-1',
      type: 'hello',
      body: { a: 1 },
      sender: 'task-gpu',
      from: { kind: 'throttle', key: 'p' },
      context: { user: 'ann' },
    });
    expect(Math.abs(message.storedAt - Date.now())).to.be.below(60_000);
    rest.ack();
    await until('it is acknowledged', async () => (await at.left('mail')) === 0);
  });

  it('believes nothing that mail says of its own sender, tries or timer', async () => {
    await using at = await setup();
    at.open();
    await at.mail(encodeMail({ id: 'm', type: 'x', body: null, ...forged }), 'task-gpu');
    const { message, tries } = await at.first();
    expect({ tries, sender: message.sender, timer: message.timer }).to.deep.equal({ tries: 0, sender: 'task-gpu', timer: undefined });
  });

  it('believes it of what a timer brings, which only hosts can send', async () => {
    await using at = await setup();
    at.open();
    await at.due(encodeMail({ id: 'm', type: 'x', body: null, timer: 't', tries: 2, sender: 'task-gpu' }));
    const { message, tries, ref } = await at.first();
    expect({ ref, tries, sender: message.sender, timer: message.timer }).to.deep.equal({
      ref: { stream: 'timers', sequence: 1 },
      tries: 2,
      sender: 'task-gpu',
      timer: 't',
    });
    await at.due(encodeMail({ id: 'n', type: 'x', body: null, timer: 't' }));
    await until('it is delivered', () => at.delivered[1]?.message.sender === 'timer');
  });

  const unreadable: [string, string, string, string][] = [
    ['that is no JSON', '{', 'entity', 'malformed'],
    ['without a type', encodeJson({ v: 1, id: 'm', body: null }), 'entity', 'malformed'],
    ['from a sender that there is not', encodeMail({ id: 'm', type: 'x', body: null }), 'host', 'malformed'],
  ];
  for (const [what, body, from, code] of unreadable) {
    it(`keeps mail ${what} with its reason, and goes on`, async () => {
      await using at = await setup();
      at.open();
      await at.mail(body, from);
      await at.mail(encodeMail({ id: 'good', type: 'x', body: null }));
      const good = await at.first();
      expect(good.message.id).to.equal('good');
      await until('only the good one is left', async () => (await at.left('mail')) === 1);
      expect(at.undecodable.map(([, reason]) => reason)).to.deep.equal([code]);
      const letters = await at.dead();
      expect(letters.map(({ subject }) => subject)).to.deep.equal([at.subjects.dead(['mail', 'undecodable'])]);
      expect(letters[0]!.body).to.include({ reason: code, body });
    });
  }

  it('leaves mail of a newer version where it is, for a receiver that reads it', async () => {
    await using at = await setup();
    at.open();
    const newer: Omit<Mail, 'v'> & { v: number } = { v: 2, id: 'm', type: 'x', body: null };
    await at.mail(encodeJson(newer));
    await until('it was looked at', () => at.undecodable.length === 1);
    expect(at.undecodable[0]![1]).to.equal('unsupported_version');
    await at.nc.flush();
    const { num_ack_pending: held } = await at.jsm.consumers.info(at.subjects.streams.mail, 'supervisor_0');
    expect({ held, left: await at.left('mail'), dead: await at.dead() }).to.deep.equal({ held: 1, left: 1, dead: [] });
  });

  it('ignores what it had received before a freeze: it comes again', async () => {
    await using at = await setup();
    await at.mail(encodeMail({ id: 'm', type: 'x', body: null }));
    at.open(1);
    await until('it came too late', () => at.checks() === 1);
    expect(at.delivered).to.deep.equal([]);
    const { deliveries } = await until('it comes again after its hold', () => at.delivered[0]);
    expect(deliveries).to.equal(2);
  });
});
