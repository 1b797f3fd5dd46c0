import { expect } from 'chai';
import { applyTopology, connectNats } from '@troupe/jetstream';
import { createHeartbeats, type Heartbeats } from '@troupe/jetstream/internal';
import { createSubjects } from '@troupe/protocol';
import { until } from '@troupe/test-infra';
import { failure, natsUrl } from './support/stream.ts';

let count = 0;

async function setup() {
  const subjects = createSubjects(`hb${process.pid.toString(36)}-${count++}`);
  const admin = await connectNats({ servers: natsUrl() });
  await applyTopology(admin, { subjects, roles: {}, pools: [], storage: 'memory', maxLogBytes: 1_048_576 });
  const ends: (() => Promise<unknown>)[] = [];
  const join = async (hostId: string, role = 'supervisor', ttlMs = 1_000) => {
    const nc = await connectNats({ servers: natsUrl() });
    const changes: (readonly string[])[] = [];
    const heartbeats: Heartbeats = await createHeartbeats({
      nc,
      subjects,
      role,
      hostId,
      ttlMs,
      onChange: (hosts) => changes.push(hosts),
    });
    ends.push(async () => {
      await heartbeats.stop();
      await nc.close();
    });
    return { ...heartbeats, nc, changes };
  };
  return {
    subjects,
    admin,
    join,
    async [Symbol.asyncDispose]() {
      for (const end of ends) await end();
      await admin.close();
    },
  };
}

describe('hosts of a role', () => {
  it('know each other, those that were there before and those that come', async () => {
    await using s = await setup();
    const first = await s.join('a');
    expect(first.hosts()).to.deep.equal(['a']);
    const second = await s.join('b');
    expect(second.hosts()).to.deep.equal(['a', 'b']);
    const third = await s.join('x.y z/ä');
    expect(third.hosts()).to.deep.equal(['a', 'b', 'x.y z/ä']);
    await until('the first knows all', () => first.hosts().length === 3);
    expect(first.changes.at(-1)).to.deep.equal(['a', 'b', 'x.y z/ä']);
  });

  it('do not mix with those of other roles', async () => {
    await using s = await setup();
    await s.join('a', 'supervisor');
    const other = await s.join('b', 'throttle');
    expect(other.hosts()).to.deep.equal(['b']);
  });

  it('say good-bye when they stop, long before they would be missed', async () => {
    await using s = await setup();
    const stays = await s.join('stays', 'supervisor', 60_000);
    const leaves = await s.join('leaves', 'supervisor', 60_000);
    await until('both are known', () => stays.hosts().length === 2);
    await leaves.stop();
    await until('the one that left is gone', () => stays.hosts().length === 1);
  });

  it('are missed when they just fall silent', async () => {
    await using s = await setup();
    const stays = await s.join('stays');
    const dies = await s.join('dies');
    await until('both are known', () => stays.hosts().length === 2);
    await dies.nc.close();
    await until('the silent one is gone', () => stays.hosts().length === 1);
    expect(stays.hosts()).to.deep.equal(['stays']);
    // the server may keep its last word for some tenths of a second longer
    const fresh = await s.join('new');
    await until('who comes later does not know it', () => fresh.hosts().join() === 'new,stays');
  });

  it('stay known for as long as they live, and are told of nothing when nothing changes', async () => {
    await using s = await setup();
    const first = await s.join('a');
    await s.join('b');
    await until('both are known', () => first.hosts().length === 2);
    const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    await wait(1_500);
    expect(first.changes).to.have.length(1);
    // nor when the process stood still: what the others said meanwhile lies in the socket
    const stillUntil = performance.now() + 1_500;
    while (performance.now() < stillUntil);
    await wait(500);
    expect(first.changes).to.have.length(1);
  });

  it('do not start without the bucket', async () => {
    await using s = await setup();
    const subjects = createSubjects(`${s.subjects.ns}-none`);
    const alone = createHeartbeats({ nc: s.admin, subjects, role: 'r', hostId: 'a', onChange: () => undefined });
    expect(await failure(alone)).to.include({ code: 'unavailable' });
  });
});
