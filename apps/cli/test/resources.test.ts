import { applyTopology, connectNats } from '@troupe/jetstream';
import { expect } from 'chai';
import { type } from './terminal.ts';
import { startWithUsers } from './users.ts';

async function setup() {
  const users = await startWithUsers('accounts');
  const admin = await connectNats(users.as('admin'));
  await applyTopology(admin, { subjects: users.subjects, pools: ['notes'], partitions: 1, maxLogBytes: 16_777_216 });
  await admin.close();
  const as = (user: string, ...args: string[]) =>
    type(args, {
      env: { TROUPE_SERVERS: users.server.url, TROUPE_USER: user, TROUPE_PASSWORD: 'secret', TROUPE_INBOX_PREFIX: `_INBOX.${user}` },
    });
  return { as, violations: () => users.violations(), [Symbol.asyncDispose]: () => users[Symbol.asyncDispose]() };
}

describe('troupe resource', () => {
  it('registers as a registrar, and shows to a reader', async () => {
    await using at = await setup();
    expect(await at.as('registrar', 'resource', 'register', 'volume/v-1', '--data', '{"size": 4}')).to.deep.equal({
      code: 0,
      out: 'registered volume/v-1, CREATION_SCHEDULED\n',
      err: '',
    });
    expect((await at.as('registrar', 'resource', 'register', 'volume/v-1')).out).to.equal(
      'volume/v-1 is there already, CREATION_SCHEDULED\n',
    );
    const imported = ['--state', 'OK', '--backend-id', 'b-7', '--runtime-state', 'ACTIVE', '--json'];
    const { out } = await at.as('registrar', 'resource', 'register', 'vm/a/b', ...imported);
    expect(JSON.parse(out)).to.include({ kind: 'vm', id: 'a/b', state: 'OK', backendId: 'b-7', already: false });

    const shown = await at.as('reader', 'resource', 'show', 'volume/v-1');
    expect(shown).to.include({ code: 0, err: '' });
    expect(shown.out).to.match(/^resource {2}volume\/v-1\nstate {5}CREATION_SCHEDULED\ndata {6}\{"size":4\}\nchanged {3}\S+Z\n$/);
    expect(await at.as('reader', 'resource', 'show', 'volume/none')).to.include({ code: 0, out: '', err: 'there is no volume/none\n' });
    const listed = await at.as('reader', 'resources');
    expect(listed.out.split('\n').map((line) => line.split(/ +/).slice(0, 3).join(' '))).to.deep.equal([
      'RESOURCE STATE ON',
      'vm/a/b OK ACTIVE',
      'volume/v-1 CREATION_SCHEDULED -',
      '',
    ]);
    expect((await at.as('reader', 'resources', '--state', 'OK', '--json')).out)
      .to.contain('"id":"a/b"')
      .and.not.contain('v-1');
    expect(await at.as('reader', 'resources', '--kind', 'none')).to.include({ code: 0, out: '', err: 'no resources\n' });
    expect(at.violations()).to.deep.equal([]);
  });

  it('tells a reader that it may not register', async () => {
    await using at = await setup();
    const { code, err } = await at.as('reader', 'resource', 'register', 'volume/v-1');
    expect({ code, err }).to.deep.equal({ code: 5, err: 'troupe: not_permitted: this user may not write resources\n' });
  });

  const wrong: [string[], string][] = [
    [['resource', 'register', 'volume'], 'is not of the form kind/id'],
    [['resource', 'register', 'volume/1', '--state', 'ERRED'], 'state: "ERRED" is none of CREATION_SCHEDULED, OK'],
    [['resource', 'register', 'volume/1', '--data', '{'], 'data: is no JSON'],
    [['resources', '--state', 'broken'], 'state: "broken" is none of'],
    [['resources', '--limit', '0'], 'limit:'],
  ];
  for (const [args, text] of wrong) {
    it(`refuses ${args.join(' ')}`, async () => {
      const { code, err } = await type(args, { env: { TROUPE_SERVERS: 'nats://127.0.0.1:1' } });
      expect({ code, err }).to.deep.equal({ code: 2, err });
      expect(err).to.contain(text);
    });
  }
});
