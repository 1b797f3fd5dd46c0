// needs TEST_NATS_URL
import { type Client, type ClientOptions, createClient } from '@troupe/client';
import { startNatsServer, until } from '@troupe/test-infra';
import { jetstream } from '@nats-io/jetstream';
import { expect } from 'chai';
import { createInstallation, endedRoot, type Installation, natsUrl, operationRoot, refusal } from './installation.ts';

const request = { executor: 'volume.create', input: { size: 10 } };

async function setup(options: ClientOptions = {}): Promise<{ at: Installation; client: Client } & AsyncDisposable> {
  const at = await createInstallation();
  const client = createClient(natsUrl(), { ns: at.ns, answerTimeout: '2s', ...options });
  return {
    at,
    client,
    async [Symbol.asyncDispose]() {
      await client.stop();
      await at[Symbol.asyncDispose]();
    },
  };
}

const accepted = (at: Installation) => at.door((_, tell) => tell({ answer: 'accepted' }));

describe('the end of an operation', () => {
  it('is told with its output', async () => {
    await using all = await setup();
    const { at, client } = all;
    const door = await accepted(at);
    const operation = await client.execute(request);
    const end = operation.ended();
    const answer = { v: 1, operation: operation.id, answer: 'ended', outcome: 'succeeded', output: { volume: 'v-1' } };
    at.nc.publish(door.commands[0]!.replyTo!, JSON.stringify(answer));
    expect(await end).to.deep.equal({ outcome: 'succeeded', output: { volume: 'v-1' } });
    expect(await operation.ended()).to.deep.equal({ outcome: 'succeeded', output: { volume: 'v-1' } });
  });

  it('is heard before anybody asks for it', async () => {
    await using all = await setup();
    const { at, client } = all;
    const error = { code: 'step_failed', message: 'no quota' };
    await at.door((_, tell) => {
      tell({ answer: 'accepted' });
      tell({ answer: 'ended', outcome: 'failed', error });
    });
    const operation = await client.execute(request);
    await at.nc.flush();
    expect(await operation.ended()).to.deep.equal({ outcome: 'failed', error });
  });

  it('may come before the first answer', async () => {
    await using all = await setup();
    const { at, client } = all;
    await at.door((_, tell) => tell({ answer: 'ended', outcome: 'succeeded' }));
    const operation = await client.execute(request);
    expect(operation.answer.answer).to.equal('accepted');
    expect(await operation.ended()).to.deep.equal({ outcome: 'succeeded' });
  });

  it('comes with a duplicate of an operation that has ended', async () => {
    await using all = await setup();
    const { at, client } = all;
    await at.door((_, tell) => tell({ answer: 'duplicate', status: 'ended', outcome: 'succeeded', output: 7 }));
    const operation = await client.execute(request);
    expect(await operation.ended()).to.deep.equal({ outcome: 'succeeded', output: 7 });
  });

  it('is found in the record when nobody was left to tell it', async () => {
    await using all = await setup({ checkEvery: '50ms' });
    const { at, client } = all;
    await accepted(at);
    const operation = await client.execute(request);
    await at.putRecord(operation.id, operationRoot());
    const end = operation.ended();
    await at.putRecord(operation.id, endedRoot('succeeded', { output: 'o' }));
    expect(await end).to.deep.equal({ outcome: 'succeeded', output: 'o' });
  });

  it('is told to all who ask, each with a signal of its own', async () => {
    await using all = await setup();
    const { at, client } = all;
    const door = await accepted(at);
    const operation = await client.execute(request);
    const impatient = new AbortController();
    const ends = [operation.ended(), operation.ended({ signal: impatient.signal }), operation.ended()];
    const gone = ends[1]!.catch((error: unknown) => error);
    impatient.abort(new Error('too long'));
    expect(await gone).to.equal(impatient.signal.reason);
    at.nc.publish(door.commands[0]!.replyTo!, JSON.stringify({ v: 1, operation: operation.id, answer: 'ended', outcome: 'cancelled' }));
    expect(await Promise.all([ends[0], ends[2]])).to.deep.equal([{ outcome: 'cancelled' }, { outcome: 'cancelled' }]);
  });

  it('is not waited for by a client that was stopped', async () => {
    await using all = await setup();
    await accepted(all.at);
    const operation = await all.client.execute(request);
    const end = refusal(operation.ended());
    await all.client.stop();
    expect(await end).to.include({ code: 'unavailable' });
    expect(await refusal(operation.ended())).to.include({ code: 'unavailable' });
  });

  it('is looked up when too many others came after it and it is not listened for any more', async () => {
    await using all = await setup({ maxFollowed: 3, checkEvery: '1m' });
    const { at, client } = all;
    await accepted(at);
    const operations = [];
    for (let i = 0; i < 10; i++) operations.push(await client.execute(request));
    await at.putRecord(operations[0]!.id, endedRoot('succeeded'));
    expect(await operations[0]!.ended()).to.deep.equal({ outcome: 'succeeded' });
  });
});

describe('an outage', () => {
  it('loses the telling, not the end', async () => {
    await using server = await startNatsServer();
    await using at = await createInstallation(server.url);
    await using client = createClient({ servers: server.url, reconnectWaitMs: 20 }, { ns: at.ns, checkEvery: '10m' });
    await at.door((_, tell) => tell({ answer: 'accepted' }));
    const operation = await client.execute(request);
    const end = operation.ended();
    await server.kill();
    await server.restart();
    await at.connected();
    await at.putRecord(operation.id, endedRoot('succeeded', { output: 1 }));
    expect(await end).to.deep.equal({ outcome: 'succeeded', output: 1 });
  });

  it('does not end the listening', async () => {
    await using server = await startNatsServer();
    await using at = await createInstallation(server.url);
    await using client = createClient({ servers: server.url, reconnectWaitMs: 20 }, { ns: at.ns, checkEvery: '10m' });
    const door = await at.door((_, tell) => tell({ answer: 'accepted' }));
    const operation = await client.execute(request);
    await at.putRecord(operation.id, operationRoot());
    const end = operation.ended();
    await server.restart();
    const answer = JSON.stringify({ v: 1, operation: operation.id, answer: 'ended', outcome: 'succeeded' });
    let ended = false;
    void end.then(() => (ended = true));
    await until('the end is heard', () => {
      at.nc.publish(door.commands[0]!.replyTo!, answer);
      return ended;
    });
    expect(await end).to.deep.equal({ outcome: 'succeeded' });
  });

  it('before the command left makes it late, or the outcome unknown, never silent', async () => {
    await using server = await startNatsServer();
    await using at = await createInstallation(server.url);
    await using client = createClient({ servers: server.url, reconnectWaitMs: 20 }, { ns: at.ns, answerTimeout: '500ms' });
    await client.start();
    await server.kill();
    const error = await refusal(client.execute({ ...request, id: 'o-1' }));
    expect(error).to.include({ code: 'unanswered', retryable: true });
    await server.restart();
    await at.connected();
    await at.door((_, tell) => tell({ answer: 'accepted' }));
    await until('it is answered', () => client.execute({ ...request, id: 'o-1' }).catch(() => undefined));
  });
});

describe('following an operation that somebody else asked for', () => {
  it('ends with what is told', async () => {
    await using all = await setup({ checkEvery: '10m' });
    const { at, client } = all;
    await at.putRecord('o-1', operationRoot());
    const operation = client.follow('o-1');
    const end = operation.ended();
    let ended = false;
    void end.then(() => (ended = true));
    const answer = JSON.stringify({ v: 1, operation: 'o-1', answer: 'ended', outcome: 'failed', error: { code: 'x', message: 'm' } });
    await until('the end is heard', () => {
      at.nc.publish(at.subjects.answer('o-1'), answer);
      return ended;
    });
    expect(await end).to.deep.equal({ outcome: 'failed', error: { code: 'x', message: 'm' } });
  });

  it('ends at once when it has ended before', async () => {
    await using all = await setup({ checkEvery: '10m' });
    await all.at.putRecord('o-1', endedRoot('succeeded', { output: [1] }));
    expect(await all.client.follow('o-1').ended()).to.deep.equal({ outcome: 'succeeded', output: [1] });
  });

  it('knows the outcome when only the tombstone is left', async () => {
    await using all = await setup();
    const { at, client } = all;
    await jetstream(at.nc).publish(
      at.subjects.tombstone({ kind: 'operation', key: 'o-1' }),
      JSON.stringify({ id: 'o-1', executor: 'x', outcome: 'cancelled' }),
    );
    expect(await client.follow('o-1').ended()).to.deep.equal({ outcome: 'cancelled' });
  });

  it('tells when there is none', async () => {
    await using all = await setup();
    expect(await refusal(all.client.follow('o-1').ended())).to.include({ code: 'unknown_operation', field: 'id' });
  });

  it('takes a record that comes a moment late: a replica may lag', async () => {
    await using all = await setup();
    const end = all.client.follow('o-1').ended();
    await all.at.putRecord('o-1', endedRoot('succeeded'));
    expect(await end).to.deep.equal({ outcome: 'succeeded' });
  });

  it('leaves no subscription behind', async () => {
    await using all = await setup();
    const { at, client } = all;
    await at.putRecord('o-1', endedRoot('succeeded'));
    await client.follow('o-1').ended();
    await until('nobody listens', async () => {
      const answer: unknown = await at.nc.request(at.subjects.answer('o-1'), '', { timeout: 100 }).catch((error: unknown) => error);
      return /no responders/i.test(String(answer));
    });
  });
});
