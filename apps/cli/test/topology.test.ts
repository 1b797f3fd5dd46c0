// needs TEST_NATS_URL
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { startNatsServer } from '@troupe/test-infra';
import { expect } from 'chai';
import { type } from './terminal.ts';

async function setup(config?: string) {
  const server = await startNatsServer(config === undefined ? {} : { config });
  return { server, env: { TROUPE_SERVERS: server.url }, [Symbol.asyncDispose]: () => server.stop() };
}

describe('troupe topology', () => {
  it('plans what is missing and changes nothing', async () => {
    await using at = await setup();
    const first = await type(['topology', 'plan'], at);
    expect(first).to.include({ code: 0, err: '' });
    expect(first.out).to.contain('create stream troupe_COMMANDS\n').and.contain('create consumer troupe_COMMANDS/door\n');
    expect(await type(['topology', 'plan'], at)).to.deep.equal(first);
  });

  it('applies it, once', async () => {
    await using at = await setup();
    const { code, out } = await type(['topology', 'apply', '--pools', 'notes, mail', '--partitions', '2'], at);
    expect(code).to.equal(0);
    expect(out)
      .to.contain('created stream troupe_TASKS\n')
      .and.contain('created consumer troupe_TASKS/regular_notes\n')
      .and.contain('created consumer troupe_TASKS/heavy_mail\n');
    expect(out).not.to.contain('regular_default');
    const again = await type(['topology', 'apply', '--pools', 'notes,mail', '--partitions', '2'], at);
    expect(again).to.deep.equal({ code: 0, out: 'streams and consumers are as they should be\n', err: '' });
  });

  it('takes the pools from an app', async () => {
    await using at = await setup();
    const { out } = await type(['topology', 'plan', '--app', './test/apps/notes.ts', '--json'], at);
    const steps = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { stream: string; consumer?: string });
    const tasks = steps.flatMap(({ stream, consumer }) => (stream === 'troupe_TASKS' && consumer !== undefined ? [consumer] : []));
    expect(tasks).to.have.members(['regular_notes', 'heavy_notes', 'background_notes']);
  });

  it('repairs what differs, and says what was different', async () => {
    await using at = await setup();
    await type(['topology', 'apply', '--partitions', '1'], at);
    const nc = await connect({ servers: at.server.url });
    await (await jetstreamManager(nc)).streams.update('troupe_COMMANDS', { max_msgs: 5 });
    await nc.close();
    const plan = await type(['topology', 'plan', '--partitions', '1'], at);
    expect(plan).to.deep.equal({ code: 0, out: 'update stream troupe_COMMANDS: max_msgs is 5, wanted 100000\n', err: '' });
    expect((await type(['topology', 'apply', '--partitions', '1'], at)).out).to.equal(
      'updated stream troupe_COMMANDS: max_msgs is 5, wanted 100000\n',
    );
    expect((await type(['topology', 'plan', '--partitions', '1'], at)).out).to.equal('streams and consumers are as they should be\n');
  });

  it('refuses what no update repairs, and changes nothing', async () => {
    await using at = await setup();
    await type(['topology', 'apply', '--partitions', '1'], at);
    const plan = await type(['topology', 'plan', '--partitions', '2'], at);
    expect(plan.code).to.equal(5);
    expect(plan.out).to.contain('mismatch: no update repairs stream troupe_MAIL: subject_transform is');
    const apply = await type(['topology', 'apply', '--partitions', '2'], at);
    expect(apply.code).to.equal(5);
    expect(apply.err).to.contain('topology_mismatch').and.contain('troupe_MAIL');
    expect((await type(['topology', 'plan', '--partitions', '1'], at)).out).to.equal('streams and consumers are as they should be\n');
  });

  it('names a foreign consumer that takes what is ours, and repairs the rest once it is gone', async () => {
    await using at = await setup();
    await type(['topology', 'apply', '--partitions', '1'], at);
    const nc = await connect({ servers: at.server.url });
    const jsm = await jetstreamManager(nc);
    await jsm.consumers.delete('troupe_COMMANDS', 'door');
    await jsm.consumers.add('troupe_COMMANDS', { durable_name: 'spy', ack_policy: 'explicit' });
    const plan = await type(['topology', 'plan', '--partitions', '1'], at);
    expect(plan.code).to.equal(5);
    expect(plan.out).to.equal(
      'create consumer troupe_COMMANDS/door\n' +
        'mismatch: no update repairs consumer troupe_COMMANDS/spy: filter_subject is ">", wanted "nothing of troupe.command.*"\n',
    );
    const apply = await type(['topology', 'apply', '--partitions', '1', '--json'], at);
    expect(apply.code).to.equal(5);
    expect(JSON.parse(apply.err)).to.have.nested.include({
      'error.code': 'topology_mismatch',
      'error.field': 'troupe_COMMANDS/spy.filter_subject',
    });
    await jsm.consumers.delete('troupe_COMMANDS', 'spy');
    await nc.close();
    expect((await type(['topology', 'apply', '--partitions', '1'], at)).out).to.equal('created consumer troupe_COMMANDS/door\n');
  });

  it('is refused to users without the right, and where there is no JetStream', async () => {
    await using at = await setup(
      `accounts { APP { jetstream: enabled, users: [ { user: a, password: a, permissions: { publish: { allow: ["x"] }, subscribe: { allow: ["_INBOX.>"] } } } ] } }`,
    );
    const { code, err } = await type(['topology', 'plan'], { env: { ...at.env, TROUPE_USER: 'a', TROUPE_PASSWORD: 'a' } });
    expect(code).to.equal(5);
    expect(err).to.equal('troupe: not_permitted: this user may not read or change streams\n');
    const server = await startNatsServer({ jetstream: false });
    try {
      const none = await type(['topology', 'plan', '--servers', server.url]);
      expect(none.code).to.equal(5);
      expect(none.err).to.contain('troupe: unavailable: the server does not do it');
    } finally {
      await server.stop();
    }
  });

  const wrong: [string[], string][] = [
    [['--app', './test/apps/notes.ts', '--pools', 'x'], 'pools: excludes app'],
    [['--pools', 'a,,b'], 'pools: a pool has a name'],
    [['--partitions', '0'], 'partitions: "0" is no whole number'],
    [['--replicas', '2'], 'replicas: must be 1, 3 or 5'],
    [['--storage', 'disk'], 'storage: must be file or memory'],
    [['--ns', 'A'], '(field ns)'],
  ];
  for (const [flags, text] of wrong) {
    it(`refuses ${flags.join(' ')}`, async () => {
      const { code, err } = await type(['topology', 'plan', ...flags]);
      expect(code).to.equal(2);
      expect(err).to.contain(text);
    });
  }
});
