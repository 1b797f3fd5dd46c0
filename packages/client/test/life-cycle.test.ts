// needs TEST_NATS_URL
import { createClient } from '@troupe/client';
import { startNatsServer } from '@troupe/test-infra';
import { stressService } from '@troupe/testing';
import { expect } from 'chai';
import { createInstallation, natsUrl, refusal } from './installation.ts';

describe('the life of a client', () => {
  it('begins with its first use, once', async () => {
    await using at = await createInstallation();
    await using client = createClient(natsUrl(), { ns: at.ns });
    expect(client.state).to.equal('idle');
    await Promise.all([client.operations(), client.operations(), client.start()]);
    expect(client.state).to.equal('running');
  });

  it('may be ended twice, before it began, and while it begins', async () => {
    const idle = createClient(natsUrl());
    await Promise.all([idle.stop(), idle.stop()]);
    expect(idle.state).to.equal('stopped');
    const starting = createClient(natsUrl());
    const start = starting.start();
    await starting.stop();
    await start;
    expect(starting.state).to.equal('stopped');
  });

  it('is over after its end: everything is refused', async () => {
    const client = createClient(natsUrl());
    await client.start();
    await client.stop();
    for (const call of [
      () => client.execute({ executor: 'x' }),
      () => client.operations(),
      () => client.watch(),
      () => client.follow('o-1').ended(),
      () => client.cancel('o-1'),
    ]) {
      expect(await refusal(call())).to.include({ code: 'unavailable', message: 'the client was stopped' });
    }
  });

  it('does not begin where no server answers, and says which was asked', async () => {
    const client = createClient({ servers: 'nats://secret:word@127.0.0.1:1' });
    const error = await refusal(client.operations());
    expect(error).to.include({ code: 'unavailable', retryable: true });
    expect(error.message).to.contain('127.0.0.1:1').and.not.contain('word');
    expect(client.state).to.equal('stopped');
  });

  it('does not begin with credentials that are refused', async () => {
    await using server = await startNatsServer({ config: 'authorization { users: [ { user: a, password: a } ] }' });
    const client = createClient({ servers: server.url, user: 'a', pass: 'wrong' });
    expect(await refusal(client.start())).to.include({ code: 'not_permitted' });
  });

  it('refuses options that have no legal value, naming them, before it connects', () => {
    const wrong = [
      { ns: 'A' },
      { answerTimeout: '1' },
      { answerTimeout: '0s' },
      { checkEvery: '1ms' },
      { maxFollowed: -1 },
      { maxFollowed: 0.5 },
    ];
    for (const options of wrong) {
      const [field] = Object.keys(options);
      expect(() => createClient(natsUrl(), options as never), field)
        .to.throw()
        .that.includes({ code: 'invalid_options', field });
    }
  });
});

stressService(async () => ({ service: createClient(natsUrl()) }), {
  name: 'a client with its own connection',
  makeFailing: async () => ({ service: createClient('nats://127.0.0.1:1') }),
});

describe('sending for years without asking for an end', () => {
  it('keeps a bounded number of operations in mind, those that were sent last', async () => {
    await using at = await createInstallation();
    const door = await at.door((_, tell) => tell({ answer: 'accepted' }));
    await using client = createClient(natsUrl(), { ns: at.ns, maxFollowed: 5, checkEvery: '10m' });
    const operations = [];
    for (let i = 0; i < 30; i++) operations.push(await client.execute({ executor: 'x' }));
    for (const { id, replyTo } of door.commands)
      at.nc.publish(replyTo!, JSON.stringify({ v: 1, operation: id, answer: 'ended', outcome: 'succeeded' }));
    await at.nc.flush();
    const heard = await Promise.all(operations.slice(-5).map((operation) => operation.ended()));
    expect(heard).to.deep.equal(Array.from({ length: 5 }, () => ({ outcome: 'succeeded' })));
    // not heard: looked up, and there is no record
    expect(await refusal(operations.at(-6)!.ended())).to.include({ code: 'unknown_operation' });
  });
});
