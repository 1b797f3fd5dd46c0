// needs TEST_NATS_URL
import { once } from 'node:events';
import { startProxy, until } from '@troupe/test-infra';
import { expect } from 'chai';
import { members, shape } from './app.ts';
import { type Installation, startInstallation } from './installation.ts';

/** One step after the group, given what each member has put out; every message of a task is one attempt, and nothing waits any more. */
async function joinedOnce(s: Installation, id = 'o'): Promise<void> {
  const end = await s.client.follow(id).ended();
  expect([end.outcome, end.error]).to.deep.equal(['succeeded', undefined]);
  const { mail, tasks } = s.runtime.subjects.streams;
  await until('everything is folded', async () => (await s.left(mail)) + (await s.left(tasks)) === 0, 10_000);
  expect(s.sent()).to.deep.equal([...members, 'join'].sort());
  expect(s.told.filter(({ what }) => what === 'join').map(({ body }) => body)).to.deep.equal([
    { all: members.map((name) => `by ${name}`) },
  ]);
  const ended = s.published.filter(({ subject }) => subject.includes('.event.operation.') && subject.endsWith('.ended'));
  expect(new Set(ended.map(({ id: event }) => event)).size).to.equal(1);
}

describe('G2 a group joins exactly once, whatever dies', function () {
  this.timeout(60_000);

  it('kill -9 of the worker on member 7 of 10', async () => {
    await using s = await startInstallation();
    await s.serve('supervisor');
    const doomed = await s.process('worker');
    const died = once(doomed, 'exit');
    s.on('m7', () => void (doomed.killed || doomed.kill('SIGKILL')));
    await s.client.execute({ executor: 'gather', id: 'o' });
    expect((await died)[1]).to.equal('SIGKILL');
    await s.process('worker');
    await joinedOnce(s);
    expect(s.told.filter(({ what }) => what === 'm7')).to.have.length(2);
  });

  it('kill -9 of the supervisor between the sends of the 4th and the 5th member', async () => {
    await using s = await startInstallation();
    await s.serve('worker');
    const doomed = await s.process('supervisor', { tasks: 4 });
    const died = once(doomed, 'exit');
    s.client.execute({ executor: 'gather', id: 'o' }).catch(() => undefined);
    expect((await died)[1]).to.equal('SIGKILL');
    expect(s.tasks().map(({ step }) => step)).to.deep.equal(members.slice(0, 4));
    await s.process('supervisor');
    await joinedOnce(s);
    // those that were out are sent again, under the ids that they had
    expect(s.tasks().length).to.be.greaterThan(11);
  });

  it('a result that cannot be stored in time, and comes late while the group still waits for another member', async () => {
    await using s = await startInstallation();
    await using proxy = await startProxy(s.url);
    await s.serve('supervisor');
    await s.serve('worker', proxy.url);
    const outcomes = (of: string) => s.published.filter(({ subject, body }) => subject.includes('.mail.') && body.includes(of)).length;
    const { mail } = s.runtime.subjects.streams;
    let letGo = (): void => undefined;
    const last = new Promise<void>((resolve) => (letGo = resolve));
    s.on('m10', () => last);
    let isStuck = false;
    s.on('m7', async () => {
      if (isStuck) return;
      // the others are through: what is stuck is the outcome of this one
      await until('eight have ended', () => outcomes('"by m') === 8);
      proxy.stall('both');
      isStuck = true;
    });
    await s.client.execute({ executor: 'gather', id: 'o' });
    await until('an outcome is stuck', () => isStuck, 10_000);
    await s.serve('worker');
    await until('another worker has done its work', () => outcomes('"by m7"') === 1, 15_000);
    const before = performance.now();
    await until('the server has forgotten its id', () => performance.now() - before > 1.5 * shape.dedupWindowMs);
    const stored = await s.last(mail);
    proxy.resume();
    await until('the late outcome is stored', async () => outcomes('"by m7"') === 2 && (await s.last(mail)) > stored, 20_000);
    await until('it is folded', async () => (await s.left(mail)) === 0);
    letGo();
    await joinedOnce(s);
    expect(s.told.filter(({ what }) => what === 'm7')).to.have.length(2);
  });
});
