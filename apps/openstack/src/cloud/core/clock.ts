/**
 * Time, as the simulated cloud sees it. The cloud runs on real time; tests hand in a manual clock and move it themselves,
 * with real HTTP around it, so that a test of a five-minute boot takes a millisecond.
 */
export type CancelTimer = () => void;

export interface CloudClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Runs `run` once, `delayMs` from now. The returned function cancels it; calling that late or twice does nothing. */
  after(delayMs: number, run: () => void): CancelTimer;
}

export interface ManualClock extends CloudClock {
  /** Moves time forward and runs, in order of their time, all timers that fall due on the way (also those set on the way). */
  advance(byMs: number): void;
  /** How many timers wait. */
  pending(): number;
}

export function createSystemClock(): CloudClock {
  return {
    now: () => Date.now(),
    after(delayMs, run) {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
  };
}

export function createManualClock(startMs = Date.UTC(2026, 0, 1)): ManualClock {
  interface Waiting {
    readonly at: number;
    readonly order: number;
    readonly run: () => void;
  }
  const waiting = new Set<Waiting>();
  let nowMs = startMs;
  let order = 0;

  function nextDue(until: number): Waiting | undefined {
    let first: Waiting | undefined;
    for (const timer of waiting) {
      if (timer.at > until) continue;
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer;
    }
    return first;
  }

  return {
    now: () => nowMs,
    after(delayMs, run) {
      const timer: Waiting = { at: nowMs + delayMs, order: order++, run };
      waiting.add(timer);
      return () => void waiting.delete(timer);
    },
    advance(byMs) {
      const until = nowMs + byMs;
      for (let timer = nextDue(until); timer !== undefined; timer = nextDue(until)) {
        waiting.delete(timer);
        nowMs = timer.at;
        timer.run();
      }
      nowMs = until;
    },
    pending: () => waiting.size,
  };
}
