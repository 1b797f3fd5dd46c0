// needs TEST_NATS_URL
import { createClient, type Client, type ClientOptions } from '@troupe/client';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { createInstallation, endedRoot, type Installation, natsUrl, operationRoot, refusal } from './installation.ts';

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

const request = { executor: 'volume.create', resource: { kind: 'volume', id: '17' }, input: { size: 10 } };

describe('executing', () => {
  it('sends a command and gives its answer', async () => {
    await using all = await setup();
    const { at, client } = all;
    const door = await at.door((_, tell) => tell({ answer: 'accepted' }));
    const operation = await client.execute({ ...request, id: 'o-1', options: { force: true }, context: { user: 'ann', tenant: 't 7' } });
    expect(operation.id).to.equal('o-1');
    expect(operation.answer).to.deep.equal({ v: 1, operation: 'o-1', answer: 'accepted' });
    expect(door.commands).to.have.lengthOf(1);
    const { replyTo, createdAt, ...sent } = door.commands[0]!;
    expect(sent).to.deep.equal({
      v: 1,
      id: 'o-1',
      executor: 'volume.create',
      resource: { kind: 'volume', id: '17' },
      input: { size: 10 },
      options: { force: true },
    });
    expect(replyTo).to.match(/^_INBOX\./);
    expect(Math.abs(Date.parse(createdAt) - performance.timeOrigin - performance.now())).to.be.below(10_000);
    expect(door.headers[0]).to.deep.include(['Troupe-Context-user', ['ann']]);
    expect(door.headers[0]).to.deep.include(['Troupe-Context-tenant', ['t 7']]);
  });

  it('draws an id, another one each time', async () => {
    await using all = await setup();
    const { at, client } = all;
    await at.door((_, tell) => tell({ answer: 'accepted' }));
    const [a, b] = await Promise.all([client.execute(request), client.execute(request)]);
    expect(a.id)
      .to.match(/^[a-z2-7]{16}$/)
      .and.not.equal(b.id);
  });

  it('gives a rejection as an answer, with its field, and as the end', async () => {
    await using all = await setup();
    const { at, client } = all;
    const error = { code: 'invalid_input', message: 'size: too small', field: 'input.size' };
    await at.door((_, tell) => tell({ answer: 'rejected', error }));
    const operation = await client.execute(request);
    expect(operation.answer).to.deep.equal({ v: 1, operation: operation.id, answer: 'rejected', error });
    expect(await operation.ended()).to.deep.equal({ outcome: 'rejected', error });
  });

  it('tells a duplicate by its status', async () => {
    await using all = await setup();
    const { at, client } = all;
    await at.door((_, tell) => tell({ answer: 'duplicate', status: 'running' }));
    expect((await client.execute(request)).answer).to.include({ answer: 'duplicate', status: 'running' });
  });

  it('keeps answers of many operations apart', async () => {
    await using all = await setup();
    const { at, client } = all;
    await at.door((command, tell) => {
      tell({ answer: 'accepted' });
      tell({ answer: 'ended', outcome: 'succeeded', output: { of: command.id } });
    });
    const ids = Array.from({ length: 40 }, (_, i) => `o-${i}`);
    const ends = await Promise.all(ids.map(async (id) => (await client.execute({ ...request, id })).ended()));
    expect(ends).to.deep.equal(ids.map((id) => ({ outcome: 'succeeded', output: { of: id } })));
  });

  it('may be done over a connection of the caller, which stays open', async () => {
    await using at = await createInstallation();
    await at.door((_, tell) => tell({ answer: 'accepted' }));
    const client = createClient(at.nc, { ns: at.ns });
    await client.execute(request);
    await client.stop();
    expect(at.nc.isClosed()).to.equal(false);
  });

  it('refuses what the front door would refuse in any case, naming the field, and sends nothing', async () => {
    await using all = await setup();
    const { at, client } = all;
    const door = await at.door((_, tell) => tell({ answer: 'accepted' }));
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    const wrong: [object, string][] = [
      [{ id: '' }, 'id'],
      [{ id: 'x'.repeat(129) }, 'id'],
      [{ executor: '' }, 'executor'],
      [{ resources: [] }, 'resources'],
      [{ resource: { kind: 'a', id: '' } }, 'resource.id'],
      [{ options: { forse: true } }, 'options.forse'],
      [{ createdAt: 'yesterday' }, 'createdAt'],
      [{ input: circular }, 'input'],
      [{ input: 10n }, 'input'],
      [{ input: () => 1 }, 'input'],
    ];
    for (const [change, field] of wrong) {
      expect(await refusal(client.execute({ ...request, ...change })), field).to.include({ code: 'invalid_options', field });
    }
    await client.execute(request);
    expect(door.commands).to.have.lengthOf(1);
  });

  it('refuses what is over the payload of the server with size and limit', async () => {
    await using all = await setup();
    const { client } = all;
    const error = await refusal(client.execute({ ...request, input: 'x'.repeat(1_100_000) }));
    expect(error).to.include({ code: 'too_large', retryable: false });
    expect(error.data).to.include({ limitBytes: 1_048_576 });
  });

  it('refuses when COMMANDS is full: nothing was stored', async () => {
    await using all = await setup();
    const { at, client } = all;
    const { commands } = at.subjects.streams;
    for (let i = 0; i < 50; i++) at.nc.publish(`${at.ns}.command.filler`, '{}');
    await until('COMMANDS is full', async () => (await at.jsm.streams.info(commands)).state.messages === 50);
    expect(await refusal(client.execute(request))).to.include({ code: 'overloaded', retryable: true });
    expect((await at.jsm.streams.info(commands)).state.messages).to.equal(50);
  });
});

describe('an answer that does not come', () => {
  it('leaves the outcome unknown, and the same id can be sent again', async () => {
    await using all = await setup({ answerTimeout: '200ms' });
    const { at, client } = all;
    const error = await refusal(client.execute({ ...request, id: 'o-1' }));
    expect(error).to.include({ code: 'unanswered', retryable: true });
    expect(error.data).to.deep.equal({ id: 'o-1' });
    const door = await at.door((_, tell) => tell({ answer: 'accepted' }));
    await client.execute({ ...request, id: 'o-1' });
    expect(new Set(door.commands.map((command) => command.id))).to.deep.equal(new Set(['o-1']));
  });

  it('is found in the record when it was lost with its host', async () => {
    await using all = await setup({ answerTimeout: '600ms' });
    const { at, client } = all;
    const door = await at.door((command) => at.putRecord(command.id, operationRoot()));
    const operation = await client.execute(request);
    expect(operation.answer.answer).to.equal('accepted');
    expect(door.commands).to.have.lengthOf(1);
  });

  it('is found in the record when it was a rejection', async () => {
    await using all = await setup({ answerTimeout: '600ms' });
    const { at, client } = all;
    const error = { code: 'conflict', message: 'taken' };
    await at.door((command) => at.putRecord(command.id, endedRoot('rejected', { error })));
    const operation = await client.execute(request);
    expect(operation.answer).to.deep.equal({ v: 1, operation: operation.id, answer: 'rejected', error });
    expect(await operation.ended()).to.deep.equal({ outcome: 'rejected', error });
  });

  it('is asked for again once where there is no record', async () => {
    await using all = await setup({ answerTimeout: '600ms' });
    const { at, client } = all;
    const door = await at.door((_, tell) => {
      if (door.commands.length > 1) tell({ answer: 'duplicate', status: 'running' });
    });
    expect((await client.execute(request)).answer.answer).to.equal('duplicate');
    expect(door.commands).to.have.lengthOf(2);
    expect(door.commands[1]).to.deep.equal(door.commands[0]);
  });

  it('is not waited for by who has given up', async () => {
    await using all = await setup();
    const { client } = all;
    const signal = AbortSignal.abort(new Error('no more'));
    const waiting = new AbortController();
    const late = client.execute(request, { signal: waiting.signal });
    const early = await client.execute(request, { signal }).catch((error: unknown) => error);
    expect(early).to.equal(signal.reason);
    waiting.abort(new Error('enough'));
    expect(await late.catch((error: unknown) => error)).to.equal(waiting.signal.reason);
  });
});

describe('an answer that is none', () => {
  it('is passed over: whoever knows an inbox may write there', async () => {
    await using all = await setup();
    const { at, client } = all;
    await at.door((command, tell) => {
      for (const strange of ['', 'no JSON', '[]', '{"v":1}', JSON.stringify({ v: 1, operation: 'other', answer: 'accepted' })])
        at.nc.publish(command.replyTo!, strange);
      tell({ answer: 'duplicate', status: 'paused' });
    });
    expect((await client.execute(request)).answer.answer).to.equal('duplicate');
  });

  it('of a command sent again does not undo the first one', async () => {
    await using all = await setup();
    const { at, client } = all;
    await at.door((_, tell) => {
      tell({ answer: 'accepted' });
      tell({ answer: 'rejected', error: { code: 'unknown_executor', message: 'gone' } });
      tell({ answer: 'ended', outcome: 'succeeded' });
    });
    const operation = await client.execute(request);
    expect(await operation.ended()).to.deep.equal({ outcome: 'succeeded' });
  });
});
