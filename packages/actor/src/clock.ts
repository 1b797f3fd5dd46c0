/**
 * Time and chance as ports. Behaviours never see them: they get `context.now`, the server's time of the newest message
 * of the turn. Hosts and workers are given a clock, so that a test can move it.
 */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Milliseconds that never jump back; for measuring how long something took. */
  monotonic(): number;
  /** Calls back once after `ms`; the returned function cancels. */
  setTimer(ms: number, callback: () => void): () => void;
}

export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** An unguessable lower-case token of 16 characters, legal in a subject. */
  token(): string;
}

/** Resolves after `ms`, or as soon as the signal aborts. Never rejects. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.setTimer(ms, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
