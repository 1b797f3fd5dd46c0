// needs TEST_NATS_URL
import { createDeadLetters, createPuller, type PulledMessage } from '@troupe/jetstream/internal';
import { parseDeadLetter } from '@troupe/protocol';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { createInstallation } from './support/installation.ts';

const NOW = 1_795_600_000_000;
const error = { code: 'malformed', message: 'it is broken', field: 'x' };

async function setup() {
  const at = await createInstallation();
  const { nc, publisher, subjects } = at;
  const received: PulledMessage[] = [];
  const puller = createPuller({
    nc,
    stream: subjects.streams.commands,
    durable: 'door',
    demand: () => 10,
    expiresMs: 1_000,
    onMessage: (message) => received.push(message),
  });
  puller.start();
  return {
    ...at,
    received,
    letters: createDeadLetters({ publisher, subjects, serverNow: () => NOW }),
    /** A message as a host has it in hand. */
    async receive(body: string | Uint8Array, headers: [string, string][] = []): Promise<PulledMessage> {
      const before = received.length;
      await publisher.publish(subjects.command('x'), body, { headers });
      return until('it has come', () => received[before]);
    },
    dead: () => at.stored(subjects.streams.dead),
    async [Symbol.asyncDispose]() {
      await puller.stop();
      await at[Symbol.asyncDispose]();
    },
  };
}

describe('a dead letter', () => {
  it('has all that is needed to understand it and to send it again', async () => {
    await using at = await setup();
    const message = await at.receive('{"half', [['Troupe-Context-user', 'ann']]);
    await at.letters.bury(message, ['command', 'a.b'], error);
    const [letter] = await at.dead();
    expect(letter!.subject).to.equal(at.subjects.dead(['command', 'a.b']));
    const parsed = parseDeadLetter(Buffer.from(JSON.stringify(letter!.body)));
    expect(parsed).to.deep.equal({
      v: 1,
      reason: 'malformed',
      error,
      attempts: 1,
      subject: at.subjects.command('x'),
      headers: { 'Troupe-Context-user': 'ann' },
      body: '{"half',
      at: NOW,
    });
  });

  it('keeps bytes that are no text', async () => {
    await using at = await setup();
    const bytes = new Uint8Array([0xff, 0x00, 0xc3, 0x28]);
    await at.letters.bury(await at.receive(bytes), ['command', 'x'], error);
    const { body, encoding } = (await at.dead())[0]!.body as { body: string; encoding: string };
    expect({ encoding, bytes: [...Buffer.from(body, 'base64')] }).to.deep.equal({ encoding: 'base64', bytes: [...bytes] });
  });

  it('counts the deliveries of its message', async () => {
    await using at = await setup();
    (await at.receive('x')).nak(10);
    const again = await until('it has come again', () => at.received[1]);
    await at.letters.bury(again, ['command', 'x'], error);
    expect((await at.dead())[0]!.body).to.include({ attempts: 2 });
  });

  it('is one letter, however often a message is buried', async () => {
    await using at = await setup();
    const message = await at.receive('x');
    for (let i = 0; i < 3; i++) await at.letters.bury(message, ['command', 'x'], error);
    await at.letters.bury(await at.receive('x'), ['command', 'x'], error);
    expect(await at.dead()).to.have.lengthOf(2);
  });
});
