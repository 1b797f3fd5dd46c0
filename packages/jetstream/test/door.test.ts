// needs TEST_NATS_URL
import { installProbe, systemClock } from '@troupe/actor';
import { createDoor, type DoorEvent, type DoorOptions } from '@troupe/jetstream';
import { createDeadLetters } from '@troupe/jetstream/internal';
import { type Command, headers, TroupeError } from '@troupe/protocol';
import { until } from '@troupe/test-infra';
import { stressService } from '@troupe/testing';
import { expect } from 'chai';
import { createInstallation } from './support/installation.ts';

interface Sent {
  readonly body?: object | string;
  readonly headers?: readonly [string, string][];
}

async function setup(options: Partial<DoorOptions> = {}) {
  const at = await createInstallation();
  const { nc, publisher, subjects } = at;
  const serverNow = (): number => Date.now();
  const events: DoorEvent[] = [];
  const told: { subject: string; body: Record<string, unknown> }[] = [];
  for (const subject of [`${subjects.ns}.answer.*`, `_INBOX.${subjects.ns}.>`, `${subjects.ns}-elsewhere`])
    nc.subscribe(subject, { callback: (_, message) => void told.push({ subject: message.subject, body: message.json() }) });
  const door = createDoor({
    nc,
    publisher,
    subjects,
    serverNow,
    deadLetters: createDeadLetters({ publisher, subjects, serverNow }),
    judge: async (command: Command) => ({
      to: { kind: 'operation', key: command.id },
      mail: { type: 'command', body: { executor: command.executor } },
    }),
    onEvent: (event) => events.push(event),
    ...options,
  });
  return {
    ...at,
    door,
    events,
    told,
    inbox: `_INBOX.${subjects.ns}.me`,
    command: (more: object = {}) => ({ v: 1, id: 'o-1', executor: 'x', input: null, createdAt: new Date().toISOString(), ...more }),
    async send(executor: string, { body, headers: more = [] }: Sent = {}): Promise<void> {
      await publisher.publish(subjects.command(executor), typeof body === 'string' ? body : JSON.stringify(body), { headers: more });
    },
    mail: () => at.stored(subjects.streams.mail),
    dead: () => at.stored(subjects.streams.dead),
    /** Until no command waits. */
    settled: () =>
      until(
        'no command waits',
        async () => (await at.jsm.streams.info(subjects.streams.commands)).state.messages === 0 && door.status().inHand === 0,
      ),
    async [Symbol.asyncDispose]() {
      await door.stop();
      await at[Symbol.asyncDispose]();
    },
  };
}

describe('the front door', () => {
  it('forwards a command to the entity that its judge names, with its context, and acknowledges it', async () => {
    await using at = await setup();
    await at.door.start();
    await at.send('x', {
      body: at.command(),
      headers: [
        [`${headers.contextPrefix}user`, 'ann'],
        [headers.traceparent, '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
      ],
    });
    await at.settled();
    const [mail, ...more] = await at.mail();
    expect(more).to.deep.equal([]);
    expect(at.subjects.parseMail(mail!.subject)).to.deep.equal({ to: { kind: 'operation', key: 'o-1' }, from: 'entity' });
    expect(mail!.body).to.deep.equal({ v: 1, id: 'command.1', type: 'command', body: { executor: 'x' } });
    expect(mail!.headers).to.include({ [`${headers.contextPrefix}user`]: 'ann', 'Nats-Msg-Id': `${at.subjects.streams.commands}.1` });
    expect(mail!.headers[headers.traceparent]).to.match(/^00-0af7/);
    expect(at.events).to.deep.equal([{ type: 'forwarded', operation: 'o-1', executor: 'x' }]);
    expect(at.told).to.deep.equal([]);
  });

  it('forwards a second command of the same id as well: the operation answers it', async () => {
    await using at = await setup();
    await at.door.start();
    for (let i = 0; i < 2; i++) await at.send('x', { body: at.command() });
    await at.settled();
    expect((await at.mail()).map(({ body }) => (body as { id: string }).id)).to.have.members(['command.1', 'command.2']);
  });

  it('leaves one mail of a command that comes again, because its door died after it had forwarded it', async () => {
    await using at = await setup();
    let crashes = 0;
    installProbe((name) => {
      if (name === 'command.forwarded' && crashes++ === 0) throw new Error('it dies here');
    });
    try {
      await at.door.start();
      await at.send('x', { body: at.command() });
      await at.settled();
    } finally {
      installProbe(undefined);
    }
    expect(crashes).to.equal(2);
    expect(await at.mail()).to.have.lengthOf(1);
  });

  const refusals: [string, (at: Awaited<ReturnType<typeof setup>>) => Sent, object][] = [
    ['is no JSON', () => ({ body: '{', headers: [[headers.messageId, 'o-1']] }), { code: 'malformed' }],
    ['lacks a field', (at) => ({ body: { ...at.command(), createdAt: undefined } }), { code: 'malformed', field: 'createdAt' }],
    ['was sent to another executor', (at) => ({ body: at.command({ executor: 'y' }) }), { code: 'malformed', field: 'executor' }],
    [
      'names a subject that is no inbox',
      (at) => ({ body: at.command({ replyTo: `${at.subjects.ns}-elsewhere` }) }),
      { code: 'malformed', field: 'replyTo' },
    ],
    ['is refused by its judge', (at) => ({ body: at.command({ input: 'bad' }) }), { code: 'invalid_input', field: 'input' }],
  ];
  for (const [what, sent, error] of refusals) {
    it(`answers, keeps and acknowledges a command that ${what}`, async () => {
      await using at = await setup({
        judge: async ({ input }) => {
          if (input === 'bad') throw new TroupeError('invalid_input', 'input: bad', { field: 'input' });
          return { to: { kind: 'operation', key: 'o' }, mail: { type: 'command', body: null } };
        },
      });
      await at.door.start();
      const { body, headers: more = [] } = sent(at);
      await at.send('x', { body: body!, headers: [...more, [headers.replyTo, at.inbox]] });
      await at.settled();
      await until('it is told twice', () => at.told.length === 2);
      expect(at.told.map(({ subject }) => subject)).to.have.members([at.subjects.answer('o-1'), at.inbox]);
      for (const answer of at.told) {
        expect(answer.body).to.deep.include({ v: 1, operation: 'o-1', answer: 'rejected' });
        expect(answer.body['error']).to.include(error).and.not.to.have.property('stack');
      }
      expect(at.events.map(({ type }) => type)).to.deep.equal(['rejected']);
      const [letter] = await at.dead();
      expect(letter!.subject).to.equal(at.subjects.dead(['command', 'x']));
      expect(letter!.body).to.include({ v: 1, reason: (error as { code: string }).code, attempts: 1, subject: at.subjects.command('x') });
      expect(await at.mail()).to.deep.equal([]);
    });
  }

  it('keeps a command that names nobody, and tells nobody', async () => {
    await using at = await setup();
    await at.door.start();
    await at.send('x', { body: '[]' });
    await at.settled();
    expect(await at.dead()).to.have.lengthOf(1);
    expect(at.told).to.deep.equal([]);
  });

  it('tells nobody under a name so long that a server would close the connection of the door', async () => {
    await using at = await setup();
    await at.door.start();
    const closed: string[] = [];
    const watching = (async () => {
      for await (const { type } of at.nc.status()) if (type === 'disconnect' || type === 'error') closed.push(type);
    })();
    void watching;
    const long = 'x'.repeat(6_000);
    await at.send('x', { body: { v: 1, id: long } });
    await at.send('x', { body: { v: 1, replyTo: `_INBOX.${long}` } });
    await at.send('x', { body: '[]', headers: [[headers.replyTo, `_INBOX.${long}`]] });
    await at.send('x', { body: '[]', headers: [[headers.messageId, long]] });
    await at.send('x', { body: at.command({ id: 'good' }) });
    await at.settled();
    expect(await at.dead()).to.have.lengthOf(4);
    expect(await at.mail()).to.have.lengthOf(1);
    await at.nc.flush();
    expect(closed).to.deep.equal([]);
    expect(at.told).to.deep.equal([]);
  });

  it('tries again what could not be judged for the moment, or by a defect, and refuses nobody for it', async () => {
    const failures = [new TroupeError('unavailable', 'the store is away', { retryable: true }), new Error('a defect')];
    await using at = await setup({
      judge: async ({ id }) => {
        const failed = failures.shift();
        if (failed !== undefined) throw failed;
        return { to: { kind: 'operation', key: id }, mail: { type: 'command', body: null } };
      },
    });
    await at.door.start();
    await at.send('x', { body: at.command() });
    await at.settled();
    expect(at.events.map(({ type }) => type)).to.deep.equal(['forwarded']);
    expect(await at.mail()).to.have.lengthOf(1);
    expect(await at.dead()).to.deep.equal([]);
  });

  it('answers an old command from what is left of its operation, and refuses one of which nothing is left', async () => {
    await using at = await setup();
    const createdAt = new Date(Date.now() - 31 * 86_400_000).toISOString();
    await at.publisher.publish(at.subjects.tombstone({ kind: 'operation', key: 'o-1' }), '{"outcome":"succeeded"}');
    await at.door.start();
    await at.send('x', { body: at.command({ createdAt, replyTo: at.inbox }) });
    await at.send('x', { body: at.command({ createdAt, replyTo: at.inbox, id: 'o-2' }) });
    await at.settled();
    const answers = at.told
      .filter(({ subject }) => subject === at.inbox)
      .map(({ body }) => [body['operation'], body['answer'], body['outcome'], (body['error'] as { code?: string })?.code]);
    expect(answers).to.have.deep.members([
      ['o-1', 'duplicate', 'succeeded', undefined],
      ['o-2', 'rejected', undefined, 'too_old'],
    ]);
    expect(await at.mail()).to.deep.equal([]);
    expect((await at.dead()).map(({ body }) => (body as { reason: string }).reason)).to.deep.equal(['too_old']);
  });

  it('has no more in hand than it may, and ends what it has before it stops', async () => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => void (release = resolve));
    await using at = await setup({
      maxInHand: 2,
      judge: async ({ id }) => {
        await released;
        return { to: { kind: 'operation', key: id }, mail: { type: 'command', body: null } };
      },
    });
    for (let i = 0; i < 5; i++) await at.send('x', { body: at.command({ id: `o-${i}` }) });
    await at.door.start();
    await until('two are in hand', () => at.door.status().inHand === 2);
    const { num_ack_pending: given, num_pending: waiting } = await at.jsm.consumers.info(at.subjects.streams.commands, 'door');
    expect({ given, waiting }).to.deep.equal({ given: 2, waiting: 3 });
    const stopping = at.door.stop();
    release();
    await stopping;
    expect(await at.mail()).to.have.lengthOf(2);
    await at.nc.flush();
    expect((await at.jsm.streams.info(at.subjects.streams.commands)).state.messages).to.equal(3);
  });
});

/** The door, and whether a pull of it stands still. */
async function lifeOf(options: Partial<DoorOptions> = {}) {
  const at = await setup(options);
  const pulls = async (): Promise<number> => (await at.jsm.consumers.info(at.subjects.streams.commands, 'door')).num_waiting;
  return {
    service: at.door,
    isGone: () => until('no pull stands', async () => (await pulls()) === 0, 7_000).then(() => true),
    close: () => at[Symbol.asyncDispose](),
  };
}

const setTimer = (): never => {
  throw new Error('no timers');
};
stressService(() => lifeOf(), { name: 'the door', rounds: 5, makeFailing: () => lifeOf({ clock: { ...systemClock, setTimer } }) });
