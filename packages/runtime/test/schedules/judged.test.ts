/** What people define is judged when they define it, by what schedulers know: not by its first run in the night. */
import { expect } from 'chai';
import { z } from 'zod';
import { createExecutor, step } from '@troupe/executor';
import { defineKind } from '@troupe/resource';
import type { ScheduleOptions } from '@troupe/schedule';
import { defineTask, type TaskContract } from '@troupe/task';
import { strict, startSchedules, sync } from './installation.ts';

const Thing = defineKind({ kind: 'thing' });
const back = createExecutor({
  name: 'back',
  family: 'update',
  resource: Thing,
  input: z.object({ keep: z.number() }),
  plan: () => step('do', sync, null),
});
const ref = { kind: 'thing', id: 't1' };
/** As somebody defines it who has not the contract at hand. */
const byName = ({ name, pool }: Pick<TaskContract, 'name' | 'pool'>) => defineTask({ name, pool, class: 'background', idempotent: 'yes' });

async function refusal(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'taken',
    ({ code, field }: { code: string; field?: string }) => `${code} ${field}`,
  );
}

describe('what people define', () => {
  const cases: [string, object, string][] = [
    ['an executor that nobody knows', { execute: { executor: 'nobody' } }, 'unknown_executor execute.executor'],
    ['an executor that needs a resource', { execute: { executor: 'back' }, input: { keep: 1 } }, 'invalid_input execute.resource'],
    [
      'a resource of another kind',
      { execute: { executor: 'back', resource: { kind: 'other', id: 'x' } }, input: { keep: 1 } },
      'unknown_kind execute.resource.kind',
    ],
    [
      'an input that the executor refuses',
      { execute: { executor: 'back', resource: ref }, input: { keep: 'many' } },
      'invalid_input input.keep',
    ],
    ['a task that nobody knows', { task: byName({ name: 'nobody', pool: 'default' }) }, 'unknown_task task'],
    ['a pool in which the task does not run', { task: byName({ name: 'strict', pool: 'other' }) }, 'invalid_options task.pool'],
    ['an input that the task refuses', { task: byName(strict), input: { n: 'one' } }, 'invalid_input input.n'],
    [
      'a listing that nobody knows',
      { each: { list: byName({ name: 'list', pool: 'default' }), run: byName(strict) } },
      'unknown_task each.list',
    ],
  ];

  it('S82 is refused by the schedulers with the field, when it is made and when it is changed; what fits is taken', async () => {
    await using s = await startSchedules({ executors: [back] });
    await s.start('scheduler');
    const define = (more: object) => refusal(s.schedules.define('x', { every: '1h', ...more } as unknown as ScheduleOptions));
    for (const [what, more, expected] of cases) expect(await define(more), what).to.equal(expected);
    expect(await s.schedules.show('x')).to.equal(undefined);
    expect(await define({ execute: { executor: 'back', resource: ref }, input: { keep: 7 } })).to.equal('taken');
    expect(await define({ execute: { executor: 'back', resource: ref }, input: { keep: 'many' } })).to.equal('invalid_input input.keep');
    expect((await s.schedules.show('x'))!.definition!.execute!.input).to.deep.equal({ keep: 7 });
  });

  it('is taken unseen where it says so, and its runs tell what is wrong', async () => {
    await using s = await startSchedules({ executors: [back] });
    await s.start('scheduler');
    for (const [what, more] of cases) {
      const options = { every: '1h', unchecked: true, ...more } as unknown as ScheduleOptions;
      expect(await refusal(s.schedules.define('x', options)), what).to.equal('taken');
    }
  });

  it('is refused before anything is sent where its contract is at hand', async () => {
    await using s = await startSchedules();
    expect(await refusal(s.schedules.define('x', { every: '1h', task: strict, input: { n: 'one' } }))).to.equal('invalid_input input.n');
  });
});
