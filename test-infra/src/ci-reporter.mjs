// mocha's dot reporter for runs that a machine reads: the closing line counts, and TROUPE_COUNTS names a file that gets the same as JSON.
import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import Mocha from 'mocha';

/** Files that take longer are named, the slowest first. */
const SLOW_MS = 10_000;
const MOST_SLOW = 6;

export default class CiReporter extends Mocha.reporters.Dot {
  /** @param {any} runner @param {any} options */
  constructor(runner, options) {
    super(runner, options);
    /** @type {string[]} */
    const skipped = [];
    /** @type {{ file?: string, title: string, error: string }[]} */
    const failed = [];
    runner.on('fail', (/** @type {any} */ test, /** @type {any} */ error) =>
      failed.push({ file: test.file, title: test.fullTitle(), error: String(error?.stack ?? error) }),
    );
    /** @type {Map<string, number>} milliseconds of each file, those of its hooks included */
    const took = new Map();
    let since = 0;
    const isOfFile = (/** @type {any} */ suite) => suite.parent?.root && suite.file;
    runner.on('suite', (/** @type {any} */ suite) => isOfFile(suite) && (since = performance.now()));
    runner.on(
      'suite end',
      (/** @type {any} */ suite) => isOfFile(suite) && took.set(suite.file, (took.get(suite.file) ?? 0) + performance.now() - since),
    );
    runner.on('pending', (/** @type {any} */ test) => skipped.push(test.fullTitle()));
    runner.once('end', () => {
      const { passes, failures, pending } = runner.stats;
      const slow = [...took].filter(([, ms]) => ms > SLOW_MS).sort(([, a], [, b]) => b - a);
      for (const [file, ms] of slow.slice(0, MOST_SLOW)) console.log(`  ${Math.round(ms / 1_000)} s: ${relative(process.cwd(), file)}`);
      for (const title of skipped) console.log(`  skipped: ${title}`);
      console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
      const file = process.env['TROUPE_COUNTS'];
      if (file) appendFileSync(file, `${JSON.stringify({ passed: passes, failed: failures, skipped: pending, failures: failed })}\n`);
    });
  }
}
