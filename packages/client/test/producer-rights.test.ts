// needs TEST_NATS_URL
import { readFileSync } from 'node:fs';
import { createClient } from '@troupe/client';
import { startNatsServer, type TestNatsServer } from '@troupe/test-infra';
import { expect } from 'chai';
import { createInstallation, endedRoot, type Installation, operationRoot, refusal } from './installation.ts';

/** Users as an installation has them: the producer may publish commands and hear its own inbox. */
const users = `
accounts { APP { jetstream: enabled, users: [
  { user: admin, password: admin }
  { user: producer, password: producer, permissions: {
      publish: { allow: ["*.command.>"] }, subscribe: { allow: ["_INBOX_producer.>"] } } }
] } }`;
const producer = { user: 'producer', pass: 'producer', inboxPrefix: '_INBOX_producer' };
const request = { executor: 'volume.create', input: { size: 10 } };

async function setup(): Promise<{ server: TestNatsServer; at: Installation } & AsyncDisposable> {
  const server = await startNatsServer({ config: users });
  const at = await createInstallation(server.url, { user: 'admin', pass: 'admin' });
  return {
    server,
    at,
    async [Symbol.asyncDispose]() {
      await at[Symbol.asyncDispose]();
      await server.stop();
    },
  };
}

describe('a user who may only publish commands', () => {
  it('hears the answer and the end', async () => {
    await using all = await setup();
    await using client = createClient({ servers: all.server.url, ...producer }, { ns: all.at.ns });
    const door = await all.at.door((_, tell) => {
      tell({ answer: 'accepted' });
      tell({ answer: 'ended', outcome: 'succeeded', output: 'v-1' });
    });
    const operation = await client.execute(request);
    expect(operation.answer.answer).to.equal('accepted');
    expect(await operation.ended()).to.deep.equal({ outcome: 'succeeded', output: 'v-1' });
    expect(door.commands[0]!.replyTo).to.match(/^_INBOX_producer\./);
  });

  it('asks by the same command again for an end that was lost, and never has a second operation', async () => {
    await using all = await setup();
    await using client = createClient({ servers: all.server.url, ...producer }, { ns: all.at.ns, checkEvery: '50ms' });
    const door = await all.at.door((_, tell) => {
      if (door.commands.length === 1) tell({ answer: 'accepted' });
      else if (door.commands.length === 2) tell({ answer: 'duplicate', status: 'running' });
      else tell({ answer: 'duplicate', status: 'ended', outcome: 'failed', error: { code: 'step_failed', message: 'quota' } });
    });
    const operation = await client.execute(request);
    expect(await operation.ended()).to.deep.equal({ outcome: 'failed', error: { code: 'step_failed', message: 'quota' } });
    expect(door.commands.length).to.be.at.least(3);
    for (const command of door.commands) expect(command).to.deep.equal(door.commands[0]);
  });

  it('is never refused anything when it says that it may not read', async () => {
    await using all = await setup();
    await using client = createClient({ servers: all.server.url, ...producer }, { ns: all.at.ns, checkEvery: '50ms', mayRead: false });
    const door = await all.at.door((_, tell) => {
      if (door.commands.length < 3) tell({ answer: 'accepted' });
      else tell({ answer: 'duplicate', status: 'ended', outcome: 'succeeded' });
    });
    const operation = await client.execute(request);
    expect(await operation.ended()).to.deep.equal({ outcome: 'succeeded' });
    expect(readFileSync(all.server.logFile, 'utf8')).not.to.match(/violation/i);
  });

  it('asks for an answer that was lost', async () => {
    await using all = await setup();
    await using client = createClient({ servers: all.server.url, ...producer }, { ns: all.at.ns, answerTimeout: '1s' });
    const door = await all.at.door((_, tell) => {
      if (door.commands.length > 1) tell({ answer: 'duplicate', status: 'running' });
    });
    expect((await client.execute(request)).answer.answer).to.equal('duplicate');
  });

  it('is refused everything else, at once and by name', async () => {
    await using all = await setup();
    await using client = createClient({ servers: all.server.url, ...producer }, { ns: all.at.ns, answerTimeout: '2s' });
    await all.at.putRecord('o-1', endedRoot('succeeded'));
    const refused: [string, () => Promise<unknown>][] = [
      ['operation', () => client.operation('o-1')],
      ['operations', () => client.operations()],
      ['explain', () => client.explain('o-1')],
      ['follow', () => client.follow('o-1').ended()],
      ['deadLetters', () => client.deadLetters()],
      ['cancel', () => client.cancel('o-1')],
      ['setLimit', () => client.setLimit({ scope: 'p-1', kind: 'vm', limit: 0 })],
    ];
    for (const [name, call] of refused) expect(await refusal(call()), name).to.include({ code: 'not_permitted', retryable: false });
    const feed = await client.watch();
    expect(await refusal(feed[Symbol.asyncIterator]().next())).to.include({ code: 'not_permitted' });
  });

  it('cannot have the answers to others by naming their subject', async () => {
    await using all = await setup();
    await using client = createClient({ servers: all.server.url, ...producer, inboxPrefix: '_INBOX_other' }, { ns: all.at.ns });
    expect(await refusal(client.execute(request))).to.include({ code: 'not_permitted' });
    expect(client.state).to.equal('stopped');
  });

  it('is refused a namespace that is not its own', async () => {
    await using server = await startNatsServer({ config: users.replace('*.command.>', 'mine.command.>') });
    await using at = await createInstallation(server.url, { user: 'admin', pass: 'admin' });
    await using client = createClient({ servers: server.url, ...producer }, { ns: at.ns });
    expect(await refusal(client.execute(request))).to.include({ code: 'not_permitted' });
  });
});

describe('a user who may read as well', () => {
  it('reads instead of asking again', async () => {
    await using all = await setup();
    await using client = createClient({ servers: all.server.url, user: 'admin', pass: 'admin' }, { ns: all.at.ns, checkEvery: '30ms' });
    const door = await all.at.door((_, tell) => tell({ answer: 'accepted' }));
    const operation = await client.execute(request);
    await all.at.putRecord(operation.id, operationRoot());
    const end = operation.ended();
    await all.at.putRecord(operation.id, endedRoot('succeeded'));
    expect(await end).to.deep.equal({ outcome: 'succeeded' });
    expect(door.commands).to.have.lengthOf(1);
  });
});
