/**
 * What users may not do, asked of a real server: each user tries every subject that means something to an installation,
 * and what it was not refused is compared with a list that stands here.
 */
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/nats-core';
import { applyTopology, connectNats, type TopologyOptions } from '@troupe/jetstream';
import { wantedTopology } from '@troupe/jetstream/internal';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { type Layout, startWithUsers } from './users.ts';

async function setup(layout: Layout) {
  const at = await startWithUsers(layout);
  const topology: TopologyOptions = { subjects: at.subjects, pools: ['notes', 'other'], partitions: 2, maxLogBytes: 16_777_216 };
  const connections: NatsConnection[] = [];
  const connect = async (user: string) => {
    const nc = await connectNats(at.as(user));
    connections.push(nc);
    return nc;
  };
  await applyTopology(await connect('admin'), topology);
  const jsm = await jetstreamManager(await connect('root'));
  return {
    ...at,
    topology,
    connect,
    jsm,
    js: jetstream(connections[1]!),
    /** Messages of each stream. */
    async counts(): Promise<Record<string, number>> {
      const all: Record<string, number> = {};
      for await (const { config, state } of jsm.streams.list()) all[config.name.replace(/^(KV_)?troupe_/, '')] = state.messages;
      return all;
    },
    async [Symbol.asyncDispose]() {
      for (const nc of connections) await nc.close();
      await at[Symbol.asyncDispose]();
    },
  };
}

/** One subject of every form that streams, their API, acknowledgements and hosts use, of this installation and of its neighbour. */
function everySubject(topology: TopologyOptions): string[] {
  const all = wantedTopology(topology);
  const [a, b] = ['notes', 'other'];
  return [
    ...['operation', 'task', 'throttle', 'schedule'].flatMap((kind) => [
      ...['entity', 'verb', `task-${a}`, `task-${b}`, 'task-*'].map((from) => `troupe.mail.${kind}.k1.${from}`),
      `troupe.mail.0.${kind}.k1.entity`,
      `troupe.timer.${kind}.k1.t1`,
      `troupe.due.${kind}.k1`,
      `troupe.state.${kind}.k1`,
      `troupe.state.${kind}.k1.i.n.1`,
      `troupe.tomb.${kind}.k1`,
    ]),
    ...['regular', 'heavy', 'background'].flatMap((cls) =>
      [a, b].flatMap((pool) => [`troupe.task.${cls}.${pool}.t1`, `troupe.dead.task.${cls}.${pool}`]),
    ),
    ...[
      'troupe.command.x',
      'troupe.command.x.y',
      'neighbour.command.x',
      'troupe2.command.x',
      'troupe.event.operation.k1',
      'troupe.live.operation.k1',
    ],
    ...[
      'troupe.result.r1',
      `troupe.mark.${a}.m1`,
      `troupe.mark.${b}.m1`,
      'troupe.mark.host.m1',
      'troupe.dead.mail.undecodable',
      'troupe.dead.command.x',
    ],
    ...['troupe.answer.o1', `troupe.signal.${a}`, `troupe.signal.${b}`, '_INBOX.supervisor.1', '_INBOX.x.1', 'elsewhere'],
    ...['$KV.troupe_resources.book.b1', '$KV.troupe_hosts.supervisor.h1', '$JS.API.INFO', '$SYS.REQ.SERVER.PING'],
    ...['STREAM.NAMES', 'STREAM.LIST', 'STREAM.CREATE.mine'].map((verb) => `$JS.API.${verb}`),
    ...all.flatMap(({ config: { name }, consumers }) => [
      ...['INFO', 'CREATE', 'UPDATE', 'DELETE', 'PURGE', 'MSG.GET', 'MSG.DELETE', 'SNAPSHOT', 'RESTORE'].map(
        (verb) => `$JS.API.STREAM.${verb}.${name}`,
      ),
      ...['LIST', 'NAMES', 'CREATE'].map((verb) => `$JS.API.CONSUMER.${verb}.${name}`),
      `$JS.API.CONSUMER.CREATE.${name}.mine.x`,
      `$JS.API.CONSUMER.DURABLE.CREATE.${name}.mine`,
      `$JS.API.DIRECT.GET.${name}`,
      ...consumers.flatMap(({ durable_name: durable }) => [
        ...['INFO', 'DELETE', 'MSG.NEXT', 'PAUSE', 'UNPIN'].map((verb) => `$JS.API.CONSUMER.${verb}.${name}.${durable}`),
        `$JS.ACK.${name}.${durable}.1.1.1.1.1`,
        `$JS.ACK._.account.${name}.${durable}.1.1.1.1.1`,
      ]),
    ]),
    ...[
      'state.operation.k1',
      'state.operation.k1.i.n.1',
      'state.task.k1',
      'state.throttle.k1',
      'state.schedule.k1',
      'tomb.operation.k1',
    ].map((subject) => `$JS.API.DIRECT.GET.troupe_STATE.troupe.${subject}`),
    ...['result.r1', `mark.${a}.m1`, `mark.${b}.m1`, 'mark.host.m1'].map(
      (subject) => `$JS.API.DIRECT.GET.troupe_RESULTS.troupe.${subject}`,
    ),
    '$JS.API.DIRECT.GET.KV_troupe_resources.$KV.troupe_resources.book.b1',
  ];
}

/** Does it for every subject, and tells those that the server did not refuse. */
async function notRefused(nc: NatsConnection, operation: 'publish' | 'subscription', subjects: readonly string[]): Promise<string[]> {
  const refused = new Set<string>();
  const status = nc.status()[Symbol.asyncIterator]();
  const listening = (async () => {
    for (let next = await status.next(); next.done !== true; next = await status.next()) {
      const { error } = next.value as { error?: { operation?: string; subject?: string } };
      if (error?.operation === operation) refused.add(error.subject!);
    }
  })();
  for (const subject of subjects) {
    if (operation === 'publish') nc.publish(subject, '{}');
    else nc.subscribe(subject, { callback: () => undefined });
  }
  await nc.flush();
  // refusals are told in order, and this one is the last
  nc.publish('the.end');
  await until('the last refusal is told', () => refused.has('the.end') || operation === 'subscription');
  await nc.flush();
  await nc.close();
  await listening;
  return subjects.filter((subject) => !refused.has(subject));
}

const heard = [
  '>',
  'troupe.>',
  'troupe.command.*',
  'troupe.answer.*',
  'troupe.live.>',
  'troupe.event.>',
  'troupe.result.*',
  'troupe.mail.>',
].concat(['troupe.signal.notes', 'troupe.signal.other', '$KV.>', '$JS.EVENT.>', '$JS.>', '_INBOX.>', '_INBOX.supervisor.>', '_INBOX.*.>']);

for (const layout of ['accounts', 'authorization'] as const) {
  describe(`a user is refused what is not its role, ${layout === 'accounts' ? 'guests in accounts of their own' : 'all in one account'}`, () => {
    it('the producer every subject but COMMANDS', async () => {
      await using at = await setup(layout);
      const all = everySubject(at.topology);
      expect(all.length).to.be.above(300);
      expect(await notRefused(await at.connect('producer'), 'publish', all)).to.deep.equal(['troupe.command.x']);
      expect(await notRefused(await at.connect('producer'), 'subscription', [...heard, '_INBOX.producer.>'])).to.deep.equal([
        '_INBOX.producer.>',
      ]);
      const { COMMANDS, ...others } = await at.counts();
      expect(COMMANDS).to.equal(1);
      expect(Object.values(others).reduce((sum, n) => sum + n)).to.equal(0);
    });

    it('the worker everything but its classes and its pool', async () => {
      await using at = await setup(layout);
      const all = everySubject(at.topology);
      const mine = ['regular', 'heavy', 'background'].map((cls) => `${cls}_notes`);
      expect(await notRefused(await at.connect('worker-notes'), 'publish', all)).to.have.members([
        'troupe.mail.operation.k1.task-notes',
        'troupe.mail.task.k1.task-notes',
        'troupe.mail.schedule.k1.task-notes',
        ...['regular', 'heavy', 'background'].map((cls) => `troupe.dead.task.${cls}.notes`),
        'troupe.result.r1',
        'troupe.mark.notes.m1',
        '$JS.API.STREAM.INFO.troupe_STATE',
        '$JS.API.STREAM.INFO.troupe_RESULTS',
        ...mine.flatMap((durable) => [
          `$JS.API.CONSUMER.INFO.troupe_TASKS.${durable}`,
          `$JS.API.CONSUMER.MSG.NEXT.troupe_TASKS.${durable}`,
          `$JS.ACK.troupe_TASKS.${durable}.1.1.1.1.1`,
          `$JS.ACK._.account.troupe_TASKS.${durable}.1.1.1.1.1`,
        ]),
        '$JS.API.DIRECT.GET.troupe_STATE.troupe.state.operation.k1',
        '$JS.API.DIRECT.GET.troupe_STATE.troupe.state.task.k1',
        '$JS.API.DIRECT.GET.troupe_STATE.troupe.state.schedule.k1',
        '$JS.API.DIRECT.GET.troupe_RESULTS.troupe.result.r1',
        '$JS.API.DIRECT.GET.troupe_RESULTS.troupe.mark.notes.m1',
      ]);
      expect(await notRefused(await at.connect('worker-notes'), 'subscription', [...heard, '_INBOX.worker-notes.>'])).to.deep.equal([
        'troupe.signal.notes',
        '_INBOX.worker-notes.>',
      ]);
    });

    it('the subscriber everything but its own place in EVENTS', async () => {
      await using at = await setup(layout);
      const place = (name: string) => [
        ...['INFO', 'DELETE', 'MSG.NEXT'].map((verb) => `$JS.API.CONSUMER.${verb}.troupe_EVENTS.${name}`),
        `$JS.ACK.troupe_EVENTS.${name}.1.1.1.1.1`,
        `$JS.ACK._.account.troupe_EVENTS.${name}.1.1.1.1.1`,
      ];
      const all = [...everySubject(at.topology), ...place('subscriber'), ...place('other')];
      expect(await notRefused(await at.connect('subscriber'), 'publish', all)).to.have.members(place('subscriber'));
      expect(await notRefused(await at.connect('subscriber'), 'subscription', [...heard, '_INBOX.subscriber.>'])).to.deep.equal([
        '_INBOX.subscriber.>',
      ]);
    });

    it('every other user the streams of others: none may delete, purge or restore, and only the administrator may create', async () => {
      await using at = await setup(layout);
      const grave = everySubject(at.topology).filter((subject) => /DELETE|PURGE|RESTORE|SNAPSHOT|CREATE|UPDATE/.test(subject));
      for (const { user, role } of at.rights) {
        const left = await notRefused(await at.connect(user), 'publish', grave);
        if (role === 'admin')
          expect(
            left.filter((subject) => !/\.(STREAM\.(CREATE|UPDATE)|CONSUMER\.(DURABLE\.)?CREATE)\.(KV_)?troupe_/.test(subject)),
          ).to.deep.equal([]);
        else expect(left, user).to.deep.equal([]);
      }
    });
  });
}

describe('the subject of a reply', () => {
  const targets = [
    'troupe.state.operation.o1',
    'troupe.mail.operation.o1.verb',
    'troupe.task.regular.notes.t1',
    'troupe.timer.operation.o1.t',
    '$KV.troupe_resources.book.b1',
  ];

  /** Everything through which a message could come to where its sender may not publish; resolves when the server has done it. */
  async function tryReplies(at: Awaited<ReturnType<typeof setup>>): Promise<void> {
    const producer = await at.connect('producer');
    for (const reply of targets) producer.publish('troupe.command.x', '{}', { reply });
    await producer.flush();
    const worker = await at.connect('worker-notes');
    await worker.request('troupe.result.forged', '{"filter":">"}');
    for (const reply of [...targets, '$JS.API.STREAM.PURGE.troupe_EVENTS'])
      worker.publish('$JS.API.DIRECT.GET.troupe_RESULTS.troupe.result.forged', '', { reply });
    // answered after those before it
    await worker.request('$JS.API.DIRECT.GET.troupe_RESULTS.troupe.result.forged', '');
    await producer.request('troupe.command.x', '{}');
  }

  it('reaches no stream from an account of its own', async () => {
    await using at = await setup('accounts');
    await at.js.publish('troupe.event.x', 'kept');
    await tryReplies(at);
    const { COMMANDS, RESULTS, EVENTS, ...others } = await at.counts();
    expect({ COMMANDS, RESULTS, EVENTS }).to.deep.equal({ COMMANDS: targets.length + 1, RESULTS: 1, EVENTS: 1 });
    expect(Object.values(others).reduce((sum, n) => sum + n)).to.equal(0);
  });

  // not wanted, but so: if this changes, docs/permissions.md may say so
  it('reaches every stream where all share one account, whatever its sender may publish', async () => {
    await using at = await setup('authorization');
    await at.js.publish('troupe.event.x', 'kept');
    await tryReplies(at);
    await until('forged messages are stored and a stream is empty', async () => {
      const { STATE, MAIL, TASKS, TIMERS, resources, EVENTS } = await at.counts();
      return STATE! > 0 && MAIL! > 0 && TASKS! > 0 && TIMERS! > 0 && resources! > 0 && EVENTS === 0;
    });
    const record = await at.jsm.streams.getMessage('troupe_STATE', { last_by_subj: 'troupe.state.operation.o1' });
    expect(record!.string()).to.equal('{"filter":">"}');
  });
});
