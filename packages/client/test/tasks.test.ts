// needs TEST_NATS_URL
import { jetstream } from '@nats-io/jetstream';
import { type Client, createClient } from '@troupe/client';
import { parseTask, type TaskMessage, type TaskResult } from '@troupe/protocol';
import { startNatsServer, until } from '@troupe/test-infra';
import { defineTask } from '@troupe/task';
import { expect } from 'chai';
import { z } from 'zod';
import { createInstallation, type Installation, natsUrl, refusal } from './installation.ts';

const options = {
  name: 'report.send',
  class: 'background',
  pool: 'mail',
  idempotent: 'token',
  input: z.object({ to: z.string(), pages: z.array(z.object({ n: z.number().int() })).default([]) }),
} as const;
const sendReport = defineTask(options);

async function setup(
  options: object = {},
): Promise<{ at: Installation; client: Client; sent(): Promise<TaskMessage[]> } & AsyncDisposable> {
  const at = await createInstallation();
  const client = createClient(natsUrl(), { ns: at.ns, ...options });
  return {
    at,
    client,
    async sent() {
      const { state } = await at.jsm.streams.info(at.subjects.streams.tasks);
      const found: TaskMessage[] = [];
      for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq++) {
        const message = await at.jsm.streams.getMessage(at.subjects.streams.tasks, { seq });
        if (message !== null) found.push(parseTask(message.data));
      }
      return found;
    },
    async [Symbol.asyncDispose]() {
      await client.stop();
      await at[Symbol.asyncDispose]();
    },
  };
}

async function putResult(
  at: Installation,
  id: string,
  outcome: TaskResult['outcome'] = { kind: 'succeeded', output: 7 },
): Promise<TaskResult> {
  const result: TaskResult = { v: 1, id, task: 'report.send', attempt: 1, outcome, endedAt: 1 };
  await jetstream(at.nc).publish(at.subjects.result(id), JSON.stringify(result));
  return result;
}

describe('a task sent alone', () => {
  it('lies on the queue of its class and pool, as its contract says', async () => {
    await using all = await setup();
    const { at, client } = all;
    const handle = await client.sendTask(sendReport, { to: 'ann' }, { id: 't-1', keepResult: '2h', context: { user: 'ann' } });
    expect(handle.id).to.equal('t-1');
    const message = await at.jsm.streams.getMessage(at.subjects.streams.tasks, { seq: 1 });
    expect(message!.subject).to.equal(at.subjects.task('background', 'mail', 'report.send'));
    expect(message!.header.get('Troupe-Context-user')).to.equal('ann');
    const [task] = await all.sent();
    // the worker applies what the schema adds
    expect(task).to.deep.include({
      id: 't-1',
      task: 'report.send',
      input: { to: 'ann' },
      attempt: 1,
      attempts: 5,
      idempotencyToken: 't-1',
      timeLimitMs: 60_000,
      resultTtlMs: 7_200_000,
    });
    expect(task).not.to.have.property('replyTo');
    expect(Math.abs(task!.orderedAt - message!.time.getTime())).to.be.below(60_000);
  });

  it('is tried once when it may not be repeated', async () => {
    await using all = await setup();
    await all.client.sendTask(defineTask({ ...options, idempotent: 'no', timeLimit: '5ms' }), { to: 'ann' });
    await all.client.sendTask(defineTask({ ...options, retry: { attempts: 9 } }), { to: 'ann' });
    expect((await all.sent()).map(({ attempts, timeLimitMs }) => [attempts, timeLimitMs])).to.deep.equal([
      [1, 5],
      [9, 60_000],
    ]);
  });

  it('with an input that does not fit is refused with its place, and not sent', async () => {
    await using all = await setup();
    const wrong = { to: 'ann', pages: [{ n: 1 }, { n: 1.5 }] };
    expect(await refusal(all.client.sendTask(sendReport, wrong))).to.include({ code: 'invalid_input', field: 'input.pages.1.n' });
    expect(await refusal(all.client.sendTask(sendReport, null as never))).to.include({ code: 'invalid_input', field: 'input' });
    expect(await refusal(all.client.sendTask(defineTask({ name: 'any', idempotent: 'yes' }), 10n))).to.include({
      code: 'invalid_options',
      field: 'input',
    });
    expect(await all.sent()).to.deep.equal([]);
  });

  it('twice under one id is one task', async () => {
    await using all = await setup();
    for (let i = 0; i < 2; i++) await all.client.sendTask(sendReport, { to: 'ann' }, { id: 't-1' });
    expect(await all.sent()).to.have.lengthOf(1);
  });

  it('needs its own right', async () => {
    const config = `accounts { APP { jetstream: enabled, users: [ { user: admin, password: admin }
      { user: producer, password: producer, permissions: { publish: { allow: ["*.command.>"] }, subscribe: { allow: ["_INBOX_producer.>"] } } } ] } }`;
    await using server = await startNatsServer({ config });
    await using at = await createInstallation(server.url, { user: 'admin', pass: 'admin' });
    await using client = createClient(
      { servers: server.url, user: 'producer', pass: 'producer', inboxPrefix: '_INBOX_producer' },
      { ns: at.ns },
    );
    expect(await refusal(client.sendTask(sendReport, { to: 'ann' }))).to.include({ code: 'not_permitted' });
    expect(await refusal(client.followTask('t-1').ended())).to.include({ code: 'not_permitted' });
    expect(await refusal(client.result('t-1'))).to.include({ code: 'not_permitted' });
  });
});

describe('the result of a task sent alone', () => {
  it('is told when it is stored', async () => {
    await using all = await setup({ checkEvery: '10m' });
    const handle = await all.client.sendTask(sendReport, { to: 'ann' });
    const end = handle.ended();
    let ended = false;
    void end.then(() => (ended = true));
    const error = { code: 'fatal', message: 'no such address' };
    await until('it is heard', async () => {
      await putResult(all.at, handle.id, { kind: 'failed', error });
      return ended;
    });
    expect(await end).to.deep.include({ id: handle.id, outcome: { kind: 'failed', error } });
  });

  it('is read when it was there before', async () => {
    await using all = await setup({ checkEvery: '10m' });
    const result = await putResult(all.at, 't-1');
    expect(await all.client.followTask('t-1').ended()).to.deep.equal(result);
    expect(await all.client.result('t-1')).to.deep.equal(result);
    expect(await all.client.result('t-2')).to.equal(undefined);
  });

  it('is found by a user who may read it and not listen', async () => {
    const config = `accounts { APP { jetstream: enabled, users: [ { user: admin, password: admin }
      { user: reader, password: reader, permissions: { publish: { allow: ["$JS.API.DIRECT.GET.>"] }, subscribe: { allow: ["_INBOX_reader.>"] } } } ] } }`;
    await using server = await startNatsServer({ config });
    await using at = await createInstallation(server.url, { user: 'admin', pass: 'admin' });
    await using client = createClient(
      { servers: server.url, user: 'reader', pass: 'reader', inboxPrefix: '_INBOX_reader' },
      { ns: at.ns, checkEvery: '20ms' },
    );
    expect(await client.result('t-1')).to.equal(undefined);
    const end = client.followTask('t-1').ended();
    const result = await putResult(at, 't-1');
    expect(await end).to.deep.equal(result);
  });

  it('is not waited for by who has given up, nor by a stopped client', async () => {
    await using all = await setup();
    const given = new AbortController();
    const up = all.client
      .followTask('t-1')
      .ended({ signal: given.signal })
      .catch((error: unknown) => error);
    const on = refusal(all.client.followTask('t-1').ended());
    given.abort(new Error('enough'));
    expect(await up).to.equal(given.signal.reason);
    await all.client.stop();
    expect(await on).to.include({ code: 'unavailable' });
  });
});
