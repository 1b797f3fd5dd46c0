import { expect } from 'chai';
import type { BuildEvent } from '@troupe/openstack/internal';
import { createBench } from '../support/bench.ts';
import { longMs } from '../support/objects.ts';

/** Creates volumes of these names, all at once, and tells when each was ready. */
async function run(
  seed: number,
  names: readonly string[],
): Promise<ReadonlyMap<string, { readonly id: string | undefined; readonly afterMs: number }>> {
  await using bench = await createBench({ seed, jitter: 0.3 });
  const startedAt = bench.clock.now();
  for (const name of names) await bench.call('POST', '/volume/v3/{project}/volumes', { body: { volume: { name, size: 1 } } });
  bench.clock.advance(longMs);
  const ends = bench.cloud.control.log().builds.filter((event: BuildEvent) => event.event === 'end');
  return new Map(
    ends.map(({ at, id, name }) => [name, { id, afterMs: at - startedAt }]).sort() as [string, { id: string; afterMs: number }][],
  );
}

const names = Array.from({ length: 20 }, (_, index) => `volume-${index}`);

describe('a seed of the simulated cloud', () => {
  it('decides ids and times', async () => {
    expect([...(await run(7, names))]).to.deep.equal([...(await run(7, names))]);
  });

  it('decides them by the name of the object, whatever the order of the calls', async () => {
    expect([...(await run(7, names))]).to.deep.equal([...(await run(7, names.toReversed()))]);
  });

  it('other than the first gives other ids and times', async () => {
    const [one, other] = [await run(7, names), await run(8, names)];
    for (const name of names) expect(one.get(name)).to.not.deep.equal(other.get(name));
  });

  it('spreads times over ± 30 % and uses the whole width', async () => {
    const times = [...(await run(7, names)).values()].map(({ afterMs }) => afterMs / 1500);
    for (const time of times) expect(time).to.be.within(0.7, 1.3);
    expect(Math.min(...times)).to.be.below(0.85);
    expect(Math.max(...times)).to.be.above(1.15);
  });

  it('tells objects of one name apart', async () => {
    await using bench = await createBench({ jitter: 0.3 });
    const create = async () =>
      (await bench.call('POST', '/volume/v3/{project}/volumes', { body: { volume: { name: 'same', size: 1 } } })).body['volume']!['id'];
    expect(await create()).to.not.equal(await create());
  });
});
