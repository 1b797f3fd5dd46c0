/** Calls of the source that must get through: again and again while the server does not answer, until the worker gives up. */
import { type Clock, type Random, sleep } from '@troupe/actor';
import { type ErrorCode, isTroupeError, toWireError, TroupeError, type WireError } from '@troupe/protocol';

export interface PersistenceOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Aborts when the worker gives up: what is not through by then comes again elsewhere. */
  readonly signal: AbortSignal;
  readonly onUnavailable: (error: WireError) => void;
}

export type Persistence = <T>(run: () => Promise<T>) => Promise<T>;

const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 5_000;
const PASSING: readonly ErrorCode[] = ['unavailable', 'overloaded'];

export function createPersistence({ clock, random, signal, onUnavailable }: PersistenceOptions): Persistence {
  return async (run) => {
    for (let tries = 0; ; tries++) {
      if (signal.aborted) throw new TroupeError('unavailable', 'the worker stopped before the server answered');
      try {
        return await run();
      } catch (error) {
        if (isTroupeError(error) && !PASSING.includes(error.code)) throw error;
        onUnavailable(toWireError(error, 'unavailable'));
        const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** tries, LAST_PAUSE_MS);
        await sleep(clock, pauseMs * (0.75 + random.next() / 2), signal);
      }
    }
  };
}
