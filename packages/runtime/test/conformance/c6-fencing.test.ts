import { createExecutor, poll, step } from '@troupe/executor';
import { encodeMail } from '@troupe/jetstream/internal';
import type { TaskMessage } from '@troupe/protocol';
import { seizeWrite } from '@troupe/resource';
import { createKvResourceStore } from '@troupe/jetstream';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { createStage } from '../support/stage.ts';
import { act, play, Thing } from './app.ts';

const resize = createExecutor({
  name: 'resize',
  family: 'update',
  resource: Thing,
  plan: () => poll('look', act, { until: { runtimeState: ['ready'] }, every: '20ms', for: '1h' }),
});
const remove = createExecutor({ name: 'remove', family: 'delete', resource: Thing, plan: () => step('remove', act, {}) });

/** A resize whose first look has been asked for and not answered. */
async function polling() {
  let letGo = (): void => undefined;
  const over = new Promise<void>((resolve) => (letGo = resolve));
  const { ran, appOf } = play({ executors: [resize, remove], hands: { look: () => over, remove: () => over } });
  const stage = await createStage(appOf);
  const ref = await stage.insert('thing', 't', {}, { state: 'OK', backendId: 'b' });
  const operation = await stage.client.execute({ executor: 'resize', id: 'resize', resource: ref });
  await until('it looks', () => ran.includes('look'));
  const { nc, publisher, subjects } = stage.runtime;
  const sent = stage.witness.messages.find(({ subject }) => subjects.parseTask(subject) !== undefined)!;
  const task = JSON.parse(sent.body) as TaskMessage;
  const left = async (): Promise<number> =>
    (await nc.request(`$JS.API.STREAM.INFO.${subjects.streams.mail}`)).json<{ state: { messages: number } }>().state.messages;
  return {
    stage,
    ref,
    operation,
    ran,
    letGo,
    /** What a worker says that had stood still: the poll has reached its goal. Resolves when it is folded. */
    async lateSuccess(): Promise<void> {
      const outcome = { kind: 'succeeded', output: null, patch: { runtimeState: 'ready' } } as const;
      const times = { startedAt: task.orderedAt, endedAt: stage.runtime.serverNow() };
      const body = { step: task.step!, attempt: task.attempt, token: task.token, outcome, worker: 'late', ...times };
      const mail = encodeMail({ id: 'late', type: 'task.ended', body } as never);
      await publisher.publish(subjects.mail(task.replyTo!, `task-${act.pool}`), mail, { id: 'late' });
      await until('all mail is folded', async () => (await left()) === 0);
    },
    async [Symbol.asyncDispose]() {
      letGo();
      await stage[Symbol.asyncDispose]();
    },
  };
}

/** On TEST_NATS_URL. */
describe('C6 fencing', function () {
  this.timeout(30_000);

  it('C6 without a cancel, the very same outcome ends the poll well', async () => {
    await using s = await polling();
    await s.lateSuccess();
    expect(await s.operation.ended()).to.include({ outcome: 'succeeded' });
    expect(await s.stage.row(s.ref)).to.include({ state: 'OK', runtimeState: 'ready' });
  });

  it('C6 a success that comes after a cancel changes neither the row nor the operation', async () => {
    await using s = await polling();
    const { epoch } = (await s.stage.row(s.ref))!;
    await s.stage.client.cancel('resize');
    expect(await s.operation.ended()).to.include({ outcome: 'cancelled' });
    const row = await s.stage.row(s.ref);
    expect(row).to.include({ state: 'ERRED', runtimeState: '', currentOperation: null });
    expect(row!.epoch).to.be.greaterThan(epoch);
    const view = await s.stage.client.operation('resize');
    await s.lateSuccess();
    expect(await s.stage.row(s.ref)).to.deep.equal(row);
    expect(await s.stage.client.operation('resize')).to.deep.equal(view);
    await s.stage.expectClean();
  });

  it('C6 a success that comes after an unlink brings nothing back: its operation ends as gone', async () => {
    await using s = await polling();
    await s.stage.wipe(s.ref);
    await s.lateSuccess();
    const { outcome, error } = await s.operation.ended();
    expect([outcome, error?.code]).to.deep.equal(['aborted', 'resource_gone']);
    expect(await s.stage.row(s.ref)).to.equal(undefined);
    expect(s.stage.witness.states(s.ref).at(-1)).to.equal('removed');
    await s.stage.expectClean();
  });

  it('C6 a success for a row that somebody else has taken over changes nothing of it, and ends superseded', async () => {
    await using s = await polling();
    const { nc, publisher, subjects } = s.stage.runtime;
    const store = createKvResourceStore({ nc, publisher, subjects, serverNow: () => s.stage.runtime.serverNow() });
    await store.write(seizeWrite(s.ref, 'newer'), { turn: 1, effect: 'seized' });
    const row = await s.stage.row(s.ref);
    expect(row).to.include({ currentOperation: 'newer' });
    await s.lateSuccess();
    const { outcome, error } = await s.operation.ended();
    expect([outcome, error?.code]).to.deep.equal(['superseded', 'superseded']);
    expect(await s.stage.row(s.ref)).to.deep.equal(row);
  });

  it('C6 a success that comes while a delete has the row after a cancel leaves the row to the delete', async () => {
    await using s = await polling();
    await s.stage.client.cancel('resize');
    await s.operation.ended();
    const removal = await s.stage.client.execute({ executor: 'remove', id: 'remove', resource: s.ref });
    await until('it removes', () => s.ran.includes('remove'));
    const row = await s.stage.row(s.ref);
    expect(row).to.include({ state: 'DELETING', currentOperation: 'remove' });
    await s.lateSuccess();
    expect(await s.stage.row(s.ref)).to.deep.equal(row);
    s.letGo();
    expect(await removal.ended()).to.include({ outcome: 'succeeded' });
    expect(await s.stage.row(s.ref)).to.equal(undefined);
    expect(await s.stage.client.operation('resize')).to.include({ outcome: 'cancelled' });
    expect(s.stage.witness.states(s.ref)).to.deep.equal([
      'OK',
      'UPDATE_SCHEDULED',
      'UPDATING',
      'ERRED',
      'DELETION_SCHEDULED',
      'DELETING',
      'removed',
    ]);
    await s.stage.expectClean();
  });
});
