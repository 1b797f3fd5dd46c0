import { rightsRoles } from '@troupe/jetstream';
import { connect } from '@nats-io/transport-node';
import { startNatsServer } from '@troupe/test-infra';
import { expect } from 'chai';
import { type } from './terminal.ts';

interface Printed {
  readonly role: string;
  readonly user: string;
  readonly inboxPrefix: string;
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

async function printed(...flags: string[]): Promise<Printed[]> {
  const { code, out, err } = await type(['permissions', '--json', ...flags]);
  expect({ code, err }).to.deep.equal({ code: 0, err: '' });
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Printed);
}

describe('troupe permissions', () => {
  it('prints the rights of a role', async () => {
    expect(await printed('--role', 'producer', '--ns', 'mine')).to.deep.equal([
      { role: 'producer', user: 'producer', inboxPrefix: '_INBOX.producer', publish: ['mine.command.*'], subscribe: ['_INBOX.producer.>'] },
    ]);
  });

  it('prints one user per role, and of workers one per pool', async () => {
    const users = await printed('--pools', 'notes,mail');
    expect(users.map(({ user }) => user)).to.deep.equal(
      rightsRoles.flatMap((role) => (role === 'worker' || role === 'sender' ? [`${role}-notes`, `${role}-mail`] : [role])),
    );
    const worker = users.find(({ user }) => user === 'worker-mail')!;
    expect(worker.publish.filter((subject) => subject.includes('notes'))).to.deep.equal([]);
    expect(worker.subscribe).to.deep.equal(['_INBOX.worker-mail.>', 'troupe.signal.mail']);
  });

  it('takes the pools from an app, and gives a worker the classes that it serves', async () => {
    const [worker] = await printed('--role', 'worker', '--app', './test/apps/notes.ts', '--classes', 'heavy');
    const pulls = worker!.publish.filter((subject) => subject.includes('MSG.NEXT'));
    expect(pulls).to.deep.equal(['$JS.API.CONSUMER.MSG.NEXT.troupe_TASKS.heavy_notes']);
  });

  it('gives a subscriber what is handed out under the names of its subscriptions', async () => {
    const [subscriber] = await printed('--role', 'subscriber', '--subscriptions', 'hooks, mail');
    expect(subscriber!.publish.filter((subject) => subject.includes('MSG.NEXT'))).to.deep.equal(
      ['hooks', 'mail'].map((name) => `$JS.API.CONSUMER.MSG.NEXT.troupe_EVENTS.${name}`),
    );
  });

  it('gives a host the mailboxes of its role, as many as there are partitions', async () => {
    const [throttle] = await printed('--role', 'throttle', '--partitions', '3');
    const pulls = throttle!.publish
      .filter((subject) => subject.includes('MSG.NEXT'))
      .map((subject) => subject.split('.').slice(-2).join('/'));
    expect(pulls).to.have.members(['troupe_MAIL', 'troupe_TIMERS'].flatMap((stream) => [0, 1, 2].map((n) => `${stream}/throttle_${n}`)));
  });

  for (const flags of [[], ['--one-account']]) {
    it(`prints a configuration that a server starts with ${flags.join(' ')}`, async () => {
      const { out } = await type(['permissions', '--pools', 'a.b', '--ns', 'my-ns', ...flags]);
      const names = [...out.matchAll(/^# \S+: user (\S+), inbox prefix (\S+), password \$(\S+)$/gm)];
      expect(names).to.have.lengthOf(rightsRoles.length);
      expect(out.includes('In one account a reply subject reaches every stream')).to.equal(flags.length > 0);
      // the server takes passwords from its environment; here they are written in
      const config = out.replaceAll(/password: \$(\w+)/g, 'password: "$1"');
      await using server = await startNatsServer({ config });
      for (const [, user, inboxPrefix, pass] of names) {
        const nc = await connect({ servers: server.url, user: user!, pass: pass!, inboxPrefix: inboxPrefix! });
        await nc.close();
      }
    });
  }

  const wrong: [string[], string][] = [
    [['--role', 'boss'], 'role: "boss" is none of'],
    [['--classes', 'slow'], 'classes: "slow" is none of'],
    [['--pools', 'host'], '(field pools)'],
    [['--subscriptions', 'a b'], '(field subscriptions)'],
    [['--pools', 'a,'], 'pools: a pool has a name'],
    [['--partitions', '-1'], 'partitions:'],
    [['--ns', 'A'], '(field ns)'],
  ];
  for (const [flags, text] of wrong) {
    it(`refuses ${flags.join(' ')}`, async () => {
      const { code, out, err } = await type(['permissions', ...flags]);
      expect({ code, out }).to.deep.equal({ code: 2, out: '' });
      expect(err).to.contain(text);
    });
  }
});
