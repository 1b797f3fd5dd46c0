/** The real clock: the only place of the package that reads time. */
import { performance } from 'node:perf_hooks';
import type { Clock } from './clock.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(ms, callback) {
    const handle = setTimeout(callback, Math.min(ms, 2_147_483_647));
    return () => clearTimeout(handle);
  },
};
