// mocha's dot reporter with a closing line that a machine can read.
import Mocha from 'mocha';

export default class CiReporter extends Mocha.reporters.Dot {
  /** @param {any} runner @param {any} options */
  constructor(runner, options) {
    super(runner, options);
    runner.once('end', () => {
      const { passes, failures, pending } = runner.stats;
      console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
    });
  }
}
