import { expect } from 'chai';
import type { RehearsalOptions } from '@troupe/testing';
import { setup, Volume } from './stage.ts';

const names = ['a', 'b', 'c', 'd'];

/** Volumes are created behind a limit of two, two of them changed, one removed, and one is charged for. */
async function course(options: Partial<RehearsalOptions>) {
  const { rehearsal, backend } = setup(options);
  const ids: string[] = [];
  const submit = async (executor: string, name?: string, input?: { size: number }): Promise<void> => {
    const resource = name === undefined ? {} : { resource: Volume.ref(name) };
    ids.push(await rehearsal.submit(executor, { ...resource, ...(input === undefined ? {} : { input }) }));
  };
  const allEnded = (): Promise<void> => rehearsal.runUntil(() => ids.every((id) => rehearsal.outcome(id) !== undefined));
  for (const name of names) rehearsal.put(Volume.ref(name), { state: 'CREATION_SCHEDULED' });
  for (const name of names) await submit('volume.create', name, { size: 1 });
  await allEnded();
  for (const name of ['a', 'b']) await submit('volume.resize', name);
  await submit('volume.delete', 'c');
  await submit('charge');
  await allEnded();
  await rehearsal.runToEnd();
  return {
    rehearsal,
    end: {
      outcomes: ids.map((id) => [rehearsal.outcome(id), rehearsal.view(id)?.output, rehearsal.view(id)?.steps]),
      rows: names.map((name) => {
        const row = rehearsal.record(Volume.ref(name));
        return row && [row.state, row.runtimeState, row.backendId, row.epoch, row.currentOperation];
      }),
      histories: names.map((name) => rehearsal.history(Volume.ref(name))),
      // what has happened at the backend, whoever asked for it how often
      effects: [...backend.calls].sort(),
      things: [...backend.things.keys()].sort(),
    },
  };
}

describe('C3 redelivery', function () {
  this.timeout(120_000);

  it('C3 every message comes two or three times and shuffled, from six seeds: the same rows, the same ends, the same effects', async () => {
    const plain = await course({ seed: 1 });
    expect(plain.end.outcomes.map(([outcome]) => outcome)).to.deep.equal(Array.from({ length: 8 }, () => 'succeeded'));
    expect(plain.end.effects).to.have.length(4 + 1 + 1);
    for (let seed = 1; seed <= 6; seed++) {
      const faults = {
        repeats: 1 + (seed % 2),
        repeatWithinMs: seed % 3 === 0 ? 3_600_000 : 1_000,
        shuffleMs: 500,
        latencyMs: 5,
        stray: 0.2,
      };
      const { end } = await course({ seed, ...faults });
      expect(end, `seed ${seed}`).to.deep.equal(plain.end);
    }
  });
});
