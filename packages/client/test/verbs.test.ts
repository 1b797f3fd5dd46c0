// needs TEST_NATS_URL
import { type Client, createClient } from '@troupe/client';
import { parseMail, type Subjects } from '@troupe/protocol';
import { startNatsServer } from '@troupe/test-infra';
import { expect } from 'chai';
import { createInstallation, endedRoot, type Installation, natsUrl, operationRoot, refusal } from './installation.ts';

async function setup(): Promise<{ at: Installation; client: Client; mail(): Promise<Stored[]> } & AsyncDisposable> {
  const at = await createInstallation();
  const client = createClient(natsUrl(), { ns: at.ns });
  return {
    at,
    client,
    mail: () => mailOf(at),
    async [Symbol.asyncDispose]() {
      await client.stop();
      await at[Symbol.asyncDispose]();
    },
  };
}

interface Stored {
  /** Whom it is for and who says it, whatever partition it lies in. */
  readonly mailbox: ReturnType<Subjects['parseMail']>;
  readonly type: string;
  readonly body: unknown;
  readonly id: string;
}

async function mailOf(at: Installation): Promise<Stored[]> {
  const { state } = await at.jsm.streams.info(at.subjects.streams.mail);
  const found: Stored[] = [];
  for (let seq = 1; seq <= state.last_seq; seq++) {
    const message = await at.jsm.streams.getMessage(at.subjects.streams.mail, { seq });
    if (message === null) continue;
    const { id, type, body } = parseMail(message.data);
    found.push({ mailbox: at.subjects.parseMail(message.subject), id, type, body });
  }
  return found;
}

describe('cancelling', () => {
  it('is mail to the operation, said by a verb, and kept with its reason', async () => {
    await using all = await setup();
    await all.at.putRecord('o-1', operationRoot());
    await all.client.cancel('o-1', { reason: 'not needed', by: 'ann' });
    const [mail, ...more] = await all.mail();
    expect(more).to.deep.equal([]);
    expect(mail).to.deep.include({
      mailbox: { to: { kind: 'operation', key: 'o-1' }, from: 'verb' },
      type: 'verb.cancel',
      body: { reason: 'not needed', by: 'ann' },
    });
  });

  it('of an operation that nobody knows is refused, and leaves no mail', async () => {
    await using all = await setup();
    expect(await refusal(all.client.cancel('o-1'))).to.include({ code: 'unknown_operation' });
    expect(await all.mail()).to.deep.equal([]);
  });

  it('of an operation that has ended is harmless', async () => {
    await using all = await setup();
    await all.at.putRecord('o-1', endedRoot('succeeded'));
    await all.client.cancel('o-1');
    expect(await all.mail()).to.have.lengthOf(1);
  });

  it('twice under one id is one wish', async () => {
    await using all = await setup();
    await all.at.putRecord('o-1', operationRoot());
    await all.at.putRecord('o-2', operationRoot());
    await all.client.cancel('o-1', { id: 'ticket-7' });
    await all.client.cancel('o-1', { id: 'ticket-7' });
    await all.client.cancel('o-2', { id: 'ticket-7' });
    await all.client.cancel('o-1');
    const mail = await all.mail();
    expect(mail.map(({ mailbox }) => mailbox?.to.key)).to.deep.equal(['o-1', 'o-2', 'o-1']);
    expect(mail[0]!.id).to.equal('verb.ticket-7');
  });

  it('is done also by a user who may not read', async () => {
    const config = `accounts { APP { jetstream: enabled, users: [ { user: admin, password: admin }
      { user: operator, password: operator, permissions: { publish: { allow: ["*.mail.*.*.verb"] }, subscribe: { allow: ["_INBOX_operator.>"] } } } ] } }`;
    await using server = await startNatsServer({ config });
    await using at = await createInstallation(server.url, { user: 'admin', pass: 'admin' });
    await using client = createClient(
      { servers: server.url, user: 'operator', pass: 'operator', inboxPrefix: '_INBOX_operator' },
      { ns: at.ns },
    );
    await client.cancel('o-1');
    await client.cancel('o-1');
    expect(await mailOf(at)).to.have.lengthOf(2);
    expect(await refusal(client.execute({ executor: 'x' }))).to.include({ code: 'not_permitted' });
  });

  it('that was not stored in time has an unknown outcome', async () => {
    await using server = await startNatsServer();
    await using at = await createInstallation(server.url);
    await using client = createClient({ servers: server.url, reconnectWaitMs: 20 }, { ns: at.ns, answerTimeout: '300ms' });
    await client.setLimit({ scope: 'p', kind: 'vm', limit: 1 });
    await server.kill();
    expect(await refusal(client.setLimit({ scope: 'p', kind: 'vm', limit: 2 }))).to.include({ code: 'unanswered', retryable: true });
    await server.restart();
    await at.connected();
  });
});

describe('setting a limit', () => {
  it('is mail to the throttle of the root of its scope', async () => {
    await using all = await setup();
    await all.client.setLimit({ scope: 'provider-1/tenant.7', kind: 'instance', limit: 4 }, { by: 'ann' });
    await all.client.setLimit({ scope: 'provider-1', kind: 'volume', limit: null });
    const to = { kind: 'throttle', key: 'provider-1' };
    const mail = await all.mail();
    expect(mail.map(({ mailbox }) => mailbox)).to.deep.equal([
      { to, from: 'verb' },
      { to, from: 'verb' },
    ]);
    expect(mail.map(({ type, body }) => [type, body])).to.deep.equal([
      ['setLimit', { scope: 'provider-1/tenant.7', kind: 'instance', limit: 4, by: 'ann' }],
      ['setLimit', { scope: 'provider-1', kind: 'volume', limit: null }],
    ]);
  });

  it('refuses what is no limit, naming the field', async () => {
    await using all = await setup();
    const good = { scope: 'p', kind: 'k', limit: 1 };
    for (const [change, field] of [
      [{ scope: '' }, 'scope'],
      [{ kind: '' }, 'kind'],
      [{ limit: -1 }, 'limit'],
      [{ limit: 1.5 }, 'limit'],
      [{ limit: Infinity }, 'limit'],
    ] as const) {
      expect(await refusal(all.client.setLimit({ ...good, ...change })), field).to.include({ code: 'invalid_options', field });
    }
    expect(await all.mail()).to.deep.equal([]);
  });
});

describe('releasing', () => {
  it('is a verb to the entity that is in quarantine', async () => {
    await using all = await setup();
    await all.client.release({ kind: 'throttle', key: 'p-1' }, { by: 'ann' });
    expect((await all.mail())[0]).to.deep.include({
      type: 'verb.release',
      body: { by: 'ann' },
      mailbox: { to: { kind: 'throttle', key: 'p-1' }, from: 'verb' },
    });
  });
});
