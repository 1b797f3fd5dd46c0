/**
 * Old commands. An ended operation keeps its record for days and a tombstone for weeks; within that time a command that
 * comes again is answered from it. A command that is older than the tombstones and unknown may have run long ago, so it
 * is refused: to run it again would be a guess.
 */
import type { NatsConnection } from '@nats-io/nats-core';
import { type Answer, type Command, type Outcome, type Subjects, TroupeError } from '@troupe/protocol';
import { readLast } from './direct-get.ts';
import { readTombstone } from './record-store.ts';

const DAY_MS = 86_400_000;
/** Younger than this the record itself must still be there, had it run: no read needed. */
const FRESH_MS = 6 * DAY_MS;
/** Tombstones live longer than this. */
const TOMBSTONES_MS = 30 * DAY_MS;

export interface CommandAgeOptions {
  readonly nc: NatsConnection;
  readonly subjects: Subjects;
  readonly serverNow: () => number;
}

/** The answer to an old command whose operation has ended and left only a tombstone; undefined = go on. Throws `too_old`. */
export async function judgeAge(command: Command, options: CommandAgeOptions): Promise<Answer | undefined> {
  const ageMs = options.serverNow() - Date.parse(command.createdAt);
  if (ageMs < FRESH_MS) return undefined;
  const { nc, subjects } = options;
  const address = { kind: 'operation', key: command.id };
  const record = await readLast(nc, subjects.streams.state, subjects.state(address));
  if (record !== undefined && record.data.length > 0) return undefined;
  const tombstone = await readTombstone(nc, subjects, address);
  if (tombstone !== undefined) {
    const outcome = (tombstone as { outcome?: Outcome } | null)?.outcome;
    return { v: 1, operation: command.id, answer: 'duplicate', status: 'ended', ...(outcome === undefined ? {} : { outcome }) };
  }
  if (ageMs < TOMBSTONES_MS) return undefined;
  throw new TroupeError('too_old', `command ${command.id} was made ${Math.floor(ageMs / DAY_MS)} days ago and its operation is unknown`, {
    field: 'createdAt',
  });
}
