/**
 * A value that expires, in place of one that does not. A server keeps no note of what was replaced, only of what has expired: killed and started again
 * it finds the value before the one that expired (docs/decisions/0031). So the value is written twice, first to stay, then to expire, and
 * what may come back is the last word, not the one before.
 */
import { isWrongSequence, type Publisher } from './publisher.ts';

interface ExpiringOptions {
  readonly expectLastSubjectSequence: number;
  readonly headers?: readonly (readonly [string, string])[];
  readonly ttlMs?: number;
}

/** Compare-and-set, the second time on what the first has written. Resolves with the sequence that is the last one then. */
export async function publishExpiring(
  publisher: Publisher,
  subject: string,
  body: string,
  { ttlMs, ...options }: ExpiringOptions,
): Promise<{ readonly sequence: number }> {
  const stays = await publisher.publish(subject, body, options);
  if (ttlMs === undefined) return stays;
  try {
    return await publisher.publish(subject, body, { ...options, expectLastSubjectSequence: stays.sequence, ttlMs });
  } catch (error) {
    // somebody has written on top of it, which is right: the first was the decision
    if (isWrongSequence(error)) return stays;
    throw error;
  }
}
