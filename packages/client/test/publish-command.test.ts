// needs TEST_NATS_URL
import { connect as connectNew } from '@nats-io/transport-node';
import { publishCommand, type RequestConnection } from '@troupe/client';
import { type Answer, parseAnswer } from '@troupe/protocol';
import { startNatsServer } from '@troupe/test-infra';
import { expect } from 'chai';
import { connect as connectOld, createInbox } from 'nats';
import { createInstallation, natsUrl, refusal } from './installation.ts';

interface Options {
  servers: string;
  user?: string;
  pass?: string;
  reconnect?: boolean;
}
type Connected = RequestConnection & {
  close(): Promise<void>;
  subscribe(subject: string, options: { callback: (error: unknown, message: { data: Uint8Array }) => void }): unknown;
};

const clients: Readonly<Record<string, (options: Options) => Promise<Connected>>> = {
  'the nats 2.x package': connectOld as never,
  '@nats-io/transport-node': connectNew as never,
};
const request = { executor: 'volume.create', resource: { kind: 'volume', id: '17' }, input: { size: 10 } };

async function closing<T>(connection: Connected, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } finally {
    await connection.close();
  }
}

for (const [name, connect] of Object.entries(clients)) {
  describe(`publishing a command through a connection of ${name}`, () => {
    it('stores it, and its answers come to the inbox that it names', async () => {
      await using at = await createInstallation();
      const door = await at.door((command, tell) => {
        tell({ answer: 'accepted' });
        tell({ answer: 'ended', outcome: 'succeeded', output: command.input ?? null });
      });
      const nc = await connect({ servers: natsUrl() });
      await closing(nc, async () => {
        const replyTo = createInbox();
        const answers: Answer[] = [];
        const both = new Promise<void>((resolve) => {
          nc.subscribe(replyTo, { callback: (_, message) => void (answers.push(parseAnswer(message.data)) === 2 && resolve()) });
        });
        const published = await publishCommand(nc, { ...request, id: 'o-1', context: { user: 'ann' } }, { ns: at.ns, replyTo });
        expect(published).to.deep.equal({ id: 'o-1', sequence: 1 });
        await both;
        expect(answers.map(({ answer }) => answer)).to.deep.equal(['accepted', 'ended']);
      });
      const { createdAt, ...sent } = door.commands[0]!;
      expect(createdAt).to.match(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      expect(sent).to.deep.include({ v: 1, id: 'o-1', ...request });
      expect(door.headers[0]).to.deep.include(['Troupe-Context-user', ['ann']]);
    });

    it('draws an id and needs neither context nor inbox', async () => {
      await using at = await createInstallation();
      const door = await at.door(() => undefined);
      const nc = await connect({ servers: natsUrl() });
      const published = await closing(nc, () => publishCommand(nc, { executor: 'x' }, { ns: at.ns }));
      expect(published.id).to.match(/^[a-z2-7]{16}$/);
      // the same place twice would be the same message
      expect((await at.jsm.streams.info(at.subjects.streams.commands)).state.last_seq).to.equal(published.sequence);
      expect(door.headers.flat()).to.deep.equal([]);
    });

    it('refuses a wrong request before it is sent, naming the field', async () => {
      await using at = await createInstallation();
      const nc = await connect({ servers: natsUrl() });
      await closing(nc, async () => {
        expect(await refusal(publishCommand(nc, { ...request, id: '' }, { ns: at.ns }))).to.include({
          code: 'invalid_options',
          field: 'id',
        });
        expect(await refusal(publishCommand(nc, request, { ns: at.ns, replyTo: 'x.y' }))).to.include({
          code: 'invalid_options',
          field: 'replyTo',
        });
        expect(await refusal(publishCommand(nc, request, { ns: 'A B' }))).to.include({ code: 'invalid_options', field: 'ns' });
        expect(await refusal(publishCommand(nc, request, { ns: at.ns, timeout: '5 s' as never }))).to.include({
          code: 'invalid_options',
          field: 'timeout',
        });
      });
      expect((await at.jsm.streams.info(at.subjects.streams.commands)).state.messages).to.equal(0);
    });

    it('tells what is too large, with its size', async () => {
      await using at = await createInstallation();
      const nc = await connect({ servers: natsUrl() });
      const error = await closing(nc, () => refusal(publishCommand(nc, { ...request, input: 'x'.repeat(1_100_000) }, { ns: at.ns })));
      expect(error).to.include({ code: 'too_large', retryable: false });
      expect((error.data as { sizeBytes: number }).sizeBytes).to.be.above(1_100_000);
    });

    it('tells that COMMANDS is full: nothing was stored', async () => {
      await using at = await createInstallation();
      for (let i = 0; i < 50; i++) await at.nc.request(`${at.ns}.command.x`, '{}');
      const nc = await connect({ servers: natsUrl() });
      const error = await closing(nc, () => refusal(publishCommand(nc, request, { ns: at.ns })));
      expect(error).to.include({ code: 'overloaded', retryable: true });
    });

    it('tells that no stream takes it, and that the connection is closed', async () => {
      const nc = await connect({ servers: natsUrl() });
      expect(await refusal(publishCommand(nc, request, { ns: 'nobody' }))).to.include({ code: 'unavailable', retryable: true });
      await nc.close();
      expect(await refusal(publishCommand(nc, request, { ns: 'nobody' }))).to.include({ code: 'unavailable' });
    });

    it('tells that its user may not', async () => {
      const config = `accounts { APP { jetstream: enabled, users: [
        { user: other, password: other, permissions: { publish: { allow: ["x.>"] }, subscribe: { allow: ["_INBOX.>"] } } } ] } }`;
      await using server = await startNatsServer({ config });
      const nc = await connect({ servers: server.url, user: 'other', pass: 'other' });
      const error = await closing(nc, () => refusal(publishCommand(nc, request)));
      expect(error).to.include({ code: 'not_permitted', retryable: false });
    });

    it('leaves the outcome unknown when the server falls silent, and the same id is harmless', async () => {
      await using server = await startNatsServer();
      await using at = await createInstallation(server.url);
      const nc = await connect({ servers: server.url });
      await closing(nc, async () => {
        server.freeze();
        await at.still();
        const error = await refusal(publishCommand(nc, { ...request, id: 'o-1' }, { ns: at.ns, timeout: '200ms' }));
        expect(error).to.include({ code: 'unanswered', retryable: true });
        expect(error.data).to.deep.equal({ id: 'o-1' });
        server.thaw();
        expect((await publishCommand(nc, { ...request, id: 'o-1' }, { ns: at.ns })).id).to.equal('o-1');
      });
    });
  });
}
