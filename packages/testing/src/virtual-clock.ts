/**
 * Time that moves only when a test says so. Timers fire one after the other, by time and then by the order in which
 * they were set, and everything that one sets off settles before the next: the same program takes the same course
 * every time, and an hour passes in a millisecond.
 */
import type { Clock } from '@troupe/actor';

export interface VirtualClock extends Clock {
  /** Fires the earliest timer, moving to its time; false if there is none. */
  step(): Promise<boolean>;
  /** Lets `ms` pass, firing whatever comes due on the way. */
  tick(ms: number): Promise<void>;
  /**
   * Fires timers until `done`. Throws when none is left, or when more than `limitMs` of virtual time (default a day)
   * has passed: what is waited for is not coming.
   */
  runUntil(done: () => boolean, limitMs?: number): Promise<void>;
  /** Time passes and nothing runs, as for a process that was stopped. What came due meanwhile fires afterwards. */
  freeze(ms: number): void;
  /** Lets promises run until none makes progress; moves no time. */
  settle(): Promise<void>;
  /** Timers that are set and neither fired nor cancelled. */
  readonly pending: number;
}

export interface VirtualClockOptions {
  /** Epoch milliseconds at the start. Default 2024-01-01T00:00:00Z. */
  readonly startMs?: number;
}

const START_MS = 1_704_067_200_000;
const DAY_MS = 86_400_000;

interface Timer {
  readonly at: number;
  readonly order: number;
  callback: (() => void) | undefined;
}

export function createVirtualClock(options: VirtualClockOptions = {}): VirtualClock {
  const startMs = options.startMs ?? START_MS;
  const heap: Timer[] = [];
  let now = startMs;
  let order = 0;
  let pending = 0;

  const next = (): Timer | undefined => {
    while (heap[0] !== undefined && heap[0].callback === undefined) pop(heap);
    return heap[0];
  };

  const fireNext = async (limit: number): Promise<boolean> => {
    const timer = next();
    if (timer === undefined || timer.at > limit) return false;
    pop(heap);
    pending--;
    // a timer that came due during a freeze fires late, never in the past
    now = Math.max(now, timer.at);
    const { callback } = timer;
    timer.callback = undefined;
    callback!();
    await settle();
    return true;
  };

  const clock: VirtualClock = {
    now: () => now,
    monotonic: () => now - startMs,
    setTimer(ms, callback) {
      const timer: Timer = { at: now + Math.max(0, Number.isFinite(ms) ? ms : 0), order: order++, callback };
      push(heap, timer);
      pending++;
      return () => {
        if (timer.callback === undefined) return;
        timer.callback = undefined;
        pending--;
      };
    },
    async step() {
      await settle();
      return fireNext(Number.POSITIVE_INFINITY);
    },
    async tick(ms) {
      const end = now + ms;
      await settle();
      while (await fireNext(end));
      now = Math.max(now, end);
    },
    async runUntil(done, limitMs = DAY_MS) {
      const end = now + limitMs;
      await settle();
      while (!done()) {
        if (await fireNext(end)) continue;
        const why = next() === undefined ? 'no timer is left that could change anything' : `${limitMs} ms of virtual time have passed`;
        throw new Error(`what was waited for did not come: ${why}`);
      }
    },
    freeze(ms) {
      now += ms;
    },
    settle,
    get pending() {
      return pending;
    },
  };
  return clock;
}

/**
 * A macrotask runs when no microtask is left, so one is enough for code that waits for promises only; the second lets
 * code in that uses an immediate of its own.
 */
async function settle(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  await new Promise<void>((resolve) => setImmediate(resolve));
}

function before(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function push(heap: Timer[], timer: Timer): void {
  let i = heap.push(timer) - 1;
  while (i > 0) {
    const parent = (i - 1) >> 1;
    if (!before(timer, heap[parent]!)) break;
    heap[i] = heap[parent]!;
    i = parent;
  }
  heap[i] = timer;
}

function pop(heap: Timer[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let i = 0;
  for (;;) {
    let child = 2 * i + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
    if (!before(heap[child]!, last)) break;
    heap[i] = heap[child]!;
    i = child;
  }
  heap[i] = last;
}
