/**
 * Who comes first for which partition, by rendezvous hashing: every host computes the same ranks from the same list, and
 * a host that comes or goes moves little. Ranks are for speed; two hosts that disagree only cost lost races.
 */

/** Priorities of a pull run from 0 to 9. */
const LOWEST = 9;

/**
 * Ranks of a host for the partitions 0 … n-1 of a role: 0 = first. A host that is not in the list counts as if it were.
 * No host comes first for more than its share, rounded up: with few partitions chance alone leaves some with nothing to do.
 */
export function partitionRanks(hostId: string, hosts: readonly string[], role: string, partitions: number): number[] {
  const all = [...new Set([...hosts, hostId])].sort();
  const share = Math.ceil(partitions / all.length);
  const owned = new Map<string, number>();
  const ranks: number[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const order = preference(all, `${role}.${partition}`);
    const owner = order.find((host) => (owned.get(host) ?? 0) < share) ?? hostId;
    owned.set(owner, (owned.get(owner) ?? 0) + 1);
    const rest = order.filter((host) => host !== owner);
    ranks.push(hostId === owner ? 0 : Math.min(rest.indexOf(hostId) + 1, LOWEST));
  }
  return ranks;
}

function preference(hosts: readonly string[], key: string): string[] {
  const weights = new Map(hosts.map((host) => [host, weight(host, key)]));
  return [...hosts].sort((a, b) => weights.get(b)! - weights.get(a)! || (a < b ? -1 : 1));
}

/** FNV-1a with a finisher: without it hosts named alike get weights alike. */
function weight(host: string, key: string): number {
  let hash = 0x811c9dc5;
  const text = `${host}/${key}`;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
