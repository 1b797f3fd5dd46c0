// The layer table (layers.json) as data: which workspace lives where and what its src may import.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const scope = '@troupe';

/** @typedef {{ dir: string, imports: string[], nats?: boolean, database?: boolean, handWritten?: boolean, about: string }} Layer */

/** @returns {Record<string, Layer>} by short name, in the order of the table */
export function readLayers(base = root) {
  return JSON.parse(readFileSync(join(base, 'tools', 'layers.json'), 'utf8'));
}

/** Packages that tests of every other one may use besides their own layers. @type {readonly string[]} */
export const testHelpers = ['testing', 'test-infra'];
