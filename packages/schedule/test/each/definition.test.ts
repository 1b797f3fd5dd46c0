import { isTroupeError } from '@troupe/protocol';
import { defineSchedule, listedPage, type ScheduleDefinition } from '@troupe/schedule';
import { expect } from 'chai';
import { hourlyEach, list, pull } from '../world.ts';

function fieldOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    if (!isTroupeError(error)) throw error;
    return error.field;
  }
  return undefined;
}

describe('the definition of a fan-out', () => {
  it('is refused by its field', () => {
    for (const [each, field] of [
      [{ inFlight: 0 }, 'each.inFlight'],
      [{ inFlight: 101 }, 'each.inFlight'],
      [{ perSecond: 0 }, 'each.perSecond'],
      [{ perSecond: 2_000 }, 'each.perSecond'],
      [{ pageSize: 501 }, 'each.pageSize'],
      [{ keepFailures: 21 }, 'each.keepFailures'],
      [{ jitter: 'some' }, 'each.jitter'],
      [{ rate: 3 }, 'each.rate'],
      [{ list: { ...list, pool: '' } }, 'each.list.pool'],
      [{ run: { ...pull, name: '' } }, 'each.run'],
      [{ execute: { executor: 'x' } }, 'each.execute'],
      [{ run: undefined, execute: { executor: '' } }, 'each.execute.executor'],
      [{ run: undefined, execute: { executor: 'x', kind: '' } }, 'each.execute.kind'],
      [{ run: undefined, execute: { executor: 'x', onConflict: 'never' } }, 'each.execute.onConflict'],
    ] as const) {
      expect(
        fieldOf(() => defineSchedule(hourlyEach(each as never))),
        field,
      ).to.equal(field);
    }
    expect(fieldOf(() => defineSchedule({ ...hourlyEach(), task: pull } as never))).to.equal('each');
    expect(fieldOf(() => defineSchedule(hourlyEach({}, { input: 'x'.repeat(9_000) })))).to.equal('input');
  });

  it('holds the contracts of both tasks as data', () => {
    const definition: ScheduleDefinition = defineSchedule(hourlyEach({ inFlight: 5 }, { input: { site: 'a' } }));
    expect(definition.task).to.equal(undefined);
    expect(definition.each).to.deep.include({ inFlight: 5, input: { site: 'a' } });
    expect(definition.each!.run).to.deep.include({ name: 'instance.pull', class: 'background', pool: 'app' });
  });
});

describe('the schema of a listed page', () => {
  it('tells the author of a listing which field does not fit', () => {
    const good = { items: [{ key: 'a', input: { id: 1 } }], cursor: 'a' };
    expect(listedPage['~standard'].validate(good)).to.deep.equal({ value: good });
    expect(listedPage['~standard'].validate({ items: [{ key: 1 }] })).to.deep.nested.include({ 'issues[0].path': ['items', '0', 'key'] });
  });
});
