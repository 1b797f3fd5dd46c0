/**
 * Runs something until it succeeds, backing off while the server or a store is away. Not for ever: what a turn waits for
 * longer than its messages are held is handed over, so that one key does not hold up its partition.
 */
import { toWireError, type WireError } from '@troupe/protocol';
import { type Clock, type Random, sleep } from './clock.ts';
import { backoffMs, type SupervisionOptions } from './supervision.ts';

export interface Patience {
  /** Monotonic milliseconds; moved on when nobody could take over. */
  until: number;
  /** False where the outcome of a try must be known before anybody else may go on: then only between tries. */
  readonly whileTrying: boolean;
  /** Resolves true when somebody else has the work now. */
  handOver(reason: WireError): Promise<boolean>;
  /** Told of every try that failed or hangs. */
  onUnavailable(error: WireError): void;
}

/** The same for everything that a host waits for. */
export interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly supervision: SupervisionOptions;
  readonly waits: Waits;
  /** Ends the waiting: at once between tries, with the patience while one hangs. */
  readonly signal: AbortSignal;
}

/** After nobody could take over. */
const AGAIN_MS = 1_000;
const HANGS: WireError = { code: 'unavailable', message: 'no answer in time', retryable: true };

/** Undefined when the signal aborted, or somebody took over, before it succeeded. */
export async function untilAvailable<T>(run: () => Promise<T>, patience: Patience, around: Surroundings): Promise<T | undefined> {
  const { clock, random, supervision, signal } = around;
  for (let tries = 1; !signal.aborted; tries++) {
    const ended = await endOf(run(), patience, around);
    if (ended === undefined) return undefined;
    if ('value' in ended) return ended.value;
    if (signal.aborted) return undefined;
    const error = toWireError(ended.error, 'unavailable');
    patience.onUnavailable(error);
    if (clock.monotonic() >= patience.until && (await handedOver(patience, clock, error))) return undefined;
    const leftMs = Math.max(1, patience.until - clock.monotonic());
    await sleep(clock, Math.min(backoffMs(supervision, tries, random.next()), leftMs), signal);
  }
  return undefined;
}

async function endOf<T>(trying: Promise<T>, patience: Patience, { clock, signal, waits }: Surroundings): Promise<Ended<T> | undefined> {
  for (;;) {
    const ended = await waits.within(trying, patience.until);
    if (ended !== undefined) return ended;
    if (signal.aborted) return undefined;
    if (patience.whileTrying) {
      patience.onUnavailable(HANGS);
      if (await handedOver(patience, clock, HANGS)) return undefined;
    } else patience.until = clock.monotonic() + AGAIN_MS;
  }
}

async function handedOver(patience: Patience, clock: Clock, reason: WireError): Promise<boolean> {
  if (await patience.handOver(reason)) return true;
  patience.until = clock.monotonic() + AGAIN_MS;
  return false;
}

export type Ended<T> = { readonly value: T } | { readonly error: unknown };

const LOOK_MS = 200;

/** Waits that may last too long, looked after by one timer: one per call would cost as much as the call. */
export class Waits {
  private readonly clock: Clock;
  private readonly waiting = new Set<{ readonly until: number; readonly tooLong: () => void }>();
  private armed = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** How it ended, or undefined when it has not by then (rounded up to the next look). It goes on all the same. */
  within<T>(trying: Promise<T>, until: number): Promise<Ended<T> | undefined> {
    return new Promise((resolve) => {
      const wait = { until, tooLong: () => resolve(undefined) };
      this.waiting.add(wait);
      this.arm();
      trying.then(
        (value) => {
          this.waiting.delete(wait);
          resolve({ value });
        },
        (error: unknown) => {
          this.waiting.delete(wait);
          resolve({ error });
        },
      );
    });
  }

  private arm(): void {
    if (this.armed) return;
    this.armed = true;
    this.clock.setTimer(LOOK_MS, () => {
      this.armed = false;
      const now = this.clock.monotonic();
      for (const wait of this.waiting) {
        if (now < wait.until) continue;
        this.waiting.delete(wait);
        wait.tooLong();
      }
      if (this.waiting.size > 0) this.arm();
    });
  }
}
