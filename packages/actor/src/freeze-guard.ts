/**
 * Notices that the process stood still (SIGSTOP, a long collection, a blocked loop, a suspended machine). While it did,
 * its holds have lapsed and others have gone on; what it received before is stale, and a fresh read would let it pass
 * compare-and-set and be applied twice. So whoever holds messages must throw them away and pull anew.
 */
import type { Clock } from './clock.ts';

export interface FreezeGuard {
  /** True once per freeze, to the first who asks; `onThaw` has run by then. */
  check(): boolean;
  stop(): void;
}

/** `limitMs`: half of the hold. Beats four times as often. */
export function createFreezeGuard(clock: Clock, limitMs: number, onThaw: (stoodStillMs: number) => void): FreezeGuard {
  let last = clock.monotonic();
  let stopped = false;
  let cancel: () => void;
  const check = (): boolean => {
    const now = clock.monotonic();
    const gap = now - last;
    last = now;
    if (gap <= limitMs || stopped) return false;
    onThaw(gap);
    return true;
  };
  const beat = (): void => {
    check();
    if (!stopped) cancel = clock.setTimer(limitMs / 4, beat);
  };
  cancel = clock.setTimer(limitMs / 4, beat);
  return {
    check,
    stop() {
      stopped = true;
      cancel();
    },
  };
}
