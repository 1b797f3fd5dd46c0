/** Waits for what cannot be awaited: the state of another process. */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks again and again until `condition` gives something truthy, and returns that.
 * @throws when it does not within `withinMs` (default 12,000: a busy machine is slow), naming `what`
 */
export async function until<T>(what: string, condition: () => T | Promise<T>, withinMs = 12_000, everyMs = 10): Promise<NonNullable<T>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(everyMs);
  }
}
