import type { BuildEvent } from '@troupe/openstack/internal';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { insertInstance } from '../support/instances.ts';
import { createStage, provider } from '../support/stage.ts';

interface Build {
  readonly kind: string;
  /** The instance that it belongs to. */
  readonly of: string;
  /** Places in the cloud's log: order, not time. */
  readonly from: number;
  readonly to: number;
}

function buildsOf(events: readonly BuildEvent[]): Build[] {
  return events.flatMap(({ event, kind, id, name }, from) => {
    if (event !== 'start') return [];
    const to = events.findIndex((end) => end.event === 'end' && end.kind === kind && end.id === id);
    return [{ kind, of: name.replace(/-vol-\d+$/, ''), from, to }];
  });
}

describe('the early return of volume tokens', () => {
  it('S42 C4 F6 20×2, limits 4 and 4: machines boot while volumes of others are made, and more than two are under way', async function () {
    this.timeout(60_000);
    await using stage = await createStage({ limit: 4 });
    const refs = await Promise.all(Array.from({ length: 20 }, (_, n) => insertInstance(stage, `vm${n}`, { volumes: 2 })));
    const ends = Promise.all(refs.map((ref) => stage.run('openstack.instance.create', ref)));
    let most = { instance: 0, volume: 0 };
    let isOver = false;
    void ends.finally(() => (isOver = true));
    await until(
      'all have ended',
      async () => {
        const seen = (await stage.client.throttle(provider)) ?? [];
        const used = (kind: string): number => seen.find((one) => one.kind === kind)?.used ?? 0;
        most = { instance: Math.max(most.instance, used('instance')), volume: Math.max(most.volume, used('volume')) };
        return isOver;
      },
      50_000,
    );
    expect((await ends).map(({ outcome }) => outcome)).to.deep.equal(Array(20).fill('succeeded'));
    // four volume tokens are two instances: who kept them until the end could never have a third one under way
    expect(most).to.deep.equal({ instance: 4, volume: 4 });
    const builds = buildsOf(stage.cloud.control.log().builds);
    const [machines, volumes] = [builds.filter(({ kind }) => kind === 'instance'), builds.filter(({ kind }) => kind === 'volume')];
    expect([machines.length, volumes.length]).to.deep.equal([20, 40]);
    const overlapping = machines.filter((one) =>
      volumes.some((other) => other.of !== one.of && other.from < one.to && one.from < other.to),
    );
    expect(overlapping.length, 'machines that were built while volumes of another were made').to.be.at.least(10);
    await stage.expectClean();
  });
});
