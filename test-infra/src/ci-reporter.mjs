// mocha's dot reporter for runs that a machine reads: the closing line counts, and TROUPE_COUNTS names a file that gets the same as JSON.
import { appendFileSync } from 'node:fs';
import Mocha from 'mocha';

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
    runner.on('pending', (/** @type {any} */ test) => skipped.push(test.fullTitle()));
    runner.once('end', () => {
      const { passes, failures, pending } = runner.stats;
      for (const title of skipped) console.log(`  skipped: ${title}`);
      console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
      const file = process.env['TROUPE_COUNTS'];
      if (file) appendFileSync(file, `${JSON.stringify({ passed: passes, failed: failures, skipped: pending, failures: failed })}\n`);
    });
  }
}
