import { child, createExecutor, throttled } from '@troupe/executor';
import { expect } from 'chai';
import { executors, setup, Volume } from './stage.ts';

const HOUR_MS = 3_600_000;

describe('the leases of a rehearsal', function () {
  this.timeout(60_000);

  it('come back when a grant comes to somebody who does not want it any more', async () => {
    for (let seed = 1; seed <= 4; seed++) {
      // every acquire comes again up to an hour after its release, and is granted again
      const { rehearsal } = setup({ seed, repeats: 1, repeatWithinMs: HOUR_MS, shuffleMs: 500 });
      for (let i = 0; i < 5; i++) {
        rehearsal.put(Volume.ref(`v-${i}`), { state: 'CREATION_SCHEDULED' });
        const id = await rehearsal.submit('volume.create', { resource: Volume.ref(`v-${i}`), input: { size: 1 } });
        if (i % 2 === 1) rehearsal.cancel(id);
      }
      await rehearsal.runToEnd();
      expect(rehearsal.leases('cloud'), `seed ${seed}`).to.deep.equal({ held: [], waiting: [] });
    }
  });

  it('cover the children of their holders, and theirs, at a limit that they have filled', async () => {
    const create = executors.find(({ name }) => name === 'volume.create')!;
    const inner = createExecutor({
      name: 'inner',
      family: 'free',
      plan: () => child('volume', create, { resource: Volume.ref('v-1'), input: { size: 1 } }),
    });
    const outer = createExecutor({
      name: 'outer',
      family: 'free',
      plan: () => throttled({ scope: 'cloud/tenant', need: { volume: 1 } }, child('inner', inner)),
    });
    const { rehearsal, backend } = setup({ executors: [...executors, inner, outer], limits: { default: 1 } });
    rehearsal.put(Volume.ref('v-1'), { state: 'CREATION_SCHEDULED' });
    const id = await rehearsal.submit('outer');
    await rehearsal.runToEnd(HOUR_MS);
    expect(rehearsal.outcome(id)).to.equal('succeeded');
    expect(backend.mostBuilding).to.equal(1);
  });
});
