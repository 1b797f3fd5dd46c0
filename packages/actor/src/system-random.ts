/** Real chance: the only place of the package that draws it. */
import { randomBytes } from 'node:crypto';
import type { Random } from './clock.ts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

// one call for many tokens: randomBytes costs more per call than per byte
let pool = Buffer.alloc(0);
let used = 0;

function bytes(n: number): Buffer {
  if (used + n > pool.length) {
    pool = randomBytes(4_096);
    used = 0;
  }
  used += n;
  return pool.subarray(used - n, used);
}

export const systemRandom: Random = {
  next: () => bytes(4).readUInt32LE(0) / 2 ** 32,
  token() {
    let out = '';
    for (const byte of bytes(16)) out += ALPHABET[byte & 31];
    return out;
  },
};
