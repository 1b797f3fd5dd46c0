// needs TEST_NATS_URL
import { jetstreamManager } from '@nats-io/jetstream';
import { applyTopology, connectNats, type ConnectOptions, type HighWaterOptions, type Overload } from '@troupe/jetstream';
import { createHighWater } from '@troupe/jetstream/internal';
import { createSubjects } from '@troupe/protocol';
import { startNatsServer, until } from '@troupe/test-infra';
import { expect } from 'chai';

let count = 0;

async function setup(marks: HighWaterOptions, connection: ConnectOptions = {}, watcher: ConnectOptions = connection) {
  const servers = process.env['TEST_NATS_URL']!;
  const subjects = createSubjects(`hw-${process.pid}-${count++}`);
  const nc = await connectNats({ servers, ...connection });
  const watching = await connectNats({ servers, reconnectWaitMs: 50, ...watcher });
  const jsm = await jetstreamManager(nc);
  await applyTopology(nc, { subjects, partitions: 1, maxLogBytes: 100_000 });
  const changes: (readonly Overload[])[] = [];
  const monitor = createHighWater({ nc: watching, subjects, marks: { everyMs: 50, ...marks }, onChange: (over) => changes.push(over) });
  await monitor.start();
  return {
    nc,
    jsm,
    subjects,
    monitor,
    changes,
    async store(subject: string, times: number, bytes = 1): Promise<void> {
      for (let i = 0; i < times; i++) await nc.request(subject, new Uint8Array(bytes));
    },
    async [Symbol.asyncDispose]() {
      await monitor.stop();
      const names = [...Object.values(subjects.streams), ...Object.values(subjects.buckets).map((b) => `KV_${b}`)];
      for (const name of names) await jsm.streams.delete(name).catch(() => undefined);
      await watching.close();
      await nc.close();
    },
  };
}

const whats = (over: readonly Overload[]): string[] => over.map(({ what }) => what);

describe('the monitor of the high-water marks', () => {
  it('tells when TASKS is over its mark, and when it is below again', async () => {
    await using s = await setup({ tasks: { high: 3, low: 1 } });
    await s.store(s.subjects.task('regular', 'default', 'x'), 2);
    expect(s.monitor.over).to.deep.equal([]);
    await s.store(s.subjects.task('regular', 'default', 'x'), 1);
    await until('it is over', () => s.monitor.over.length === 1);
    expect(s.monitor.over[0]).to.deep.equal({ what: 'tasks', where: s.subjects.streams.tasks, value: 3, high: 3, low: 1 });
    await s.jsm.streams.purge(s.subjects.streams.tasks);
    await until('it is below', () => s.monitor.over.length === 0);
    expect(s.changes.map(whats)).to.deep.equal([['tasks'], []]);
  });

  it('counts mail of all partitions', async () => {
    await using s = await setup({ mail: { high: 4 } });
    for (let i = 0; i < 4; i++) await s.store(s.subjects.mail({ kind: 'operation', key: `o-${i}` }, 'entity'), 1);
    await until('it is over', () => s.monitor.over.length === 1);
    expect(s.monitor.over[0]).to.include({ what: 'mail', value: 4, low: 3 });
  });

  it('sees the limit in bytes that somebody has given to a stream', async () => {
    await using s = await setup({ storage: { high: 0.5 } });
    const name = s.subjects.streams.mail;
    const { config } = await s.jsm.streams.info(name);
    await s.jsm.streams.update(name, { ...config, max_bytes: 20_000 });
    await s.store(s.subjects.mail({ kind: 'operation', key: 'o' }, 'entity'), 12, 1_000);
    await until('it is over', () => s.monitor.over.length === 1);
    expect(s.monitor.over[0]).to.include({ what: 'storage', where: name, high: 0.5 });
    expect(s.monitor.over[0]!.value).to.be.within(0.5, 1);
  });

  it('does not count the streams that are full by design', async () => {
    await using s = await setup({ storage: { high: 0.1 }, mail: { high: 1 } });
    await s.store(s.subjects.event(['x']), 90, 1_000);
    // what comes later is seen, so this was looked at and left alone
    await s.store(s.subjects.mail({ kind: 'operation', key: 'o' }, 'entity'), 1);
    await until('the mail is seen', () => s.monitor.over.length > 0);
    expect(whats(s.monitor.over)).to.deep.equal(['mail']);
  });

  it('keeps its judgement through an outage', async () => {
    const server = await startNatsServer();
    try {
      await using s = await setup({ tasks: { high: 1 } }, { servers: server.url, reconnectWaitMs: 50 });
      await s.store(s.subjects.task('regular', 'default', 'x'), 1);
      await until('it is over', () => s.monitor.over.length === 1);
      await server.kill();
      await until('it has not looked for a while', () => (s.monitor.lookedAgoMs() ?? 0) > 300);
      expect(whats(s.monitor.over)).to.deep.equal(['tasks']);
      await server.restart();
      await until('it looks again', () => (s.monitor.lookedAgoMs() ?? 1e9) < 100, 8_000);
      expect(s.changes.map(whats)).to.deep.equal([['tasks']]);
    } finally {
      await server.stop();
    }
  });
});

describe('the monitor of the storage of an account', () => {
  const config = `accounts { A { jetstream { max_file: 2MB }, users: [ { user: all, password: p },
    { user: some, password: p, permissions: { publish: { deny: "$JS.API.INFO" } } } ] } }`;

  it('tells how much of its limit is used', async () => {
    const server = await startNatsServer({ config });
    try {
      await using s = await setup({ storage: { high: 0.6, low: 0.3 } }, { servers: server.url, user: 'all', pass: 'p' });
      await s.store(s.subjects.mail({ kind: 'operation', key: 'o' }, 'entity'), 14, 100_000);
      await until('it is over', () => s.monitor.over.length === 1);
      expect(s.monitor.over[0]).to.include({ what: 'storage', where: 'account file' });
      await s.jsm.streams.purge(s.subjects.streams.mail);
      await until('it is below', () => s.monitor.over.length === 0);
    } finally {
      await server.stop();
    }
  });

  it('goes on without the account where it may not ask, and asks once', async () => {
    const server = await startNatsServer({ config });
    try {
      const at = { servers: server.url, pass: 'p' };
      await using s = await setup({ storage: { high: 0.1 }, mail: { high: 1 } }, { ...at, user: 'all' }, { ...at, user: 'some' });
      await s.store(s.subjects.mail({ kind: 'operation', key: 'o' }, 'entity'), 3, 100_000);
      await until('the mail is seen', () => s.monitor.over.length > 0);
      expect(whats(s.monitor.over)).to.deep.equal(['mail']);
      const { readFileSync } = await import('node:fs');
      const refusals = readFileSync(server.logFile, 'utf8').match(/Publish Violation.*\$JS\.API\.INFO/g);
      expect(refusals).to.have.lengthOf(1);
    } finally {
      await server.stop();
    }
  });
});
