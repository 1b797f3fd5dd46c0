import { isTroupeError } from '@troupe/protocol';
import { expect } from 'chai';
import { createStage, type Stage } from '../support/stage.ts';
import { cleanupOf, projects } from './project.ts';

const belongings = ['network/n', 'volume/v1', 'volume/v2', 'instance/i1', 'instance/i2', 'schedule/s'];
const refs = belongings.map((name) => ({ kind: name.split('/')[0]!, id: name.split('/')[1]! }));

async function insertProject(stage: Stage) {
  for (const { kind, id } of refs) {
    await stage.insert(kind, id, {}, { state: 'OK', backendId: `b-${id}` });
    stage.backend.make(`${kind}/${id}`, ['there']);
  }
  return stage.insert('project', 'p', {}, { state: 'OK', backendId: 'b-p' });
}

const locked = (): Error => Object.assign(new Error('it is locked'), { code: 'locked', retryable: false });

/** On TEST_NATS_URL. */
describe('F23 cleanup of a project', function () {
  this.timeout(30_000);

  it('F23 schedules go first, then children before what they belong to, then the project', async () => {
    await using stage = await createStage(projects);
    const project = await insertProject(stage);
    const { outcome, error, info } = await stage.run('project.cleanup', project);
    expect({ outcome, error }).to.deep.equal({ outcome: 'succeeded', error: undefined });
    const order = stage.backend.steps().map((text) => text.split(' ').slice(0, -1).join(' '));
    expect(order.filter((text, i) => text !== order[i - 1])).to.deep.equal([
      'list',
      'remove schedule',
      'remove instance',
      'remove volume',
      'remove network',
    ]);
    expect((await stage.rows(project, ...refs)).map((row) => row.split(' ')[1])).to.deep.equal(Array.from({ length: 7 }, () => 'gone'));
    expect(stage.witness.states(project)).to.deep.equal(['OK', 'DELETION_SCHEDULED', 'DELETING', 'removed']);
    expect(await stage.childrenOf(info.id)).to.have.length(6);
    await stage.expectClean();
  });

  it('F23 trap: a failure ends nothing, its error and what is left on the backend are reported, and the project stays', async () => {
    await using stage = await createStage(projects);
    const project = await insertProject(stage);
    stage.backend.fail('remove instance', locked);
    const { outcome, error, info } = await stage.run('project.cleanup', project);
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'cleanup_incomplete' });
    const { count, left } = error!.data as { count: number; left: { error: { cause?: { code: string } } }[] };
    expect({ count, cause: left[0]!.error.cause?.code }).to.deep.equal({ count: 1, cause: 'locked' });
    // by force: the row has gone, the object has not, and is listed
    expect(info.orphans?.map(({ kind, error: why }) => `${kind} ${why?.code}`)).to.deep.equal(['instance locked']);
    expect(stage.backend.names()).to.deep.equal([`instance/${info.orphans![0]!.id}`]);
    expect((await stage.rows(project, ...refs)).map((row) => row.split(' ')[1])).to.deep.equal(['ERRED', ...refs.map(() => 'gone')]);
    await stage.expectClean();
  });

  it('F23 what somebody else is busy with is waited for, what is gone already is no failure', async () => {
    await using stage = await createStage(projects);
    const project = await insertProject(stage);
    await stage.wipe(refs[0]!);
    stage.backend.latency(300, 'remove volume');
    const other = await stage.client.execute({ executor: 'volume.delete', resource: refs[1]! });
    expect(await stage.run('project.cleanup', project)).to.include({ outcome: 'succeeded' });
    expect(await other.ended()).to.include({ outcome: 'succeeded' });
    expect(stage.backend.calls.filter(({ name }) => name === 'v1')).to.have.length(1);
    await stage.expectClean();
  });

  it('F23 trap: kinds that wait for each other in a circle are refused when the app is made', () => {
    const refusal = (): string => {
      try {
        cleanupOf({ instance: ['network'], volume: ['instance'], network: ['volume'] });
        return 'taken';
      } catch (error) {
        return isTroupeError(error) ? `${error.code} ${error.field}: ${error.message}` : String(error);
      }
    };
    expect(refusal()).to.match(/^invalid_options kinds\..*instance after network after volume after instance/);
  });
});
