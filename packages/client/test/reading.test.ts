// needs TEST_NATS_URL
import { jetstream } from '@nats-io/jetstream';
import { type Client, createClient } from '@troupe/client';
import { chain, createExecutor, operationBehaviour, step } from '@troupe/executor';
import { encodeJson } from '@troupe/protocol';
import { defineTask } from '@troupe/task';
import { expect } from 'chai';
import { createInstallation, endedRoot, type Installation, natsUrl, operationRoot, refusal } from './installation.ts';

async function setup(): Promise<{ at: Installation; client: Client } & AsyncDisposable> {
  const at = await createInstallation();
  const client = createClient(natsUrl(), { ns: at.ns });
  return {
    at,
    client,
    async [Symbol.asyncDispose]() {
      await client.stop();
      await at[Symbol.asyncDispose]();
    },
  };
}

describe('one operation', () => {
  it('is shown with outcome, output, error and times', async () => {
    await using all = await setup();
    await all.at.putRecord('o-1', endedRoot('failed', { error: { code: 'step_failed', message: 'no quota' }, failedStep: 'create' }));
    expect(await all.client.operation('o-1')).to.deep.include({
      id: 'o-1',
      executor: 'volume.create',
      status: 'ended',
      outcome: 'failed',
      error: { code: 'step_failed', message: 'no quota' },
      failedStep: 'create',
      steps: { done: 2, total: 2 },
      endedAt: 1_790_000_000_000,
    });
  });

  it('is undefined when there is none', async () => {
    await using all = await setup();
    expect(await all.client.operation('o-1')).to.equal(undefined);
  });

  it('may have an id of any characters', async () => {
    await using all = await setup();
    const id = 'a.b/c d*>😀';
    await all.at.putRecord(id, operationRoot());
    expect(await all.client.operation(id)).to.include({ id, status: 'running' });
  });

  it('is shown by its tombstone when its record has expired', async () => {
    await using all = await setup();
    const { at, client } = all;
    const body = { id: 'o-1', executor: 'volume.create', outcome: 'succeeded', endedAt: 5 };
    await jetstream(at.nc).publish(at.subjects.tombstone({ kind: 'operation', key: 'o-1' }), JSON.stringify(body));
    expect(await client.operation('o-1')).to.deep.include({
      status: 'ended',
      outcome: 'succeeded',
      executor: 'volume.create',
      endedAt: 5,
      isExpired: true,
    });
    expect((await client.explain('o-1')).summary).to.equal('expired: ended succeeded');
  });

  it('is shown in quarantine, with a record and without', async () => {
    await using all = await setup();
    const { at, client } = all;
    const q = { reason: 'internal: broken', at: 1_790_000_000_000, message: 'task.ended' };
    const put = (key: string, root: object): Promise<unknown> =>
      jetstream(at.nc).publish(
        at.subjects.state({ kind: 'operation', key }),
        encodeJson({ v: 1, w: 'n.1', fx: [], in: [], nx: {}, q, ...root }),
      );
    await put('o-1', { s: operationRoot() });
    await put('o-2', {});
    expect(await client.operation('o-1')).to.deep.include({ status: 'running', quarantine: q });
    expect(await client.operation('o-2')).to.deep.include({ id: 'o-2', quarantine: q });
    expect((await client.explain('o-1')).summary).to.match(/^in quarantine since 2026-.*: internal: broken; before that: running/);
    expect((await client.explain('o-2')).summary).to.contain('internal: broken');
    expect((await client.operations()).map((info) => info.quarantine?.reason)).to.deep.equal([q.reason, q.reason]);
  });

  it('is shown with its items: the log, and of items only those that count', async () => {
    await using all = await setup();
    const { at, client } = all;
    const of = { kind: 'operation', key: 'o-1' };
    const js = jetstream(at.nc);
    const entry = (n: number): object => ({ n, at: n, step: 'create', attempt: 1, error: { code: 'x', message: `error ${n}` } });
    const item = (nonce: string, n: number, name: string, body: unknown): Promise<unknown> =>
      js.publish(at.subjects.item(of, nonce, n), encodeJson({ item: name, body }));
    await item('aaa', 1, 'log/0', entry(0));
    await item('aaa', 2, 'log/1', entry(1));
    // written by a turn that was never committed
    await item('aaa', 3, 'log/2', entry(2));
    await item('zzz', 1, 'log/3', entry(3));
    await js.publish(at.subjects.state(of), encodeJson({ v: 1, w: 'aaa.1', s: operationRoot(), fx: [], in: [], nx: { aaa: 2 } }));
    expect((await client.operation('o-1'))!.log.map((one) => one.error.message)).to.deep.equal(['error 0', 'error 1']);
  });
});

describe('many operations', () => {
  it('are listed by their last change, newest first, up to a limit', async () => {
    await using all = await setup();
    const { at, client } = all;
    for (let i = 0; i < 7; i++) await at.putRecord(`o-${i}`, operationRoot());
    await at.putRecord('o-2', endedRoot('succeeded'));
    expect((await client.operations({ limit: 3 })).map(({ id }) => id)).to.deep.equal(['o-2', 'o-6', 'o-5']);
    expect((await client.operations()).map(({ id }) => id)).to.deep.equal(['o-2', 'o-6', 'o-5', 'o-4', 'o-3', 'o-1', 'o-0']);
  });

  it('are filtered by status, outcome, executor and resource', async () => {
    await using all = await setup();
    const { at, client } = all;
    const volume = { resources: [{ kind: 'volume', id: '17', family: 'update', state: 'UPDATING', epoch: 1, backendId: '' }] };
    await at.putRecord('o-1', operationRoot(volume));
    await at.putRecord('o-2', operationRoot({ head: { executor: 'vm.create' } }));
    await at.putRecord('o-3', endedRoot('failed'));
    await at.putRecord('o-4', endedRoot('succeeded'));
    const ids = async (filter: object): Promise<string[]> => (await client.operations(filter)).map(({ id }) => id).toSorted();
    expect(await ids({ status: 'running' })).to.deep.equal(['o-1', 'o-2']);
    expect(await ids({ status: ['running', 'ended'], executor: 'vm.create' })).to.deep.equal(['o-2']);
    expect(await ids({ outcome: 'failed' })).to.deep.equal(['o-3']);
    expect(await ids({ outcome: ['failed', 'succeeded'] })).to.deep.equal(['o-3', 'o-4']);
    expect(await ids({ resource: { kind: 'volume' } })).to.deep.equal(['o-1']);
    expect(await ids({ resource: { kind: 'volume', id: '18' } })).to.deep.equal([]);
  });

  it('are none in an empty installation', async () => {
    await using all = await setup();
    expect(await all.client.operations()).to.deep.equal([]);
  });

  it('of more than a page are all read, whatever items lie between them', async () => {
    await using all = await setup();
    const { at, client } = all;
    const js = jetstream(at.nc);
    const text = encodeJson({ v: 1, w: 'n.1', s: operationRoot(), fx: [], in: [], nx: { n: 1 } });
    const writes = [];
    for (let i = 0; i < 1_200; i++) {
      const of = { kind: 'operation', key: `o-${i}` };
      writes.push(js.publish(at.subjects.state(of), text), js.publish(at.subjects.item(of, 'n', 1), '{"item":"x","body":1}'));
      if (writes.length > 400) await Promise.all(writes.splice(0));
    }
    await Promise.all(writes);
    expect(new Set((await client.operations({ limit: 5_000 })).map(({ id }) => id)).size).to.equal(1_200);
    expect(await client.operations({ limit: 500 })).to.have.lengthOf(500);
  });

  it('stop being read when the signal says so', async () => {
    await using all = await setup();
    await all.at.putRecord('o-1', operationRoot());
    const signal = AbortSignal.abort(new Error('enough'));
    const error: unknown = await all.client.operations({ signal }).catch((thrown: unknown) => thrown);
    expect(error).to.equal(signal.reason);
  });
});

describe('explaining', () => {
  it('refuses an operation that nobody knows', async () => {
    await using all = await setup();
    expect(await refusal(all.client.explain('o-1'))).to.include({ code: 'unknown_operation', field: 'id' });
  });

  it('says what a running operation waits for, and what becomes of the operation that it waits for', async () => {
    await using all = await setup();
    const { at, client } = all;
    await at.putRecord('o-0', operationRoot({ progress: { done: 1, total: 4 } }));
    await at.putRecord('o-1', {
      ...operationRoot({ phase: 'accepting' }),
      resources: [{ kind: 'volume', id: '17', family: 'update', state: 'OK', epoch: 0, backendId: '' }],
      accepting: { index: 0, waitFor: { ref: { kind: 'volume', id: '17' }, operation: 'o-0', until: 9_000_000_000_000 } },
    });
    const { waits, summary } = await client.explain('o-1');
    expect(waits[0]!.sentence).to.equal('waits for volume 17, which operation o-0 owns: running, 1 of 4 steps');
    expect(summary).to.contain('queued').and.contain('which operation o-0 owns');
  });

  it('reads what the behaviour has stored, of a small plan and of one that fills items', async () => {
    await using all = await setup();
    const { at, client } = all;
    for (const [id, steps] of [
      ['small', 3],
      ['large', 600],
    ] as const) {
      const items = await store(at, id, steps);
      expect(items > 0, id).to.equal(id === 'large');
      const explanation = await client.explain(id);
      expect(explanation.view.steps, id).to.deep.equal({ done: 0, total: steps });
      expect(explanation.waits, id).to.have.lengthOf(1);
      expect(explanation.waits[0], id).to.include({ on: 'task', attempt: 1, name: 'step-0' });
      expect(explanation.summary, id).to.contain(`0 of ${steps} steps`).and.contain('step-0 is queued or running as task note');
      expect(
        (await client.operation(id))!.current.map((node) => node.name),
        id,
      ).to.deep.equal(['step-0']);
      // a list reads roots only
      expect(
        (await client.operations()).find((info) => info.id === id),
        id,
      ).to.deep.include({ status: 'running', steps: { done: 0, total: steps } });
    }
  });
});

/** The record of an operation after its first turn, written as a host writes it; how many items it has. */
async function store(at: Installation, id: string, steps: number): Promise<number> {
  const note = defineTask({ name: 'note', pool: 'p', idempotent: 'yes' });
  const plan = () => chain(...Array.from({ length: steps }, (_, i) => step(`step-${i}`, note, { text: 'x'.repeat(60) })));
  const executor = createExecutor({ name: 'notes', family: 'free', plan });
  const behaviour = operationBehaviour({ executors: [executor] });
  const self = { kind: 'operation', key: id };
  const state = behaviour.activate(id, undefined);
  let ids = 0;
  const context = { self, now: 1_790_000_000_000, newId: () => `t-${ids++}`, token: () => 'tttttttttttttttt', random: () => 0.5 };
  const command = { v: 1, id, executor: 'notes', createdAt: '2026-11-25T10:00:00Z', input: null };
  const message = { id: 'm', type: 'command', body: { command }, sender: 'entity', context: {}, storedAt: context.now } as const;
  const effects = behaviour.receive(state, message as never, context);
  const js = jetstream(at.nc);
  let n = 0;
  for (const effect of effects) {
    if (effect.type === 'putItem')
      await js.publish(at.subjects.item(self, 'nnn', ++n), encodeJson({ item: effect.item, body: effect.body }));
  }
  await js.publish(
    at.subjects.state(self),
    encodeJson({ v: 1, w: 'nnn.1', s: behaviour.root(state), fx: [], in: [], nx: n === 0 ? {} : { nnn: n } }),
  );
  return n;
}
