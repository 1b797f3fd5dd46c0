// needs TEST_NATS_URL
import { encodeMail } from '@troupe/jetstream/internal';
import { step } from '@troupe/executor';
import { seizeWrite } from '@troupe/resource';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { act, onThing, startOperations } from './kit.ts';

const queue = { onConflict: 'queue' } as const;

/** One that has a resource until `open`, and two that queue behind it, of which the first is quarantined. */
async function setup() {
  const all = await startOperations({ executors: [onThing('work', step('s', act, {}))] });
  let open: () => void = () => undefined;
  const opened = new Promise<null>((resolve) => void (open = () => resolve(null)));
  all.does((_, context) => (context.operation === 'a' ? opened : null));
  await all.startAll();
  const resource = await all.thing('t');
  await all.client.execute({ executor: 'work', id: 'a', resource });
  await all.called('s');
  for (const id of ['b', 'c']) {
    await all.client.execute({ executor: 'work', id, resource, options: queue });
    await all.seen(id, 'it stands in its place', ({ state }) => state === 'queued');
  }
  const { publisher, subjects } = all.runtime;
  // what no host of it can fold: a defect, for which a mail without a body stands here
  await publisher.publish(
    subjects.mail({ kind: 'operation', key: 'b' }, 'entity'),
    encodeMail({ id: 'poison', type: 'operation.over', body: null }),
  );
  await all.seen('b', 'it is quarantined', ({ state }) => state === 'quarantined');
  return { ...all, resource, open, [Symbol.asyncDispose]: () => all[Symbol.asyncDispose]() };
}

describe('an operation that queues for a resource and is quarantined', () => {
  it('does not keep those behind it waiting: what is promised to it goes to the next, and it lives again after its release', async () => {
    await using at = await setup();
    at.open();
    expect(await at.end('a')).to.include({ outcome: 'succeeded' });
    expect(await at.end('c')).to.include({ outcome: 'succeeded' });
    await until('the resource is free', async () => (await at.store.get(at.resource))?.currentOperation === null);
    expect((await at.store.get(at.resource))?.fence.promised).to.equal(undefined);
    expect((await at.client.operation('b'))?.state).to.equal('quarantined');
    await at.client.execute({ executor: 'work', id: 'd', resource: at.resource });
    expect(await at.end('d')).to.include({ outcome: 'succeeded' });
    await at.client.release({ kind: 'operation', key: 'b' });
    await at.client.cancel('b');
    expect(await at.end('b')).to.include({ outcome: 'cancelled' });
  }).timeout(30_000);

  it('is named by explain while somebody stands behind it, and gives way also if it was promised before it was quarantined', async () => {
    await using at = await setup();
    at.open();
    expect(await at.end('c')).to.include({ outcome: 'succeeded' });
    await until('the resource is free', async () => (await at.store.get(at.resource))?.currentOperation === null);
    const taken = await at.store.write(seizeWrite(at.resource, 'x'), { turn: 1e9, effect: 'seized' });
    const promise = { operation: 'x', epoch: taken.record!.epoch, set: { state: 'OK' }, finish: true, promise: 'b' } as const;
    await at.store.write({ op: 'change', ref: at.resource, ...promise }, { turn: 1e9, effect: 'promised' });
    const { answer } = await at.client.execute({ executor: 'work', id: 'd', resource: at.resource, options: queue });
    expect(answer).to.include({ answer: 'queued', behind: 'b' });
    const { summary } = await at.client.explain('d');
    expect(summary).to.include('operation b').and.to.include('in quarantine since');
    await until('it is promised to whoever asked', async () => (await at.store.get(at.resource))?.fence.promised === 'd');
  }).timeout(60_000);
});
