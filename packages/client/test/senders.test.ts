// needs TEST_NATS_URL
import { createClient } from '@troupe/client';
import type { Json } from '@troupe/protocol';
import { startNatsCluster, until } from '@troupe/test-infra';
import { expect } from 'chai';
import fc from 'fast-check';
import { createInstallation, endedRoot, natsUrl, operationRoot } from './installation.ts';

const request = { executor: 'volume.create', input: { size: 10 } };

describe('a sender that dies', () => {
  it('after it has sent learns the end by sending again under its id', async () => {
    await using at = await createInstallation();
    const door = await at.door((_, tell) => {
      if (door.commands.length === 1) tell({ answer: 'accepted' });
      else tell({ answer: 'duplicate', status: 'running' });
    });
    const first = createClient(natsUrl(), { ns: at.ns });
    await first.execute({ ...request, id: 'order-7' });
    await first.stop();
    await at.putRecord('order-7', operationRoot());
    // the operation tells its end to the inbox of the first one, where nobody listens any more
    await using second = createClient(natsUrl(), { ns: at.ns, checkEvery: '30ms' });
    const again = await second.execute({ ...request, id: 'order-7' });
    expect(again.answer).to.include({ answer: 'duplicate', status: 'running' });
    const end = again.ended();
    at.nc.publish(door.commands[0]!.replyTo!, JSON.stringify({ v: 1, operation: 'order-7', answer: 'ended', outcome: 'succeeded' }));
    await at.putRecord('order-7', endedRoot('succeeded', { output: 7 }));
    expect(await end).to.deep.equal({ outcome: 'succeeded', output: 7 });
  });

  it('has an inbox of its own: two clients of one connection do not hear each other', async () => {
    await using at = await createInstallation();
    const door = await at.door((_, tell) => tell({ answer: 'accepted' }));
    await using a = createClient(at.nc, { ns: at.ns });
    await using b = createClient(at.nc, { ns: at.ns });
    await a.execute({ ...request, id: 'o-1' });
    await b.execute({ ...request, id: 'o-1' });
    const [one, two] = door.commands.map(({ replyTo }) => replyTo);
    expect(one).to.not.equal(two);
    expect(one!.split('.').slice(0, 2)).to.not.deep.equal(two!.split('.').slice(0, 2));
  });
});

describe('what is sent', () => {
  it('arrives as it was given, whatever JSON it is', async () => {
    await using at = await createInstallation();
    const door = await at.door((_, tell) => tell({ answer: 'accepted' }));
    await using client = createClient(natsUrl(), { ns: at.ns });
    const id = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }).filter((text) => [...text].length <= 128);
    await fc.assert(
      fc.asyncProperty(id, id, fc.jsonValue(), async (executor, resource, input) => {
        const operation = await client.execute({ executor, resource: { kind: resource, id: resource }, input });
        const command = door.commands.find((one) => one.id === operation.id)!;
        const arrived = { executor: command.executor, resource: command.resource, input: command.input };
        expect(arrived).to.deep.equal({
          executor,
          resource: { kind: resource, id: resource },
          input: JSON.parse(JSON.stringify(input)) as Json,
        });
      }),
      { numRuns: 60 },
    );
  });

  it('is shown under any id', async () => {
    await using at = await createInstallation();
    await using client = createClient(natsUrl(), { ns: at.ns });
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }), async (id) => {
        await at.putRecord(id, operationRoot());
        expect(await client.operation(id)).to.include({ id, status: 'running' });
        expect((await client.operations({ limit: 1 }))[0]).to.include({ id });
        expect((await client.explain(id)).view).to.include({ id });
      }),
      { numRuns: 40 },
    );
  });

  it('keeps the time at which it was wished for, when it is given', async () => {
    await using at = await createInstallation();
    const door = await at.door((_, tell) => tell({ answer: 'accepted' }));
    await using client = createClient(natsUrl(), { ns: at.ns });
    await client.execute({ ...request, createdAt: '2026-11-20T10:00:00+02:00' });
    expect(door.commands[0]!.createdAt).to.equal('2026-11-20T10:00:00+02:00');
  });

  it('leaves out context that no header may hold, and is sent all the same', async () => {
    await using at = await createInstallation();
    const door = await at.door((_, tell) => tell({ answer: 'accepted' }));
    await using client = createClient(natsUrl(), { ns: at.ns });
    await client.execute({ ...request, context: { user: 'ann', Tenant: 'x', note: 'line\r\nNats-Msg-Id: forged' } });
    const names = door.headers[0]!.map(([name]) => name);
    expect(names).to.include('Troupe-Context-user').and.not.include('Troupe-Context-Tenant').and.not.include('Troupe-Context-note');
    expect(door.headers[0]!.find(([name]) => name === 'Nats-Msg-Id')![1].join()).to.not.contain('forged');
  });
});

describe('a cluster that loses a node', () => {
  it('costs a client that was attached to it a reconnect, and no end', async () => {
    await using cluster = await startNatsCluster();
    const [first, ...others] = cluster.servers;
    await using at = await createInstallation(others.map(({ url }) => url).join(','), {}, 'cluster', { replicas: 3 });
    await at.door((_, tell) => tell({ answer: 'accepted' }));
    await using client = createClient(
      { servers: first!.url, reconnectWaitMs: 50 },
      { ns: at.ns, checkEvery: '500ms', answerTimeout: '20s' },
    );
    const operation = await client.execute(request);
    await at.putRecord(operation.id, operationRoot());
    const end = operation.ended();
    await first!.kill();
    await until(
      'the record can be written',
      () =>
        at.putRecord(operation.id, endedRoot('succeeded', { output: 3 })).then(
          () => true,
          () => false,
        ),
      20_000,
      200,
    );
    expect(await end).to.deep.equal({ outcome: 'succeeded', output: 3 });
    expect((await client.execute(request)).answer.answer).to.equal('accepted');
  }).timeout(60_000);
});
