import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { createStage } from '../support/stage.ts';
import { scripts } from './script.ts';

/** On TEST_NATS_URL, all of it with a single slot for heavy tasks. */
describe('F22 orders by scripts', function () {
  this.timeout(30_000);

  it('F22 the job is started, looked at and read; the last line of its output is the backend id; all of it heavy', async () => {
    await using stage = await createStage(scripts);
    const ref = await stage.insert('order', 'o');
    const { outcome, error } = await stage.run('order.run', ref, { input: { script: 'works' } });
    expect({ outcome, error }).to.deep.equal({ outcome: 'succeeded', error: undefined });
    expect(stage.backend.steps()).to.deep.equal(['job.start order-o', 'job.look order-o', 'job.read order-o']);
    expect(await stage.row(ref)).to.include({ state: 'OK', backendId: 'backend-of-order-o' });
    expect(stage.witness.states(ref)).to.deep.equal(['CREATION_SCHEDULED', 'CREATING', 'OK']);
    expect(stage.witness.classes()).to.deep.equal(['heavy']);
    await stage.expectClean();
  });

  it('F22 trap: the name of the job is the token, so a start whose answer is lost starts no second job', async () => {
    await using stage = await createStage(scripts);
    stage.backend.loseAnswer('job.start', () => new Error('connection reset'));
    const { outcome } = await stage.run('order.run', await stage.insert('order', 'o'), { input: { script: 'works' } });
    expect(outcome).to.equal('succeeded');
    expect(stage.backend.count('job.start')).to.equal(2);
    expect(stage.backend.names('order-')).to.deep.equal(['order-o']);
    await stage.expectClean();
  });

  it('F22 trap: nothing waits in a handler: with one slot, one order ends while the job of another still runs', async () => {
    await using stage = await createStage(scripts);
    const slow = await stage.client.execute({
      executor: 'order.run',
      resource: await stage.insert('order', 'slow'),
      input: { script: 'hangs' },
    });
    await until('the slow job runs', () => stage.backend.has('order-slow'));
    expect(await stage.run('order.run', await stage.insert('order', 'quick'), { input: { script: 'works' } })).to.include({
      outcome: 'succeeded',
    });
    expect((await stage.client.operation(slow.id))?.status).to.equal('running');
    stage.backend.say('order-slow', 'exit 0');
    expect(await slow.ended()).to.include({ outcome: 'succeeded' });
    expect(stage.backend.peak).to.equal(1);
    await stage.expectClean();
  });

  it('F22 a job that does not end in time is given up, in words that a user understands', async () => {
    await using stage = await createStage(scripts);
    const ref = await stage.insert('order', 'o');
    const { outcome, error } = await stage.run('order.run', ref, { input: { script: 'hangs' } });
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'poll_timeout' });
    expect(error!.message).to.match(/^exit waited 2s for done/);
    expect(await stage.rows(ref)).to.deep.equal(['o ERRED']);
    await stage.expectClean();
  });

  it('F22 a script that fails is not started again', async () => {
    await using stage = await createStage(scripts);
    const ref = await stage.insert('order', 'o');
    const { outcome, error } = await stage.run('order.run', ref, { input: { script: 'fails' } });
    expect({ outcome, message: error?.message }).to.deep.equal({ outcome: 'failed', message: 'the script ended with exit 3' });
    expect(stage.backend.count('job.start')).to.equal(1);
    expect(await stage.rows(ref)).to.deep.equal(['o ERRED']);
    await stage.expectClean();
  });

  it('F22 a script that says no id has not created anything that could be named', async () => {
    await using stage = await createStage(scripts);
    const ref = await stage.insert('order', 'o');
    const { outcome, error } = await stage.run('order.run', ref, { input: { script: 'says nothing' } });
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'no_backend_id' });
    await stage.expectClean();
  });

  it('F22 trap: a dry run whose script fails ends failed, one whose script works ends well', async () => {
    await using stage = await createStage(scripts);
    const failed = await stage.run('order.dryRun', undefined, { input: { script: 'fails' } });
    expect({ outcome: failed.outcome, message: failed.error?.message }).to.deep.equal({
      outcome: 'failed',
      message: 'the script ended with exit 3',
    });
    expect(await stage.run('order.dryRun', undefined, { input: { script: 'works' } })).to.include({ outcome: 'succeeded' });
    await stage.expectClean();
  });

  it('F22 pulls: a job per resource, each its own', async () => {
    await using stage = await createStage(scripts);
    const refs = await Promise.all(['a', 'b', 'c'].map((id) => stage.insert('item', id, {}, { state: 'OK', backendId: id })));
    const ends = await Promise.all(refs.map((ref) => stage.run('item.pull', ref)));
    expect(ends.map(({ outcome }) => outcome)).to.deep.equal(['succeeded', 'succeeded', 'succeeded']);
    expect(stage.backend.names('pull-').map((name) => name.split('-')[1])).to.deep.equal(['a', 'b', 'c']);
    await stage.expectClean();
  });
});
