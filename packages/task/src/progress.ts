/** Progress of an attempt: at most one mail a second, the last value counts, and a lost one is lost. */
import type { Clock } from '@troupe/actor';
import type { Json } from '@troupe/protocol';

const EVERY_MS = 1_000;

export interface Progress {
  report(value: Json): void;
  /** Sends nothing any more. */
  stop(): void;
}

export function createProgress(clock: Clock, send: (value: Json) => void): Progress {
  let cancel: (() => void) | undefined;
  let waiting: { readonly value: Json } | undefined;
  let stopped = false;
  const rest = (): void => {
    cancel = clock.setTimer(EVERY_MS, () => {
      cancel = undefined;
      if (waiting === undefined) return;
      send(waiting.value);
      waiting = undefined;
      rest();
    });
  };
  return {
    report(value) {
      if (stopped) return;
      if (cancel !== undefined) {
        waiting = { value };
        return;
      }
      send(value);
      rest();
    },
    stop() {
      stopped = true;
      cancel?.();
    },
  };
}
