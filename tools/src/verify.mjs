/** `npm run verify`: lint, types, tests, shape: what CI runs, without its set-up. */
import { run } from './bootstrap.mjs';

for (const script of ['lint', 'build', 'test', 'shape']) run('npm', ['run', '--silent', script]);
