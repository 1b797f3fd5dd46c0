// needs TEST_NATS_URL
import type { ConsumerConfig, StreamConfig } from '@nats-io/jetstream';
import { applyTopology, readTopology, type TopologyStep } from '@troupe/jetstream';
import { expect } from 'chai';
import { createInstallation, type TestInstallation } from './support/installation.ts';
import { failure } from './support/stream.ts';

const plan = (at: TestInstallation): Promise<TopologyStep[]> => readTopology(at.nc, at.topology);
const apply = (at: TestInstallation): Promise<TopologyStep[]> => applyTopology(at.nc, at.topology);
/** As `update TASKS/regular_default ack_wait`. */
const told = (steps: readonly TopologyStep[], at: TestInstallation): string[] =>
  steps.map(({ action, stream, consumer, differences }) =>
    [
      action,
      [stream.replace(`${at.subjects.ns}_`, ''), ...(consumer === undefined ? [] : [consumer])].join('/'),
      ...differences.map(({ field }) => field),
    ].join(' '),
  );

async function changeStream(at: TestInstallation, stream: string, change: Partial<StreamConfig>): Promise<void> {
  const { config } = await at.jsm.streams.info(stream);
  await at.jsm.streams.update(stream, { ...config, ...change });
}

/** Another durable of that name, which takes the same. */
async function replaceConsumer(at: TestInstallation, stream: string, durable: string, change: Partial<ConsumerConfig>): Promise<void> {
  const { filter_subject, filter_subjects } = (await at.jsm.consumers.info(stream, durable)).config;
  await at.jsm.consumers.delete(stream, durable);
  const filters = filter_subject === undefined ? { filter_subjects } : { filter_subject };
  await at.jsm.consumers.add(stream, { durable_name: durable, ack_policy: 'explicit', ...filters, ...change } as ConsumerConfig);
}

describe('the topology', () => {
  it('is made once: after that there is nothing to do', async () => {
    await using at = await createInstallation({ apply: false });
    const planned = await plan(at);
    expect(planned.every(({ action }) => action === 'create')).to.equal(true);
    expect(await apply(at)).to.deep.equal(planned);
    expect(await plan(at)).to.deep.equal([]);
    expect(await apply(at)).to.deep.equal([]);
  });

  it('is made from many processes at once', async () => {
    await using at = await createInstallation({ apply: false });
    await Promise.all([apply(at), apply(at), apply(at)]);
    expect(await plan(at)).to.deep.equal([]);
  });

  it('gets pools and roles that come later', async () => {
    await using at = await createInstallation();
    const more = await readTopology(at.nc, { ...at.topology, pools: ['default', 'gpu'] });
    expect(told(more, at)).to.deep.equal(['create TASKS/regular_gpu', 'create TASKS/heavy_gpu', 'create TASKS/background_gpu']);
    await applyTopology(at.nc, { ...at.topology, pools: ['gpu'] });
    // the pools of another app are its own business
    expect(await plan(at)).to.deep.equal([]);
  });

  it('keeps the number of replicas that it finds, unless it is told one', async () => {
    await using at = await createInstallation();
    const one = await readTopology(at.nc, { ...at.topology, replicas: 1 });
    expect(one).to.deep.equal([]);
    const three = await readTopology(at.nc, { ...at.topology, replicas: 3 });
    expect(three.every(({ action, differences }) => action === 'update' && differences[0]?.field === 'num_replicas')).to.equal(true);
    expect(three).to.have.lengthOf(10);
  });

  const repairs: [string, (at: TestInstallation) => Promise<unknown>, string[]][] = [
    [
      'a missing stream, with its consumers',
      (at) => at.jsm.streams.delete(at.subjects.streams.commands),
      ['create COMMANDS', 'create COMMANDS/door'],
    ],
    ['a missing durable', (at) => at.jsm.consumers.delete(at.subjects.streams.mail, 'throttle_1'), ['create MAIL/throttle_1']],
    ['a bound', (at) => changeStream(at, at.subjects.streams.commands, { max_msgs: 7 }), ['update COMMANDS max_msgs']],
    ['a discard', (at) => changeStream(at, at.subjects.streams.commands, { discard: 'old' as never }), ['update COMMANDS discard']],
    ['an age that would evict tasks', (at) => changeStream(at, at.subjects.streams.tasks, { max_age: 3_600e9 }), ['update TASKS max_age']],
    [
      'a number that would evict timers',
      (at) => changeStream(at, at.subjects.streams.timers, { max_msgs: 1_000 }),
      ['update TIMERS max_msgs'],
    ],
    [
      'a size that would evict timers',
      (at) => changeStream(at, at.subjects.streams.timers, { max_bytes: 1_000_000 }),
      ['update TIMERS max_bytes'],
    ],
    [
      'a subject',
      (at) => changeStream(at, at.subjects.streams.state, { subjects: [`${at.subjects.ns}.state.>`] }),
      ['update STATE subjects'],
    ],
    ['direct reads', (at) => changeStream(at, at.subjects.streams.results, { allow_direct: false }), ['update RESULTS allow_direct']],
    [
      'live copies of events',
      (at) => changeStream(at, at.subjects.streams.events, { republish: undefined } as never),
      ['update EVENTS republish'],
    ],
    [
      'a hold',
      (at) => at.jsm.consumers.update(at.subjects.streams.tasks, 'heavy_default', { ack_wait: 1e9 }),
      ['update TASKS/heavy_default ack_wait'],
    ],
    [
      'a limit of deliveries',
      (at) => at.jsm.consumers.update(at.subjects.streams.mail, 'supervisor_0', { max_deliver: 3 }),
      ['update MAIL/supervisor_0 max_deliver'],
    ],
    [
      'a number in hand',
      (at) => at.jsm.consumers.update(at.subjects.streams.timers, 'throttle_0', { max_ack_pending: 1 }),
      ['update TIMERS/throttle_0 max_ack_pending'],
    ],
    [
      'a filter',
      (at) =>
        at.jsm.consumers.update(at.subjects.streams.tasks, 'heavy_default', { filter_subject: `${at.subjects.ns}.task.heavy.default.x` }),
      ['update TASKS/heavy_default filter_subject'],
    ],
  ];
  for (const [what, change, expected] of repairs) {
    it(`finds and repairs ${what}`, async () => {
      await using at = await createInstallation();
      await change(at);
      expect(told(await plan(at), at)).to.deep.equal(expected);
      await apply(at);
      expect(await plan(at)).to.deep.equal([]);
    });
  }

  const refusals: [string, (at: TestInstallation) => Promise<unknown>, string][] = [
    [
      'another number of partitions',
      async (at) => {
        await at.jsm.streams.delete(at.subjects.streams.mail);
        const { ns } = at.subjects;
        const transform = {
          src: `${ns}.mail.*.*.*`,
          dest: `${ns}.mail.{{partition(5,1,2)}}.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}`,
        };
        await at.jsm.streams.add({
          name: at.subjects.streams.mail,
          subjects: [transform.src],
          retention: 'workqueue',
          subject_transform: transform,
          storage: 'memory',
          max_consumers: 5_000,
        });
      },
      'MAIL.subject_transform',
    ],
    [
      'another retention',
      async (at) => {
        await at.jsm.streams.delete(at.subjects.streams.tasks);
        await at.jsm.streams.add({
          name: at.subjects.streams.tasks,
          subjects: [`${at.subjects.ns}.task.*.*.*`],
          storage: 'memory',
          max_consumers: 5_000,
        });
      },
      'TASKS.retention',
    ],
    [
      'a consumer without priorities',
      (at) => replaceConsumer(at, at.subjects.streams.mail, 'supervisor_1', {}),
      'MAIL/supervisor_1.priority_groups',
    ],
    [
      'a consumer that pushes',
      (at) => replaceConsumer(at, at.subjects.streams.tasks, 'regular_default', { deliver_subject: 'x.y' } as never),
      'TASKS/regular_default.deliver_subject',
    ],
    [
      'a foreign consumer on schedules',
      (at) =>
        at.jsm.consumers.add(at.subjects.streams.timers, {
          durable_name: 'spy',
          ack_policy: 'explicit',
          filter_subject: `${at.subjects.ns}.timer.>`,
        }),
      'TIMERS/spy.filter_subject',
    ],
    [
      'a foreign consumer in the place of ours',
      async (at) => {
        await at.jsm.consumers.delete(at.subjects.streams.commands, 'door');
        await at.jsm.consumers.add(at.subjects.streams.commands, { durable_name: 'spy', ack_policy: 'explicit' });
      },
      'COMMANDS/spy.filter_subject',
    ],
  ];
  for (const [what, change, field] of refusals) {
    it(`refuses ${what} by name, and changes nothing`, async () => {
      await using at = await createInstallation();
      await change(at);
      // and something that could be repaired
      await changeStream(at, at.subjects.streams.dead, { max_bytes: 5_000 });
      const before = await plan(at);
      expect(before.some(({ action }) => action === 'mismatch')).to.equal(true);
      const error = await failure(apply(at));
      expect(error).to.include({ code: 'topology_mismatch', retryable: false });
      expect((error as { field?: string }).field).to.equal(`${at.subjects.ns}_${field}`);
      expect(await plan(at)).to.deep.equal(before);
    });
  }

  it('leaves foreign consumers alone where they take nothing from anybody', async () => {
    await using at = await createInstallation();
    await at.jsm.consumers.add(at.subjects.streams.events, { durable_name: 'audit', ack_policy: 'explicit' });
    await at.jsm.consumers.add(at.subjects.streams.tasks, {
      durable_name: 'other',
      ack_policy: 'explicit',
      filter_subject: `${at.subjects.ns}.task.regular.elsewhere.>`,
    });
    expect(await plan(at)).to.deep.equal([]);
  });
});
