import type { EntityRecord } from '@troupe/actor';
import type { Json } from '@troupe/protocol';
import { explainFanout } from '@troupe/schedule';
import { expect } from 'chai';
import { createWorld, hourlyEach, HOUR_MS } from '../world.ts';

function setup(each: Parameters<typeof hourlyEach>[0] = {}) {
  const world = createWorld(['a', 'b', 'c']);
  world.define(hourlyEach(each));
  world.advance(HOUR_MS / 2);
  const explain = () => {
    const record: EntityRecord = { root: world.fanout as unknown as Json, items: new Map() };
    return explainFanout('pulls', record, world.now);
  };
  return { world, explain };
}

describe('explaining a fan-out', () => {
  it('says that it lists, that as many live as may, and what is left', () => {
    const { world, explain } = setup({ inFlight: 2 });
    expect(explain().text).to.match(/lives for 0ms: lists page 1; listed 0/);
    world.answer(world.open[0]!, 'failed');
    expect(explain().text).to.contain('lists page 1, again in 10s');
    world.advance(10_000);
    world.answer(world.open[0]!);
    expect(explain().text).to.contain('in flight are as many as may be: 2; listed 3, ended 0');
    expect(explain().live).to.deep.equal(['a', 'b']);
    world.answer(world.open[0]!);
    expect(explain().text).to.contain('all are started; live: 2');
    world.finish();
    expect(explain().text).to.match(/^run 2026-06-01T01:00:00.000Z succeeded after 10s$/);
    expect(explain().last!.counts).to.deep.include({ listed: 3, succeeded: 3 });
  });

  it('says that it is held to its rate, and when there is none', () => {
    const { world, explain } = setup({ perSecond: 0.5 });
    world.answer(world.open[0]!);
    expect(explain().text).to.contain('is held to its rate until 2s from now');
    expect(explainFanout('none', undefined, 0).text).to.equal('there is no fan-out none');
  });
});
