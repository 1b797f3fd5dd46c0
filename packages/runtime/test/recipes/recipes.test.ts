import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createExecutor, createPull, step } from '@troupe/executor';
import { Fatal, withPatch } from '@troupe/task';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { act, play, Thing } from '../conformance/app.ts';
import { createStage } from '../support/stage.ts';
import { type Marketplace, sell, startFollower } from './follower.ts';
import { startWebhooks } from './webhooks.ts';

const text = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const plan = (name: string) => (): ReturnType<typeof step> => step(name, act, {}, { retry: { attempts: 1 } });
const executors = [
  ...(['create', 'update', 'delete'] as const).map((name) => createExecutor({ name, family: name, resource: Thing, plan: plan(name) })),
  createPull({ name: 'pull', resource: Thing, broken: [], look: plan('look') }),
];

function setup() {
  let found: () => unknown = () => null;
  const { appOf } = play({
    executors,
    hands: {
      create: () => withPatch(null, { backendId: 'b' }),
      update: () => found(),
      delete: () => found(),
      look: () => found(),
    },
  });
  const fails = (code: string) => () => {
    throw new Fatal(`it says ${code}`, { code });
  };
  return {
    stage: createStage(appOf),
    say: (code?: string) => void (found = code === undefined ? () => null : fails(code)),
  };
}

/** On TEST_NATS_URL. */
describe('recipes', function () {
  this.timeout(60_000);

  for (const [page, program] of [
    ['follow-resources', 'follower.ts'],
    ['webhooks', 'webhooks.ts'],
  ] as const) {
    it(`${page} shows the program that is tested here, word for word`, () => {
      expect(text(`../../../../docs/recipes/${page}.md`)).to.contain(text(program));
    });
  }

  it('S103 C15 a follower keeps a marketplace in step with a real life: created, failed, recovered, not deleted, missing', async () => {
    const { stage: starting, say } = setup();
    await using stage = await starting;
    const market: Marketplace = { parents: new Map(), orders: new Map(), unknown: [] };
    await using _follower = await startFollower(stage.client, market);
    sell(market, 'thing', 't');
    const ref = await stage.insert('thing', 't');
    const becomes = async (executor: string, state: string, order?: string): Promise<void> => {
      const end = await stage.run(executor, ref);
      await until(`after ${executor} the parent is ${state}`, () => market.parents.get('thing/t')?.state === state);
      await until(`the order of ${executor}`, () => market.orders.get(end.info.id)?.state === order);
    };
    await becomes('create', 'ok', 'done');
    await becomes('update', 'ok', 'done');
    say('no_room');
    await becomes('update', 'erred', 'erred');
    expect(market.parents.get('thing/t')?.error?.code).to.equal('no_room');
    say();
    await becomes('pull', 'ok');
    expect(market.parents.get('thing/t')?.error).to.equal(null);
    // the order has failed, and the customer has it again
    say('busy');
    await becomes('delete', 'ok', 'erred');
    say();
    await becomes('pull', 'ok');
    say('missing_on_backend');
    await becomes('pull', 'terminated');
    expect(market.unknown).to.deep.equal([]);
  });

  it('S102 webhooks are sent again until they are taken, under one key, and each end once that is taken', async () => {
    const { stage: starting } = setup();
    await using stage = await starting;
    const taken: { key: string; operation: string }[] = [];
    let calls = 0;
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (piece) => (body += String(piece)));
      request.on('end', () => {
        // it is away at first
        if (calls++ === 0) return response.writeHead(503).end();
        taken.push({ key: String(request.headers['idempotency-key']), operation: (JSON.parse(body) as { operation: string }).operation });
        return response.writeHead(204).end();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      await using _hooks = await startWebhooks(stage.client, `http://127.0.0.1:${(server.address() as AddressInfo).port}`, () => undefined);
      const ref = await stage.insert('thing', 't');
      const ids = [(await stage.run('create', ref)).info.id, (await stage.run('update', ref)).info.id];
      await until('both ends are taken', () => taken.length === 2);
      expect(taken.map(({ operation }) => operation).toSorted()).to.deep.equal(ids.toSorted());
      expect(new Set(taken.map(({ key }) => key)).size).to.equal(2);
      expect(calls).to.equal(3);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
