/** Chance that can be repeated: the same seed gives the same course, so a failed run is told by one number. */
import type { Random } from '@troupe/actor';

export interface SeededRandom extends Random {
  readonly seed: number;
  /** An integer in [0, below). */
  int(below: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** One of them; throws on an empty list. */
  pick<T>(items: readonly T[]): T;
  /** A shuffled copy. */
  shuffle<T>(items: readonly T[]): T[];
  /** An independent source, so that one more draw in one place shifts nothing in another. */
  fork(name: string): SeededRandom;
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** `seed`: any integer; the low 32 bits count. */
export function createSeededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = (): number => {
    // a counter through a bijective mixer of 32 bits: full period, and neighbouring seeds have nothing in common
    state = (state + 0x9e3779b9) | 0;
    let t = state ^ (state >>> 16);
    t = Math.imul(t, 0x21f0aaad);
    t ^= t >>> 15;
    t = Math.imul(t, 0x735a2d97);
    t ^= t >>> 15;
    return (t >>> 0) / 2 ** 32;
  };
  const int = (below: number): number => Math.floor(next() * below);
  return {
    seed,
    next,
    int,
    chance: (probability) => next() < probability,
    token() {
      let out = '';
      for (let i = 0; i < 16; i++) out += ALPHABET[int(32)];
      return out;
    },
    pick(items) {
      if (items.length === 0) throw new RangeError('nothing to pick from');
      return items[int(items.length)]!;
    },
    shuffle(items) {
      const out = [...items];
      for (let i = out.length - 1; i > 0; i--) {
        const j = int(i + 1);
        [out[i], out[j]] = [out[j]!, out[i]!];
      }
      return out;
    },
    fork(name) {
      let mixed = seed | 0;
      for (const char of name) mixed = Math.imul(mixed ^ char.codePointAt(0)!, 0x01000193) | 0;
      return createSeededRandom(mixed);
    },
  };
}
