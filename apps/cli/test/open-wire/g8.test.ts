/**
 * G8: the state of an id is never ambiguous. Operations are held in every state on a real installation; then the client,
 * the command line, and Python by the wire alone, are asked what each of them does.
 */
import { createInbox } from '@nats-io/nats-core';
import { connect } from '@nats-io/transport-node';
import { createClient } from '@troupe/client';
import { until as untilWithin } from '@troupe/test-infra';
import { expect } from 'chai';
import { exitCodes } from '@troupe/cli';
import { type } from '../terminal.ts';
import { installOpenWire, needsPython, type OpenWire } from './installation.ts';
import { tapWire } from './wire-tap.ts';

const until = <T>(what: string, condition: () => T | Promise<T>) => untilWithin(what, condition, 20_000);

interface Expected {
  readonly client: string;
  readonly show: string;
  readonly explain: RegExp;
  readonly wire: string;
}

const expected: Readonly<Record<string, Expected>> = {
  unknown: { client: 'unknown', show: 'unknown', explain: /unknown_operation/, wire: 'unknown' },
  accepting: { client: 'accepting', show: 'accepting', explain: /^accepting, .*takes book slow/, wire: 'accepting' },
  queued: {
    client: 'queued',
    show: 'queued',
    explain: /^queued, .*waits for book 1, which operation reading owns: waiting, 0 of/,
    wire: 'queued reading',
  },
  reading: { client: 'waiting signal', show: 'waiting for a signal', explain: /^waiting, .*for the signal read/, wire: 'waiting signal' },
  throttled: {
    client: 'waiting lease',
    show: 'waiting for a throttle',
    explain: /^waiting, .*for 1 vm of cloud.*holder/,
    wire: 'waiting lease',
  },
  nap: { client: 'waiting timer', show: 'waiting for a timer', explain: /^waiting, .*pauses for another/, wire: 'waiting timer' },
  running: { client: 'running', show: 'running', explain: /^running, .*as task hold since .*attempt 1 of/, wire: 'running' },
  retrying: {
    client: 'retrying',
    show: 'retrying',
    explain: /^retrying, .*tries again after attempt 1 of \d+ failed: not yet/,
    wire: 'retrying',
  },
  paused: { client: 'paused', show: 'paused', explain: /^paused since .* by ann/, wire: 'paused' },
  ended: { client: 'ended succeeded', show: 'succeeded', explain: /^ended succeeded/, wire: 'ended succeeded' },
  expired: {
    client: 'expired succeeded',
    show: 'succeeded, its record has expired',
    explain: /^expired: ended succeeded/,
    wire: 'expired succeeded',
  },
};

async function everyState() {
  const at = await installOpenWire();
  const client = createClient(at.users.as('operator'), { checkEvery: '200ms' });
  const { wrong, stop, seen } = tapWire(at.nc);
  const order = (id: string, executor: string, more: object = {}) => client.execute({ id, executor, ...more });
  const book = (id: string) => ({ resource: { kind: 'book', id } });
  await Promise.all([at.putBook('1'), at.putBook('slow')]);
  // a store that stands still answers no command either
  const accepting = order('accepting', 'book.read', book('slow')).catch(() => undefined);
  await order('reading', 'book.read', book('1'));
  await order('queued', 'book.read', { ...book('1'), options: { onConflict: 'queue' } });
  await order('holder', 'narrow');
  await until('the holder has its token', async () => (await client.operation('holder'))?.waitsOn === 'signal');
  await Promise.all([
    order('throttled', 'narrow'),
    order('nap', 'nap'),
    order('running', 'work'),
    order('retrying', 'flaky'),
    order('paused', 'approval'),
  ]);
  await client.pause('paused', { by: 'ann' });
  for (const id of ['ended', 'expired']) await (await order(id, 'note.write', { input: { text: 'x' } })).ended();
  await until('its tombstone is there', async () => (await at.python('reader', 'state.py', 'expired')).out.startsWith('ended'));
  await at.expire('expired');
  return {
    at,
    client,
    wrong,
    seen,
    async [Symbol.asyncDispose]() {
      stop();
      at.openStore();
      await accepting;
      await client.stop();
      await at[Symbol.asyncDispose]();
    },
  };
}

describe('G8 the state of an id is never ambiguous', () => {
  before(needsPython);

  it('unknown, queued, accepting, waiting for what, running, retrying, paused, ended and expired are distinct answers of client, command line and wire', async () => {
    await using all = await everyState();
    const { at, client } = all;
    const askClient = async (id: string): Promise<string> => {
      const info = await client.operation(id);
      return info === undefined ? 'unknown' : [info.state, info.waitsOn ?? info.outcome].filter((word) => word !== undefined).join(' ');
    };
    const show = async (id: string): Promise<string> => {
      const { code, out, err } = await type(['show', id], { env: at.env('reader') });
      if (code === exitCodes.refused) return err.includes('unknown_operation') ? 'unknown' : err;
      return /^state +(.*?) *$/m.exec(out)![1]!;
    };
    const explain = async (id: string): Promise<string> => {
      const { out, err } = await type(['explain', id], { env: at.env('reader') });
      return out === '' ? err : out;
    };
    for (const [id, is] of Object.entries(expected)) {
      // each of them settles at its own pace, and then stays
      await until(`${id} is ${is.client}`, async () => (await askClient(id)) === is.client).catch(async (error: unknown) => {
        throw new Error(`${id} is ${await askClient(id)}`, { cause: error });
      });
      expect(await show(id), id).to.equal(is.show);
      expect(await explain(id), id).to.match(is.explain);
      expect((await at.python('reader', 'state.py', id)).out, id).to.equal(`${is.wire}\n`);
    }
    for (const of of ['client', 'show', 'explain', 'wire'] as const) {
      const answers = Object.values(expected).map((one) => String(one[of]));
      expect(new Set(answers).size, of).to.equal(answers.length);
    }
    expect(all.wrong).to.deep.equal([]);
    expect(at.users.violations()).to.deep.equal([]);
  }).timeout(90_000);

  it('the same command again tells a producer, who may read nothing, how it stands', async () => {
    await using all = await everyState();
    await using producer = await startProducer(all.at);
    const again = producer.firstAnswer;
    const book = { resource: { kind: 'book', id: '1' } };
    expect(await again('reading', 'book.read', book)).to.equal('duplicate running');
    expect(await again('queued', 'book.read', { ...book, options: { onConflict: 'queue' } })).to.equal('queued');
    expect(await again('paused', 'approval', {})).to.equal('duplicate paused');
    expect(await again('ended', 'note.write', { input: { text: 'x' } })).to.equal('duplicate ended');
    expect(await again('ended', 'note.write', { input: { text: 'y' } })).to.equal('rejected id_reused');
  }).timeout(60_000);
});

/** A connection of a producer that is not our client. */
async function startProducer(at: OpenWire) {
  const nc = await connect(at.users.as('producer') as never);
  return {
    async firstAnswer(this: void, id: string, executor: string, more: object): Promise<string> {
      const replyTo = createInbox('_INBOX.producer');
      const answers = nc.subscribe(replyTo, { max: 1 });
      const command = { v: 1, id, executor, createdAt: new Date().toISOString(), replyTo, ...more };
      nc.publish(at.subjects.command(executor), JSON.stringify(command));
      for await (const message of answers) {
        const answer = message.json<{ answer: string; status?: string; error?: { code: string } }>();
        return `${answer.answer} ${answer.status ?? answer.error?.code ?? ''}`.trim();
      }
      return 'closed';
    },
    [Symbol.asyncDispose]: () => nc.close(),
  };
}
