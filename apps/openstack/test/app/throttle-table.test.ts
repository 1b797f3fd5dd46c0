// needs TEST_NATS_URL
import { until } from '@troupe/test-infra';
import type { BuildEvent } from '@troupe/openstack/internal';
import { expect } from 'chai';
import { insertInstance } from '../support/instances.ts';
import { createStage, provider, type Stage } from '../support/stage.ts';

const LIMIT = 4;
const kinds = ['instance', 'volume'] as const;
const create = 'openstack.instance.create';

const many = (stage: Stage, count: number, volumes: number) =>
  Promise.all(Array.from({ length: count }, (_, n) => insertInstance(stage, `vm${n}`, { volumes })));

/** An instance with a volume on a provider of its own. */
async function elsewhere(stage: Stage, id: string) {
  await stage.insert('volume', `${id}-vol`, { sizeGb: 1, image: 'cirros', provider: 'cloud-2' });
  return stage.insert('instance', id, { flavor: '1', volumes: [`${id}-vol`], provider: 'cloud-2' });
}

async function used(stage: Stage): Promise<number> {
  const seen = (await stage.client.throttle(provider)) ?? [];
  return seen.reduce((sum, one) => sum + one.used, 0);
}

/** Limits both kinds, and waits until no more than that is held. Returns the place in the cloud's log of builds. */
async function limitTo(stage: Stage, limit: number): Promise<number> {
  for (const kind of kinds) await stage.client.setLimit({ scope: provider, kind, limit });
  await until(
    `no more than ${limit} are held`,
    async () => {
      const seen = (await stage.client.throttle(provider)) ?? [];
      return kinds.every((kind) => seen.some((one) => one.kind === kind && one.limit === limit && one.used <= limit));
    },
    20_000,
  );
  return builds(stage).length;
}

const builds = (stage: Stage): readonly BuildEvent[] => stage.cloud.control.log().builds;
const peak = (events: readonly BuildEvent[]): number => Math.max(0, ...events.map(({ running }) => running));

describe('instances with volumes on a cloud that takes four builds of a kind', function () {
  this.timeout(90_000);

  for (const [count, volumes] of [
    [1, 4],
    [4, 4],
    [5, 2],
    [12, 1],
  ] as const) {
    it(`C4 ${count}×${volumes}: all end, the cloud never counts a fifth, and no token is left`, async () => {
      await using stage = await createStage({ limit: LIMIT });
      const refs = await many(stage, count, volumes);
      const ends = await Promise.all(refs.map((ref) => stage.run(create, ref)));
      expect(ends.map(({ outcome }) => outcome)).to.deep.equal(Array(count).fill('succeeded'));
      expect(builds(stage).filter(({ event }) => event === 'start')).to.have.lengthOf(count * (volumes + 1));
      await stage.expectClean();
    });
  }

  it('C4: the limit may change while they run, 4, 2, 8, 0, 4, and another scope does not notice', async () => {
    await using stage = await createStage({ limit: LIMIT, buildLimits: { instance: 9, volume: 9 } });
    const refs = await many(stage, 32, 1);
    const ends = Promise.all(refs.map((ref) => stage.run(create, ref)));
    const ended = (events: readonly BuildEvent[]): number =>
      events.filter(({ kind, event }) => kind === 'instance' && event === 'end').length;
    await until('four of them are under way', async () => (await used(stage)) > LIMIT, 20_000);

    const two = await limitTo(stage, 2);
    await until('some more have ended', () => ended(builds(stage).slice(two)) >= 4, 20_000);
    const eight = builds(stage).length;
    expect(peak(builds(stage).slice(0, two)), 'with a limit of 4').to.be.within(2, 4);
    expect(peak(builds(stage).slice(two, eight)), 'with a limit of 2').to.be.within(1, 2);

    await limitTo(stage, 8);
    await until('more than four build at once', () => peak(builds(stage).slice(eight)) > 4, 20_000);
    const none = await limitTo(stage, 0);
    expect(peak(builds(stage).slice(eight, none)), 'with a limit of 8').to.be.within(5, 8);

    // nothing is held, and nothing begins, while an instance of another scope comes to its end
    expect((await stage.run(create, await elsewhere(stage, 'other'))).outcome).to.equal('succeeded');
    const begun = builds(stage).slice(none);
    expect(begun.filter(({ name }) => name.startsWith('vm'))).to.deep.equal([]);
    expect(await used(stage)).to.equal(0);

    const four = await limitTo(stage, LIMIT);
    expect((await ends).map(({ outcome }) => outcome)).to.deep.equal(Array(refs.length).fill('succeeded'));
    expect(peak(builds(stage).slice(four)), 'with a limit of 4 again').to.be.at.most(4);
    const { refusals, duplicates } = stage.cloud.control.summary();
    expect({ refusals, duplicates }).to.deep.equal({ refusals: { instance: 0, volume: 0 }, duplicates: [] });
  });
});
