// needs TEST_NATS_URL
import { connectNats, verifyTopology } from '@troupe/jetstream';
import { startNatsServer } from '@troupe/test-infra';
import { createSubjects } from '@troupe/protocol';
import { expect } from 'chai';
import { createInstallation, type TestInstallation } from './support/installation.ts';
import { failure } from './support/stream.ts';

/** As a supervisor that serves one partition's worth of everything. */
const verify = (at: TestInstallation): Promise<void> => {
  const { commands, mail, timers, state, tasks } = at.subjects.streams;
  return verifyTopology(at.nc, at.topology, {
    streams: [commands, mail, timers, state],
    consumes: (stream, durable) => stream !== tasks && (durable === 'door' || durable.startsWith('supervisor_')),
  });
};

const changed = async (at: TestInstallation, stream: string, change: object): Promise<void> => {
  const { config } = await at.jsm.streams.info(stream);
  await at.jsm.streams.update(stream, { ...config, ...change });
};

describe('a host that looks before it serves', () => {
  it('is content with the topology as it was made', async () => {
    await using at = await createInstallation();
    await verify(at);
  });

  const borne: [string, (at: TestInstallation) => Promise<unknown>][] = [
    ['another bound of commands', (at) => changed(at, at.subjects.streams.commands, { max_msgs: 12 })],
    ['a limit of bytes, below which there is a high-water mark', (at) => changed(at, at.subjects.streams.mail, { max_bytes: 1_000_000 })],
    ['a longer hold', (at) => at.jsm.consumers.update(at.subjects.streams.mail, 'supervisor_0', { ack_wait: 60e9 })],
    ['more in hand', (at) => at.jsm.consumers.update(at.subjects.streams.mail, 'supervisor_0', { max_ack_pending: 5_000 })],
    ['what it does not use', (at) => at.jsm.streams.delete(at.subjects.streams.dead)],
    ['durables of another role', (at) => at.jsm.consumers.delete(at.subjects.streams.mail, 'throttle_0')],
  ];
  for (const [what, change] of borne) {
    it(`lives with ${what}`, async () => {
      await using at = await createInstallation();
      await change(at);
      await verify(at);
    });
  }

  const notBorne: [string, (at: TestInstallation) => Promise<unknown>, string][] = [
    ['a stream that is missing', (at) => at.jsm.streams.delete(at.subjects.streams.state), 'STATE'],
    ['a durable that is missing', (at) => at.jsm.consumers.delete(at.subjects.streams.timers, 'supervisor_1'), 'TIMERS/supervisor_1'],
    ['a durable whose stream is missing', (at) => at.jsm.streams.delete(at.subjects.streams.mail), 'MAIL'],
    ['an age that evicts timers', (at) => changed(at, at.subjects.streams.timers, { max_age: 600e9 }), 'TIMERS.max_age'],
    ['a number that evicts mail', (at) => changed(at, at.subjects.streams.mail, { max_msgs: 60 }), 'MAIL.max_msgs'],
    ['a size that evicts timers', (at) => changed(at, at.subjects.streams.timers, { max_bytes: 1_000_000 }), 'TIMERS.max_bytes'],
    ['a stream without direct reads', (at) => changed(at, at.subjects.streams.state, { allow_direct: false }), 'STATE.allow_direct'],
    [
      'a shorter hold',
      (at) => at.jsm.consumers.update(at.subjects.streams.mail, 'supervisor_0', { ack_wait: 1e9 }),
      'MAIL/supervisor_0.ack_wait',
    ],
    [
      'a limit of deliveries',
      (at) => at.jsm.consumers.update(at.subjects.streams.commands, 'door', { max_deliver: 2 }),
      'COMMANDS/door.max_deliver',
    ],
  ];
  for (const [what, change, field] of notBorne) {
    it(`refuses ${what}`, async () => {
      await using at = await createInstallation();
      await change(at);
      const error = await failure(verify(at));
      expect(error).to.include({ code: 'topology_mismatch', retryable: false });
      expect((error as { field?: string }).field).to.equal(`${at.subjects.ns}_${field}`);
    });
  }

  it('refuses another number of partitions than its own', async () => {
    await using at = await createInstallation();
    const error = await failure(verify({ ...at, topology: { ...at.topology, partitions: 3 } }));
    expect(error).to.include({ code: 'topology_mismatch', field: `${at.subjects.streams.mail}.subject_transform` });
  });

  it('tells a right that it lacks, and a server without JetStream, from a mismatch', async () => {
    const subjects = createSubjects('x');
    const look = { streams: [subjects.streams.state] };
    await using poor = await startNatsServer({
      config: `accounts { APP { jetstream: enabled, users: [ { user: a, password: a, permissions: { publish: { allow: ["x"] } } } ] } }`,
    });
    const refused = await connectNats({ servers: poor.url, user: 'a', pass: 'a' });
    expect(await failure(verifyTopology(refused, { subjects }, look))).to.include({ code: 'not_permitted', retryable: false });
    await refused.close();
    await using bare = await startNatsServer({ jetstream: false });
    const none = await connectNats({ servers: bare.url });
    expect(await failure(verifyTopology(none, { subjects }, look))).to.include({ code: 'unavailable', retryable: true });
    await none.close();
  });
});
