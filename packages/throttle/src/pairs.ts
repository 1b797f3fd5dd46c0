/** Names of pairs of a path and a kind, or a rate, and the order in which they are looked at. */

export function key(path: string, kind: string): string {
  return `${path}\0${kind}`;
}

/** A rate may have the name of a kind. */
export function rateKey(path: string, rate: string): string {
  return `${path}\0${rate}\0${RATE}`;
}

/** Those who wait for a rate inside of a lease of its root: a queue of their own. */
export function insideKey(path: string, rate: string): string {
  return `${path}\0${rate}\0${INSIDE}`;
}

const RATE = 'rate';
const INSIDE = 'inside';

/** The other queue of the same rate; undefined for tokens. */
export function twinOf(name: string): string | undefined {
  const [path, rate, queue] = name.split('\0') as [string, string, string?];
  if (queue === undefined) return undefined;
  return queue === RATE ? insideKey(path, rate) : rateKey(path, rate);
}

/** Names of pairs, each once; taken from the longest paths to the shortest. */
export class LowestFirst {
  private readonly byDepth: Set<string>[] = [];

  constructor(names: readonly string[]) {
    for (const name of names) this.add(name);
  }

  add(name: string): void {
    const depth = name.slice(0, name.indexOf('\0')).split('/').length;
    (this.byDepth[depth] ??= new Set()).add(name);
  }

  /** Until none is left, those that are added meanwhile too. */
  *[Symbol.iterator](): Generator<string, void> {
    for (let depth = this.byDepth.length - 1; depth > 0; depth--) {
      for (const name of this.byDepth[depth] ?? []) {
        this.byDepth[depth]!.delete(name);
        yield name;
        // what was added may lie lower
        depth = this.byDepth.length;
        break;
      }
    }
  }
}
