/**
 * Emitting the effects of a committed turn, and what comes back of them. An effect that the server refuses for good (no
 * permission, too large) is not tried for ever: who ordered a task hears that it has failed; for anything else there is
 * nobody to tell, and the entity is quarantined with all its effects kept, to be emitted again when it is released.
 */
import type { Address, Json, TaskEnded, WireError } from '@troupe/protocol';
import type { Incoming } from './behaviour.ts';
import type { PendingEffect, SinkEffect } from './effects.ts';
import type { EffectSink, RecordStore } from './ports.ts';

export interface Emitted {
  /** For the next turn, before anything else. */
  readonly outcomes: Incoming[];
  /** An effect of which nobody can be told that it was refused. */
  readonly refused?: WireError;
}

export interface Emission {
  readonly effects: EffectSink;
  readonly records: Pick<RecordStore, 'serverNow' | 'putTombstone'>;
}

/** Resolves when every effect is confirmed or refused for good. */
export async function emitAll(
  { effects, records }: Emission,
  pending: readonly PendingEffect[],
  from: Address,
  revision: number,
): Promise<Emitted> {
  const outcomes: Incoming[] = [];
  if (pending.length === 0) return { outcomes };
  const sunk: SinkEffect[] = [];
  const stored: Promise<void>[] = [];
  for (const effect of pending) {
    if (effect.type === 'tombstone') stored.push(records.putTombstone(from, effect.body, effect.ttlMs));
    else sunk.push(effect);
  }
  const [sent] = await Promise.all([effects.emit(sunk, { from, revision }), ...stored]);
  let refused: WireError | undefined;
  for (const ended of sent) {
    const now = records.serverNow();
    if ('outcome' in ended) {
      outcomes.push({ id: `${ended.effect}!`, type: 'write.ended', body: ended as never, sender: 'host', context: {}, storedAt: now });
      continue;
    }
    const told = taskRefused(pending, ended, from, now);
    if (told === undefined) refused = ended.refused;
    else outcomes.push(told);
  }
  return refused === undefined ? { outcomes } : { outcomes, refused };
}

/** Said in the name of the pool that was to have it: whoever ordered the task waits for an end from there. */
function taskRefused(
  pending: readonly PendingEffect[],
  { effect: id, refused }: { readonly effect: string; readonly refused: WireError },
  from: Address,
  now: number,
): Incoming | undefined {
  const effect = pending.find((one) => one.id === id);
  if (effect?.type !== 'task') return undefined;
  const { replyTo, step, attempt, token } = effect.message;
  if (replyTo?.kind !== from.kind || replyTo.key !== from.key) return undefined;
  const body: TaskEnded = {
    ...(step === undefined ? {} : { step }),
    ...{ attempt, token, outcome: { kind: 'failed', error: refused }, worker: '', startedAt: now, endedAt: now },
  };
  return {
    id: `${id}!`,
    type: 'task.ended',
    body: body as unknown as Json,
    sender: `task-${effect.pool}`,
    context: effect.context ?? {},
    storedAt: now,
  };
}
