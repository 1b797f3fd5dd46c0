// needs TEST_NATS_URL
import { createExecutor, step } from '@troupe/executor';
import { encodeMail } from '@troupe/jetstream/internal';
import { encodeJson } from '@troupe/protocol';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { everyTimeDecided } from '../schedules/coverage.ts';
import { startSchedules, sync } from '../schedules/installation.ts';

const quota = { code: 'quota_exceeded', message: 'the tenant has no backups left' };
const backup = createExecutor({ name: 'backup', family: 'free', plan: () => step('create', sync, {}) });
const full = createExecutor({ name: 'full', family: 'free', plan: () => step('create', sync, {}) });

describe('C12 schedules', () => {
  it('S92 one tick that comes four times makes one operation, and the command of the same nominal time sent once more makes none', async () => {
    await using s = await startSchedules({ executors: [backup] });
    await s.start('supervisor', 'worker', 'scheduler');
    const { publisher, subjects } = s.runtime;
    const to = { kind: 'schedule', key: 'nightly' };
    // so that the next nominal time is not upon us
    await s.schedules.define('nightly', { every: '3s', execute: { executor: 'backup' } });
    const { timer, next } = (await s.root('nightly'))!;
    const mail = encodeMail({ id: timer!.id, type: 'timer.tick', body: null, from: to, timer: timer!.id });
    const target = subjects.due(to);
    for (let n = 0; n < 3; n++) await publisher.publish(subjects.timer(to, `copy-${n}`), mail, { schedule: { atMs: timer!.at, target } });
    const operation = `schedule.nightly.${new Date(next!).toISOString().replaceAll(':', '')}`;
    await until('its operation has ended', async () => (await s.client.operation(operation))?.outcome === 'succeeded', 20_000);
    await s.schedules.pause('nightly');
    await until('it is paused', async () => (await s.root('nightly'))!.status === 'paused');
    everyTimeDecided(await s.outcomes('nightly'), 3_000);
    const runs = (): number => s.calls.length;
    const before = runs();
    const ran = (await s.outcomes('nightly')).filter(({ what }) => what === 'ran');
    expect(before).to.equal(ran.length);
    // as a schedule says it that has forgotten: its command finds the operation there
    await publisher.publish(
      subjects.mail({ kind: 'operation', key: operation }, 'entity'),
      encodeMail({
        id: 'again',
        type: 'child',
        from: to,
        body: {
          command: { v: 1, id: operation, executor: 'backup', input: null, createdAt: new Date(next!).toISOString() },
          parent: { kind: 'schedule', operation: 'nightly', node: new Date(next!).toISOString(), leases: [] },
        },
      }),
    );
    await until('the mail is folded', async () => (await mailOf(s)) === 0);
    expect(runs()).to.equal(before);
  }).timeout(60_000);

  it('S94 an error of quota pauses it with its message, and nothing more is created', async () => {
    await using s = await startSchedules({ executors: [full] });
    const isOfOperation = (token: string): boolean => !token.startsWith('schedule:');
    s.does(({ idempotencyToken }) => {
      if (isOfOperation(idempotencyToken)) throw Object.assign(new Error(quota.message), { code: quota.code });
    });
    await s.start('supervisor', 'worker', 'scheduler');
    await s.schedules.define('nightly', { every: '1s', pauseOn: [quota.code], execute: { executor: 'full' } });
    await until('it has failed', async () => (await s.outcomes('nightly')).some((one) => one.ended === 'failed'), 30_000);
    const info = (await s.schedules.show('nightly'))!;
    expect(info.status).to.equal('paused');
    expect(info.text).to.contain('by itself after a failure').and.contain(quota.message);
    const tries = (): number => s.calls.filter(({ token }) => isOfOperation(token)).length;
    const before = tries();
    await s.schedules.define('control', { every: '1s', task: sync });
    await until('another schedule has run twice', () => s.calls.length - tries() >= 2, 20_000);
    expect(tries()).to.equal(before);
    s.does(() => null);
    await s.schedules.resume('nightly', { by: 'ann' });
    await until('it runs again', async () => (await s.outcomes('nightly')).at(-1)?.ended === 'succeeded', 20_000);
  }).timeout(60_000);

  it('S92 one bad schedule harms no other: its turns fail, it is put aside by name, and the others keep their times', async () => {
    await using s = await startSchedules();
    await s.start('worker', 'scheduler');
    await s.schedules.define('good', { every: '1s', task: sync });
    const { publisher, subjects } = s.runtime;
    const bad = { kind: 'schedule', key: 'bad' };
    // what no version of ours writes: a timing that is none
    const root = {
      status: 'active',
      definition: { timing: { cron: 'never' } },
      next: 1,
      waiting: [],
      failures: 0,
      penalty: 0,
      outcomes: [],
      verbs: [],
    };
    await publisher.publish(subjects.state(bad), encodeJson({ v: 1, w: 'n.1', s: root, fx: [], in: [], nx: {} }));
    await publisher.publish(subjects.mail(bad, 'verb'), encodeMail({ id: 'verb.x', type: 'verb.delete', body: {} }));
    await until('it is in quarantine', async () => (await s.schedules.show('bad'))?.quarantine !== undefined, 60_000);
    const all = await s.schedules.list();
    expect(all.map(({ key }) => key)).to.have.members(['good', 'bad']);
    expect(all.find(({ key }) => key === 'bad')).to.include({ status: 'broken' });
    const before = s.calls.length;
    await until('the other goes on', () => s.calls.length >= before + 2, 20_000);
    everyTimeDecided(await s.outcomes('good'), 1_000);
    expect((await s.outcomes('good')).every(({ what }) => what === 'ran' || what === 'coalesced')).to.equal(true);
  }).timeout(120_000);
});

/** Mail that nobody has acknowledged. */
async function mailOf({ runtime: { nc, subjects } }: Awaited<ReturnType<typeof startSchedules>>): Promise<number> {
  return (await nc.request(`$JS.API.STREAM.INFO.${subjects.streams.mail}`, '')).json<{ state: { messages: number } }>().state.messages;
}
