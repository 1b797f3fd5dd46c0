import { createClient } from '@troupe/client';
import { applyTopology, connectNats } from '@troupe/jetstream';
import { createSubjects } from '@troupe/protocol';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { type } from './terminal.ts';
import { startWithUsers } from './users.ts';

async function setup() {
  const users = await startWithUsers('accounts');
  const admin = await connectNats(users.as('admin'));
  await applyTopology(admin, { subjects: createSubjects(), pools: ['notes'], partitions: 1, maxLogBytes: 16_777_216 });
  await admin.close();
  const env = (user: string) => ({
    env: { TROUPE_SERVERS: users.server.url, TROUPE_USER: user, TROUPE_PASSWORD: 'secret', TROUPE_INBOX_PREFIX: `_INBOX.${user}` },
  });
  return { ...users, env, [Symbol.asyncDispose]: () => users[Symbol.asyncDispose]() };
}

describe('troupe subscription', () => {
  it('prepares a place for a user who may not, and gives it up', async () => {
    await using at = await setup();
    await using subscriber = createClient(at.as('subscriber'));
    const options = { name: 'subscriber', topics: [['operation', 'x'], ['resource']] } as const;
    let refusal: unknown;
    await subscriber.subscribe(options, () => undefined).catch((error: unknown) => (refusal = error));
    expect(refusal).to.include({ code: 'not_permitted' });

    const flags = ['--topic', 'operation/x', '--topic', 'resource', '--from', 'new'];
    expect(await type(['subscription', 'prepare', 'subscriber', ...flags], at.env('admin'))).to.deep.equal({
      code: 0,
      out: 'prepared subscriber\n',
      err: '',
    });
    const root = await connectNats(at.as('root'));
    const heard: string[] = [];
    await using _feed = await subscriber.subscribe(options, ({ topic }) => heard.push(topic.join('.')));
    for (const topic of ['operation.y', 'resource.volume', 'operation.x'])
      root.publish(`troupe.event.${topic}`, JSON.stringify({ v: 1, id: topic, topic: topic.split('.'), at: 0, body: null }));
    await until('what was asked for is handed out', () => heard.length === 2);
    expect(heard).to.have.members(['resource.volume', 'operation.x']);
    await root.close();
    expect(await type(['subscription', 'remove', 'subscriber', '--json'], at.env('subscriber'))).to.deep.equal({
      code: 0,
      out: '{"subscription":"subscriber","done":"removed"}\n',
      err: '',
    });
    // once more does no harm
    expect((await type(['subscription', 'remove', 'subscriber'], at.env('subscriber'))).code).to.equal(0);
  });

  const wrong: [string[], string][] = [
    [['prepare', 'a b'], '(field name)'],
    [['prepare', 'a', '--from', 'now'], 'from: "now" is none of new, oldest'],
    [['prepare', 'a', '--in-order', '--concurrency', '2'], '(field concurrency)'],
    [['remove', ''], '(field name)'],
  ];
  for (const [flags, text] of wrong) {
    it(`refuses ${flags.join(' ')}`, async () => {
      const { code, err } = await type(['subscription', ...flags], { env: { TROUPE_SERVERS: 'nats://127.0.0.1:1' } });
      expect({ code, err }).to.deep.equal({ code: 2, err });
      expect(err).to.contain(text);
    });
  }
});
