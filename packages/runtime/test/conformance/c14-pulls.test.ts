import { createExecutor, createPull, step } from '@troupe/executor';
import { Declined, Fatal, withPatch } from '@troupe/task';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { createStage } from '../support/stage.ts';
import { act, type Hand, play, Thing } from './app.ts';

const pull = createPull({
  name: 'pull',
  resource: Thing,
  broken: ['cloud_error'],
  look: () => step('look', act, {}, { retry: { attempts: 1 } }),
});
const update = createExecutor({ name: 'update', family: 'update', resource: Thing, plan: () => step('update', act, {}) });

async function setup(hands: Record<string, Hand>) {
  const { appOf, ran } = play({ executors: [pull, update], hands });
  const stage = await createStage(appOf);
  const ref = await stage.insert('thing', 't', {}, { state: 'OK', backendId: 'b' });
  return { stage, ref, ran, [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose]() };
}

/** On TEST_NATS_URL. */
describe('C14 pulls on a server', function () {
  this.timeout(30_000);

  it('C14 ERRED and recovered again: gone, broken and quiet, fine', async () => {
    let found: () => unknown = () => null;
    await using s = await setup({ look: () => found() });
    const pulled = async (): Promise<unknown[]> => {
      const end = await s.stage.run('pull', s.ref);
      const row = await s.stage.row(s.ref);
      return [end.outcome, (end.output as { found?: string }).found, row?.state, row?.error?.code, row?.runtimeState];
    };
    found = () => {
      throw new Fatal('there is no such thing', { code: 'missing_on_backend', userMessage: 'It was removed.' });
    };
    expect(await pulled()).to.deep.equal(['succeeded', 'gone', 'ERRED', 'missing_on_backend', '']);
    expect((await s.stage.row(s.ref))?.error).to.deep.include({ userMessage: 'It was removed.' });
    found = () => {
      throw new Fatal('no', { code: 'cloud_error' });
    };
    expect(await pulled()).to.deep.equal(['succeeded', 'broken', 'ERRED', 'missing_on_backend', '']);
    found = () => withPatch(null, { runtimeState: 'ready' });
    expect(await pulled()).to.deep.equal(['succeeded', 'fine', 'OK', undefined, 'ready']);
    const { revision } = (await s.stage.row(s.ref))!;
    expect(await pulled()).to.deep.equal(['succeeded', 'fine', 'OK', undefined, 'ready']);
    expect((await s.stage.row(s.ref))?.revision, 'nothing was new').to.equal(revision);
    await s.stage.expectClean();
  });

  it('C14 a pull that ends while an operation has begun changes nothing of it', async () => {
    let letGo = (): void => undefined;
    let finish = (): void => undefined;
    const looked = new Promise<void>((resolve) => (letGo = resolve));
    const done = new Promise<void>((resolve) => (finish = resolve));
    await using s = await setup({
      look: async () => {
        await looked;
        throw new Fatal('there is no such thing', { code: 'missing_on_backend' });
      },
      update: () => done,
    });
    const pulling = await s.stage.client.execute({ executor: 'pull', resource: s.ref });
    await until('it looks', () => s.ran.includes('look'));
    const updating = await s.stage.client.execute({ executor: 'update', resource: s.ref });
    await until('it updates', () => s.ran.includes('update'));
    letGo();
    const end = await pulling.ended();
    expect(end).to.include({ outcome: 'superseded' });
    expect(end.error?.message).to.contain(updating.id);
    expect((await s.stage.row(s.ref))?.state).to.equal('UPDATING');
    finish();
    expect(await updating.ended()).to.include({ outcome: 'succeeded' });
    expect((await s.stage.row(s.ref))?.state).to.equal('OK');
    await s.stage.expectClean();
  });

  it('S23 S24 a step that declines is passed over, and its attempt has a span like any other', async () => {
    await using s = await setup({
      update: () => {
        throw new Declined('not of this cloud');
      },
    });
    const end = await s.stage.run('update', s.ref, { context: { correlation: 'c-1' } });
    expect(end).to.include({ outcome: 'succeeded' });
    expect(s.stage.told.filter(({ type }) => type === 'span').map((span) => ({ ...span }))).to.have.length(1);
    const [span] = s.stage.told.filter(({ type }) => type === 'span');
    expect(span).to.deep.include({ operation: end.info.id, step: 'update', outcome: 'failed', resource: s.ref, class: 'regular' });
    expect(span).to.have.nested.property('context.correlation', 'c-1');
    const skipped = s.stage.witness.events.find(({ topic }) => topic.at(-1) === 'skipped');
    expect(skipped?.body).to.deep.include({ step: 'update', reason: 'declined', message: 'not of this cloud' });
  });
});
