/**
 * What happens when a turn throws: the behaviour is restarted from its committed record (by dropping its state), the
 * message is put off with backoff, and after its budget it is buried and the entity quarantined, visibly. Others are
 * untouched: the budget belongs to the message and its entity, never to their neighbours.
 */

export interface SupervisionOptions {
  /** How often a message may throw before it is buried and its entity quarantined. */
  readonly tries: number;
  /** Backoff of the first try; doubles up to `maxBackoffMs`. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** Starts without an end after which a message is buried: it kills its hosts. */
  readonly crashes: number;
  /** How long a message to a quarantined entity is put off before it is looked at again. */
  readonly quarantineDelayMs: number;
  /**
   * How long the messages of an entity are put off whose turn cannot be applied within their hold, because a store is down.
   * With a quarter of jitter either way; an entity goes on at the latest so long after the outage.
   */
  readonly outageDelayMs: number;
}

export const supervisionDefaults: SupervisionOptions = Object.freeze({
  tries: 5,
  backoffMs: 200,
  maxBackoffMs: 10_000,
  crashes: 5,
  quarantineDelayMs: 30_000,
  outageDelayMs: 4_000,
});

export function backoffMs(options: SupervisionOptions, tries: number, random: number): number {
  const base = Math.min(options.backoffMs * 2 ** (tries - 1), options.maxBackoffMs);
  return Math.round(base * (0.75 + random / 2));
}
