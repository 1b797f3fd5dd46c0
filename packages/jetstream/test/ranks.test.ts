import { expect } from 'chai';
import fc from 'fast-check';
import { partitionRanks } from '@troupe/jetstream/internal';

const hostNames = (count: number): string[] => Array.from({ length: count }, (_, i) => `host-${i}`);
const hostLists = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 9 });

/** Per partition the hosts by rank. */
function table(hosts: readonly string[], partitions: number): Map<string, number[]> {
  return new Map(hosts.map((host) => [host, partitionRanks(host, hosts, 'supervisor', partitions)]));
}

function owners(hosts: readonly string[], partitions: number): (string | undefined)[] {
  const ranks = table(hosts, partitions);
  return Array.from({ length: partitions }, (_, p) => hosts.find((host) => ranks.get(host)![p] === 0));
}

describe('ranks of hosts', () => {
  it('are a permutation for every partition, whatever the names', () => {
    fc.assert(
      fc.property(hostLists, fc.integer({ min: 1, max: 32 }), (hosts, partitions) => {
        const ranks = table(hosts, partitions);
        for (let p = 0; p < partitions; p++) {
          const seen = hosts.map((host) => ranks.get(host)![p]!).sort((a, b) => a - b);
          expect(seen).to.deep.equal(hosts.map((_, i) => i));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('do not depend on the order of the list, nor on whether a host is in it or twice in it', () => {
    fc.assert(
      fc.property(hostLists, (hosts) => {
        const [own] = hosts as [string];
        const expected = partitionRanks(own, hosts, 'r', 8);
        expect(partitionRanks(own, hosts.toReversed(), 'r', 8)).to.deep.equal(expected);
        expect(partitionRanks(own, hosts.slice(1), 'r', 8)).to.deep.equal(expected);
        expect(partitionRanks(own, [...hosts, ...hosts], 'r', 8)).to.deep.equal(expected);
      }),
      { numRuns: 50 },
    );
  });

  it('give no host more than its share of partitions, and with enough of them none nothing', () => {
    for (let count = 1; count <= 9; count++) {
      const hosts = hostNames(count);
      const owned = owners(hosts, 16);
      const loads = hosts.map((host) => owned.filter((owner) => owner === host).length);
      expect(Math.max(...loads), `${count} hosts`).to.be.at.most(Math.ceil(16 / count));
      expect(loads.reduce((a, b) => a + b)).to.equal(16);
      if (count <= 4) expect(Math.min(...loads)).to.be.at.least(1);
    }
  });

  it('move little when a host goes: what it owned, and few others', () => {
    const partitions = 64;
    let moved = 0;
    let rounds = 0;
    for (let count = 2; count <= 9; count++) {
      const hosts = hostNames(count);
      const before = owners(hosts, partitions);
      for (const gone of hosts) {
        const after = owners(
          hosts.filter((host) => host !== gone),
          partitions,
        );
        moved += before.filter((owner, p) => owner !== gone && owner !== after[p]).length;
        rounds++;
      }
    }
    // a plain modulo would move most of them
    expect(moved / rounds / partitions).to.be.below(0.1);
  });

  it('stay within what a pull can say', () => {
    const hosts = hostNames(40);
    for (const host of hosts) {
      for (const rank of partitionRanks(host, hosts, 'r', 8)) expect(rank).to.be.within(0, 9);
    }
  });
});
