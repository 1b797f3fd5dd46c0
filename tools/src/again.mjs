// A test that fails is run again once, alone in its file, where CI asks for it: what passes then is counted as passed and told as flaky.
// See docs/decisions/0028-a-test-that-fails-once.md.

/**
 * @typedef {object} Failure
 * @property {string} [file] absolute; absent where it belongs to no file, such as a leak that outlived its test
 * @property {string} title
 * @property {string} error
 */
/** @typedef {import('./counts.mjs').Counts & { failures?: Failure[] }} Told what a run of mocha tells of itself */

/** More than this is no coincidence. */
const MOST_FAILURES = 3;

/**
 * @param {Told} told
 * @returns {string[] | undefined} undefined: nothing is run again, because nothing failed, too much did, or it is not known where
 */
export function filesToRunAgain({ failed, failures = [] }) {
  if (failed === 0 || failed > MOST_FAILURES || failures.length !== failed) return undefined;
  const files = failures.map(({ file }) => file);
  return files.every((file) => file !== undefined) ? [.../** @type {Set<string>} */ (new Set(files))] : undefined;
}

/**
 * @param {Told} first
 * @param {{ code: number, told: Told | undefined }} second of the files that had failures
 * @returns {{ counts: import('./counts.mjs').Counts, flaky: string[] }} what is counted, and lines about what passed the second time only
 */
export function judgeAgain(first, { code, told }) {
  const { passed, failed, skipped } = first;
  // a test that is skipped now has not passed
  if (code !== 0 || told === undefined || told.failed > 0 || told.skipped > skipped)
    return { counts: { passed, failed, skipped }, flaky: [] };
  const flaky = (first.failures ?? []).map(({ title, error }) => `FLAKY ${title}: ${error.split('\n')[0]}`);
  return { counts: { passed: passed + failed, failed: 0, skipped }, flaky };
}
