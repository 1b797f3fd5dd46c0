import { createCleanup, createExecutor, step } from '@troupe/executor';
import { isTroupeError } from '@troupe/protocol';
import { defineKind } from '@troupe/resource';
import { defineTask, Fatal, handle } from '@troupe/task';
import { expect } from 'chai';
import { createStage, type Stage } from '../support/stage.ts';
import { act, play } from './app.ts';

const Whole = defineKind({ kind: 'whole' });
/** Three levels: leaves go first, then twigs, then branches; fruits have nothing to do with them. */
const levels = { branch: ['twig'], twig: ['leaf'], leaf: [], fruit: [] } as const;
const Kinds = Object.keys(levels).map((kind) => defineKind({ kind }));
const list = defineTask({ name: 'list', idempotent: 'yes' });
const all = ['branch b1', 'twig t1', 'twig t2', 'leaf l1', 'leaf l2', 'leaf l3', 'fruit f1'].map((text) => {
  const [kind, id] = text.split(' ') as [string, string];
  return { kind, id };
});

const cleanupOf = (after: Readonly<Record<string, readonly string[]>>) =>
  createCleanup({
    name: 'cleanup',
    resource: Whole,
    list,
    kinds: Object.fromEntries(Object.entries(after).map(([kind, others]) => [kind, { remove: `${kind}.delete`, after: others }])),
  });

function cleanup(failing: readonly string[] = []) {
  const removed: string[] = [];
  const { executor, planners } = cleanupOf(levels);
  const removers = Kinds.map((kind) =>
    createExecutor({ name: `${kind.kind}.delete`, family: 'delete', resource: kind, plan: () => step('remove', act, {}) }),
  );
  const { appOf } = play({
    executors: [executor, ...removers],
    app: {
      planners,
      tasks: [act, list],
      handlers: () => [
        handle(list, () => all),
        handle(act, (_input, { resource }) => {
          removed.push(`${resource!.kind} ${resource!.id}`);
          if (failing.includes(resource!.id)) throw new Fatal(`${resource!.id} is stuck`, { code: 'stuck' });
          return null;
        }),
      ],
    },
  });
  return { removed, appOf };
}

async function insertAll(stage: Stage) {
  for (const { kind, id } of all) await stage.insert(kind, id, {}, { state: 'OK', backendId: `backend of ${id}` });
  return stage.insert('whole', 'w', {}, { state: 'OK', backendId: 'backend of w' });
}

/** On TEST_NATS_URL. */
describe('C11 cleanup', function () {
  this.timeout(30_000);

  it('C11 three levels go children first, what is independent in the first wave', async () => {
    const { removed, appOf } = cleanup();
    await using stage = await createStage(appOf);
    expect(await stage.run('cleanup', await insertAll(stage))).to.include({ outcome: 'succeeded' });
    const kinds = removed.map((text) => text.split(' ')[0]!);
    expect([...kinds.slice(0, 4)].sort()).to.deep.equal(['fruit', 'leaf', 'leaf', 'leaf']);
    expect(kinds.slice(4)).to.deep.equal(['twig', 'twig', 'branch']);
    expect((await stage.rows({ kind: 'whole', id: 'w' }, ...all)).every((row) => row.endsWith(' gone'))).to.equal(true);
    await stage.expectClean();
  });

  it('C11 one that fails stops nothing; the report names it and why, and what is left of it is listed', async () => {
    const { removed, appOf } = cleanup(['t2']);
    await using stage = await createStage(appOf);
    const whole = await insertAll(stage);
    const { outcome, error, info } = await stage.run('cleanup', whole);
    expect({ outcome, code: error?.code }).to.deep.equal({ outcome: 'failed', code: 'cleanup_incomplete' });
    expect(error!.message).to.match(/^1 of 7 could not be removed, first twig t2: .*t2 is stuck/);
    const { left, count } = error!.data as { left: { kind: string; id: string; error: { cause?: { code: string } } }[]; count: number };
    expect({ count, left: left.map((one) => `${one.kind} ${one.id} ${one.error.cause?.code}`) }).to.deep.equal({
      count: 1,
      left: ['twig t2 stuck'],
    });
    expect(info.orphans).to.deep.equal([
      { kind: 'twig', id: 't2', backendId: 'backend of t2', error: { code: 'stuck', message: 't2 is stuck' } },
    ]);
    // the branch has been tried all the same, and the whole is kept
    expect(removed.at(-1)).to.equal('branch b1');
    expect(await stage.rows(whole)).to.deep.equal(['w ERRED']);
    await stage.expectClean();
  });

  it('C11 a circle, a kind that is not there and a planner that is not registered are refused', async () => {
    const refusal = (after: Readonly<Record<string, readonly string[]>>): string => {
      try {
        cleanupOf(after);
        return 'taken';
      } catch (error) {
        return isTroupeError(error) ? `${error.code} ${error.field}` : String(error);
      }
    };
    expect(refusal({ a: ['b'], b: ['c'], c: ['a'] })).to.equal('invalid_options kinds.a.after');
    expect(refusal({ a: ['nobody'] })).to.equal('invalid_options kinds.a.after');
    const { appOf } = cleanup();
    await using stage = await createStage(() => ({ ...appOf(), planners: [] }));
    const { outcome, error } = await stage.run('cleanup', await insertAll(stage));
    expect({ outcome, code: error?.code, field: error?.field }).to.deep.equal({
      outcome: 'failed',
      code: 'invalid_plan',
      field: 'plan.0.1.planner',
    });
    await stage.expectClean();
  });
});
