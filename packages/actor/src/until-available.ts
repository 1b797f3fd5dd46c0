/** Runs something until it succeeds, backing off while the server or store is away. */
import { toWireError, type WireError } from '@troupe/protocol';
import { type Clock, type Random, sleep } from './clock.ts';
import { backoffMs, type SupervisionOptions } from './supervision.ts';

export interface UntilAvailableOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly supervision: SupervisionOptions;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  readonly onUnavailable: (error: WireError) => void;
}

/** Undefined when the signal aborted before it succeeded. */
export async function untilAvailable<T>(run: () => Promise<T>, options: UntilAvailableOptions): Promise<T | undefined> {
  const { clock, random, supervision, signal } = options;
  for (let tries = 1; !signal.aborted; tries++) {
    try {
      return await run();
    } catch (cause) {
      if (signal.aborted) return undefined;
      options.onUnavailable(toWireError(cause, 'unavailable'));
      await sleep(clock, backoffMs(supervision, tries, random.next()), signal);
    }
  }
  return undefined;
}
