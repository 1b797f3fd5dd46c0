/** Waiting for a change, a time, or a caller who does not want to wait any more. */
import type { Clock } from '@troupe/actor';

/** Those who wait for something to change; told once each. */
export class Change {
  private waiters: (() => void)[] = [];

  tell(): void {
    for (const wake of this.waiters.splice(0)) wake();
  }

  /** Resolves at the next `tell`, after `ms`, or when the signal aborts; never rejects. */
  wait(clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const done = (): void => {
        cancel();
        signal?.removeEventListener('abort', done);
        const at = this.waiters.indexOf(done);
        if (at >= 0) this.waiters.splice(at, 1);
        resolve();
      };
      const cancel = clock.setTimer(Math.max(0, ms), done);
      signal?.addEventListener('abort', done, { once: true });
      this.waiters.push(done);
    });
  }
}

/** The promise, or the reason of the signal, whichever is first. The work itself goes on. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  work.catch(() => undefined);
  signal.throwIfAborted();
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
