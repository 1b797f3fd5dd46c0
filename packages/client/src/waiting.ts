/** Waiting for a change, a time, or a caller who does not want to wait any more. */
import type { Clock } from '@troupe/actor';

const hubs = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back when the signal aborts, until the returned function is called. One listener per signal: a program may well
 * hand its only signal to a thousand waits, and Node warns from the eleventh listener on.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let callbacks = hubs.get(signal);
  if (callbacks === undefined) {
    const all = new Set<() => void>();
    callbacks = all;
    hubs.set(signal, all);
    signal.addEventListener('abort', () => [...all].forEach((call) => call()), { once: true });
  }
  const all = callbacks;
  all.add(callback);
  return () => void all.delete(callback);
}

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
      let unhook = (): void => undefined;
      const done = (): void => {
        cancel();
        unhook();
        const at = this.waiters.indexOf(done);
        if (at >= 0) this.waiters.splice(at, 1);
        resolve();
      };
      const cancel = clock.setTimer(Math.max(0, ms), done);
      if (signal !== undefined) unhook = onAbort(signal, done);
      this.waiters.push(done);
    });
  }
}

/** The promise, or the reason of the signal, whichever is first. The work itself goes on. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  work.catch(() => undefined);
  signal.throwIfAborted();
  let unhook = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    unhook = onAbort(signal, () => reject(signal.reason as Error));
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    unhook();
  }
}
