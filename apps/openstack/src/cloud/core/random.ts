import { createHash } from 'node:crypto';

/**
 * Chance by name instead of by order: a draw depends on the seed and on what it is for ("latency of the first create of volume
 * data-3"), not on how many draws came before it. So concurrent clients, whose calls interleave differently in each run, still
 * see the same cloud for the same seed.
 */
export interface CloudRandom {
  /** A number in [0, 1). */
  fraction(...subject: readonly (string | number)[]): number;
  /** A UUID in the usual form. */
  uuid(...subject: readonly (string | number)[]): string;
  /** Hexadecimal digits, at most 64. */
  hex(length: number, ...subject: readonly (string | number)[]): string;
}

export function createRandom(seed: number): CloudRandom {
  const digest = (subject: readonly (string | number)[]): Buffer =>
    createHash('sha256')
      .update(JSON.stringify([seed, ...subject]))
      .digest();
  return {
    fraction: (...subject) => digest(subject).readUIntBE(0, 6) / 2 ** 48,
    hex: (length, ...subject) => digest(subject).toString('hex').slice(0, length),
    uuid(...subject) {
      const hex = digest(subject).toString('hex');
      return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
    },
  };
}
