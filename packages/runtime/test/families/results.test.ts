import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { createStage } from '../support/stage.ts';
import { results } from './results.ts';

/** On TEST_NATS_URL. */
describe('F21 polls for what a call has put out', function () {
  this.timeout(30_000);

  it('F21 DigitalOcean: a droplet is provisioning until the action of its create is completed, then online', async () => {
    await using stage = await createStage(results);
    stage.backend.make('action of d', ['in-progress', 'in-progress', 'completed']);
    const ref = await stage.insert('droplet', 'd');
    const { outcome, error } = await stage.run('droplet.create', ref);
    expect({ outcome, error }).to.deep.equal({ outcome: 'succeeded', error: undefined });
    expect(stage.backend.steps()).to.deep.equal(['droplet.create d', 'action.look action of d']);
    expect(stage.backend.count('action.look')).to.equal(3);
    expect(await stage.rows(ref)).to.deep.equal(['d OK online']);
    await stage.expectClean();
  });

  it('F21 DigitalOcean: an action that failed says so', async () => {
    await using stage = await createStage(results);
    stage.backend.make('action of d', ['in-progress', 'errored']);
    const ref = await stage.insert('droplet', 'd');
    const { outcome, error } = await stage.run('droplet.create', ref);
    expect({ outcome, code: error?.code, message: error?.message }).to.deep.equal({
      outcome: 'failed',
      code: 'poll_failed',
      message: 'the action is errored',
    });
    expect(await stage.rows(ref)).to.deep.equal(['d ERRED broken']);
    await stage.expectClean();
  });

  it('F21 DigitalOcean, trap: the id of the action is not lost between two steps, though the supervisor is another one', async () => {
    await using stage = await createStage(results);
    stage.backend.make('action of d', ['in-progress']);
    const handle = await stage.client.execute({ executor: 'droplet.create', resource: await stage.insert('droplet', 'd') });
    await until('the action is looked at', () => stage.backend.count('action.look') > 0);
    await stage.restart('supervisor');
    const looks = stage.backend.count('action.look');
    await until('the new one looks at it too', () => stage.backend.count('action.look') > looks + 1);
    stage.backend.say('action of d', 'completed');
    expect(await handle.ended()).to.include({ outcome: 'succeeded' });
    expect(new Set(stage.backend.calls.filter(({ verb }) => verb === 'action.look').map(({ name }) => name))).to.deep.equal(
      new Set(['action of d']),
    );
    expect(stage.backend.count('droplet.create')).to.equal(1);
    await stage.expectClean();
  });

  it('F21 DigitalOcean, trap: a create that puts out no id fails by name, and nothing is polled', async () => {
    await using stage = await createStage(results);
    stage.backend.make('forgetful', []);
    const { outcome, error } = await stage.run('droplet.create', await stage.insert('droplet', 'd'));
    expect({ outcome, code: error?.code, field: error?.field }).to.deep.equal({
      outcome: 'failed',
      code: 'invalid_output',
      field: 'output.actionId',
    });
    expect(stage.backend.count('action.look')).to.equal(0);
    await stage.expectClean();
  });

  for (const { word, result } of [
    { word: 'OK', result: 'OK' },
    { word: 'refused by the user', result: 'canceled' },
  ]) {
    it(`F21 Valimo, trap: of three ends ${result} is a success that says so, and leaves no error`, async () => {
      await using stage = await createStage(results);
      stage.backend.make('transaction of l', ['processing', 'processing', word]);
      const ref = await stage.insert('login', 'l');
      const { outcome, output, error } = await stage.run('login', ref);
      expect({ outcome, output, error }).to.deep.equal({ outcome: 'succeeded', output: { result }, error: undefined });
      expect(await stage.row(ref)).to.include({ state: 'OK', runtimeState: result, error: null });
      expect(stage.backend.count('login.look')).to.equal(3);
      await stage.expectClean();
    });
  }

  it('F21 Valimo: a login that nobody answers in time is the third end, an error', async () => {
    await using stage = await createStage(results);
    stage.backend.make('transaction of l', ['processing']);
    const ref = await stage.insert('login', 'l');
    const { outcome, output, error } = await stage.run('login', ref);
    expect({ outcome, output, code: error?.code }).to.deep.equal({ outcome: 'failed', output: undefined, code: 'poll_timeout' });
    expect(error!.message).to.match(/processing/);
    expect(await stage.rows(ref)).to.deep.equal(['l ERRED processing']);
    await stage.expectClean();
  });

  it('F21 Lexis: project, connection, key, then the directory; a step is retried as often as it says', async () => {
    await using stage = await createStage(results);
    stage.backend.fail('connect', () => new Error('not yet'), 2);
    const ref = await stage.insert('link', 'x');
    expect(await stage.run('link.create', ref)).to.include({ outcome: 'succeeded' });
    expect(stage.backend.steps()).to.deep.equal(['project x', 'connect x', 'key x', 'directory x']);
    expect(stage.backend.count('connect')).to.equal(3);
    expect(await stage.rows(ref)).to.deep.equal(['x OK']);
    await stage.expectClean();
  });

  it('F21 Lexis, trap: retries end when they are used up, and options that nobody reads are refused with their place', async () => {
    await using stage = await createStage(results);
    stage.backend.fail('connect', () => new Error('never'), 9);
    const { outcome, info } = await stage.run('link.create', await stage.insert('link', 'x'));
    expect({ outcome, attempts: stage.backend.count('connect'), failed: info.failedStep }).to.deep.equal({
      outcome: 'failed',
      attempts: 3,
      failed: 'connect',
    });
    const wrong = await stage.run('link.wrongly', await stage.insert('link', 'y'));
    expect({ code: wrong.error?.code, field: wrong.error?.field }).to.deep.equal({
      code: 'invalid_plan',
      field: 'plan.0.retry.max_retries',
    });
    expect(stage.backend.count('connect')).to.equal(3);
    await stage.expectClean();
  });
});
