import { attempt, chain, createExecutor, group, step } from '@troupe/executor';
import type { WireError } from '@troupe/protocol';
import { Fatal } from '@troupe/task';
import { expect } from 'chai';
import { createStage } from '../support/stage.ts';
import { act, type Hand, play, Thing } from './app.ts';

const circular = (): object => {
  const one: { self?: object; name: string } = { name: 'circular' };
  one.self = one;
  return one;
};
const raise = (thrown: unknown): never => {
  throw thrown;
};
const megabytes = (n: number): string => 'x'.repeat(n * 1_048_576);

/** What a handler does, and what the operation must say of it. Attempts: what cannot be encoded is no reason to try again. */
const poisons: readonly { readonly name: string; readonly hand: Hand; readonly attempts: number; readonly error: Partial<WireError> }[] = [
  { name: 'a throw of a circular object', hand: () => raise(circular()), attempts: 2, error: { code: 'step_failed' } },
  { name: 'an output of 5 MB', hand: () => megabytes(5), attempts: 1, error: { code: 'output_too_large' } },
  { name: 'an error with a message of 5 MB', hand: () => raise(new Error(megabytes(5))), attempts: 2, error: { code: 'step_failed' } },
  { name: 'a throw of a text', hand: () => raise('just text'), attempts: 2, error: { code: 'step_failed' } },
  { name: 'a throw of nothing', hand: () => raise(undefined), attempts: 2, error: { code: 'step_failed' } },
  {
    name: 'an error whose getters throw',
    hand: () => raise(Object.defineProperty(new Error('mine'), 'code', { get: () => raise(new Error('the getter')) })),
    attempts: 2,
    error: { code: 'step_failed' },
  },
  {
    name: 'an error that refuses to be looked at',
    hand: () => raise(new Proxy(new Error('mine'), { get: () => raise(new Error('no')), getPrototypeOf: () => raise(new Error('no')) })),
    attempts: 2,
    error: { code: 'step_failed' },
  },
];

/** On TEST_NATS_URL. */
describe('C9 errors', function () {
  this.timeout(30_000);

  for (const { name, hand, attempts, error: wanted } of poisons) {
    it(`C9 ${name} fails its step, is kept in bounds, and stops nobody`, async () => {
      const { ran, appOf } = play({ plans: { poison: () => step('a', act, {}), well: () => step('b', act, {}) }, hands: { a: hand } });
      await using stage = await createStage(appOf);
      const { outcome, error, info } = await stage.run('poison');
      expect({ outcome, code: error?.code, ran: ran.length }).to.deep.equal({ outcome: 'failed', code: wanted.code, ran: attempts });
      expect(JSON.stringify(info).length).to.be.below(60_000);
      expect(error!.message).to.not.equal('');
      expect(await stage.run('well')).to.include({ outcome: 'succeeded' });
      await stage.expectClean();
    });
  }

  it('C9 what is circular in an output becomes text, and is no reason to run again', async () => {
    const { ran, appOf } = play({ plans: { odd: () => step('a', act, {}) }, hands: { a: () => ({ id: 'x', rest: circular() }) } });
    await using stage = await createStage(appOf);
    const { outcome, error } = await stage.run('odd');
    expect({ outcome, error, ran }).to.deep.equal({ outcome: 'succeeded', error: undefined, ran: ['a'] });
    await stage.expectClean();
  });

  it('C9 a missing resource and one of a kind that the executor does not take are two errors, before anything runs', async () => {
    const change = createExecutor({ name: 'change', family: 'update', resource: Thing, plan: () => step('a', act, {}) });
    const { ran, appOf } = play({ executors: [change] });
    await using stage = await createStage(appOf);
    const codes: string[] = [];
    for (const resource of [
      { kind: 'thing', id: 'nowhere' },
      { kind: 'stranger', id: 'x' },
    ]) {
      const { answer } = await stage.client.execute({ executor: 'change', resource });
      codes.push(answer.answer === 'rejected' ? answer.error.code : answer.answer);
    }
    expect({ codes, ran }).to.deep.equal({ codes: ['unknown_resource', 'unknown_kind'], ran: [] });
    await stage.expectClean();
  });

  it('C9 a resource that vanishes while its operation runs ends it as gone, without a retry; what needs no row is cleaned up', async () => {
    const change = createExecutor({
      name: 'change',
      family: 'update',
      resource: Thing,
      plan: () =>
        attempt({
          body: chain(step('a', act, {}), step('b', act, {}, { transition: 'beginUpdating' })),
          finally: step('cleanup', act, {}),
        }),
    });
    let wipe: () => Promise<void> = async () => undefined;
    const { ran, appOf } = play({ executors: [change], hands: { a: () => wipe() } });
    await using stage = await createStage(appOf);
    const ref = await stage.insert('thing', 't', {}, { state: 'OK', backendId: 'b' });
    wipe = () => stage.wipe(ref);
    const { outcome, error } = await stage.run('change', ref);
    expect({ outcome, code: error?.code, last: ran.at(-1) }).to.deep.equal({ outcome: 'aborted', code: 'resource_gone', last: 'cleanup' });
    expect(ran.filter((name) => name === 'cleanup')).to.have.length(1);
    await stage.expectClean();
  });

  it('C9 the first error is shown, later ones join its history, those of its handling too', async () => {
    const no = (name: string) => (): never => raise(new Fatal(`${name} is broken`, { code: name }));
    const { ran, appOf } = play({
      plans: {
        all: () =>
          attempt({
            body: group({ policy: 'waitAll' }, step('first', act, {}), chain(step('wait', act, {}), step('second', act, {}))),
            finally: step('third', act, {}),
          }),
      },
      hands: { first: no('first'), second: no('second'), third: no('third') },
    });
    await using stage = await createStage(appOf);
    const { outcome, error, info } = await stage.run('all');
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'first' });
    expect(ran.at(-1)).to.equal('third');
    const log = info.log.map((entry) => entry.error.code);
    expect(log).to.include.members(['first', 'second', 'third', 'compensation_failed']);
    await stage.expectClean();
  });

  it('C9 a forced delete that fails removes the row, and keeps its error and the orphan', async () => {
    const remove = createExecutor({
      name: 'remove',
      family: 'delete',
      resource: Thing,
      plan: () => step('a', act, {}, { transition: 'beginDeleting' }),
    });
    const { appOf } = play({ executors: [remove], hands: { a: () => raise(new Fatal('it is locked', { code: 'locked' })) } });
    await using stage = await createStage(appOf);
    const healthy = await stage.insert('thing', 'healthy', {}, { state: 'OK', backendId: 'b1' });
    const broken = await stage.insert('thing', 'broken', {}, { state: 'ERRED', backendId: 'b2' });
    const first = await stage.run('remove', healthy);
    expect({ outcome: first.outcome, orphans: first.info.orphans }).to.deep.equal({ outcome: 'failed', orphans: undefined });
    expect(await stage.row(healthy)).to.deep.include({ state: 'ERRED' });
    expect((await stage.row(healthy))?.error).to.include({ code: 'locked', message: 'it is locked' });
    // ERRED, so by force
    const { outcome, info } = await stage.run('remove', broken);
    expect({ outcome, code: info.error?.code, logged: info.log.map(({ error }) => error.code) }).to.deep.equal({
      outcome: 'failed',
      code: 'locked',
      logged: ['locked'],
    });
    expect(info.orphans).to.deep.equal([
      { kind: 'thing', id: 'broken', backendId: 'b2', error: { code: 'locked', message: 'it is locked' } },
    ]);
    expect(await stage.rows(broken)).to.deep.equal(['broken gone']);
    await stage.expectClean();
  });
});
