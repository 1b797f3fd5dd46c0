/**
 * Folding: the pure middle of a turn. Messages go through `receive` one after the other; what comes out is the new root
 * text, the items to write, and the effects with their ids. Nothing leaves before the commit.
 */
import { type Address, encodeJson } from '@troupe/protocol';
import type { Behaviour, Incoming, TurnContext } from './behaviour.ts';
import type { Random } from './clock.ts';
import type { Effect, FleetingEffect, PendingEffect } from './effects.ts';
import type { EntityRecordState } from './entity-record.ts';
import type { StoredItem } from './ports.ts';

export interface Folded {
  readonly rootText: string | undefined;
  readonly puts: readonly StoredItem[];
  readonly pending: readonly PendingEffect[];
  readonly fleeting: readonly FleetingEffect[];
  readonly end: Extract<Effect, { type: 'end' }> | undefined;
  readonly changed: boolean;
}

/** Thrown by a fold when `receive` threw: tells which message did it. */
export class FoldError extends Error {
  readonly index: number;
  constructor(index: number, cause: unknown) {
    super('a behaviour threw', { cause });
    this.index = index;
  }
}

export interface FoldInput {
  readonly behaviour: Behaviour;
  readonly state: unknown;
  readonly record: EntityRecordState;
  readonly self: Address;
  readonly messages: readonly Incoming[];
  readonly random: Random;
  readonly serverNow: number;
}

export function fold(input: FoldInput): Folded {
  const { behaviour, record, self, messages } = input;
  const address = `${self.kind}/${self.key}`;
  const puts = new Map<string, StoredItem>();
  const pending: PendingEffect[] = [];
  const fleeting: FleetingEffect[] = [];
  let end: Folded['end'];
  let isReopened = false;

  const removePhysical = (name: { nonce: string; n: number } | undefined): void => {
    if (name === undefined) return;
    const physical = `${name.nonce}.${name.n}`;
    // written and dropped within one turn: it never has to exist
    if (puts.delete(physical)) return;
    pending.push({ type: 'removeItem', item: physical, id: record.nextEffectId(address) });
  };

  const take = (effect: Effect, cause: Incoming): void => {
    switch (effect.type) {
      case 'putItem': {
        const { stored, replaced } = record.put(effect.item, effect.body);
        puts.set(`${stored.nonce}.${stored.n}`, stored);
        removePhysical(replaced);
        return;
      }
      case 'removeItem':
        removePhysical(record.remove(effect.item));
        return;
      case 'answer':
      case 'signal':
      case 'tell':
        fleeting.push(effect);
        return;
      case 'end':
        end = effect;
        return;
      case 'reopen':
        record.ttlSeconds = undefined;
        isReopened = true;
        return;
      default: {
        const id = 'id' in effect && effect.type !== 'result' && effect.id !== undefined ? effect.id : record.nextEffectId(address);
        const own = 'context' in effect ? effect.context : undefined;
        const context = own ?? (hasContext(cause) ? cause.context : undefined);
        pending.push(withId(effect, id, context));
      }
    }
  };

  let now = 0;
  for (const message of messages) now = Math.max(now, message.storedAt);
  const context: TurnContext = {
    self,
    now,
    foldedAt: Math.max(now, input.serverNow),
    newId: () => record.nextEffectId(address),
    token: () => input.random.token(),
    random: () => input.random.next(),
  };
  for (const [index, message] of messages.entries()) {
    try {
      if (behaviour.mayReceive?.(message) === false) continue;
      for (const effect of behaviour.receive(input.state, message, context)) take(effect, message);
    } catch (cause) {
      throw new FoldError(index, cause);
    }
  }
  if (end !== undefined) {
    record.ttlSeconds = Math.ceil(end.ttlMs / 1_000);
    if (end.tombstone !== undefined) pending.push({ type: 'tombstone', id: record.nextEffectId(address), ...end.tombstone });
    // items of this turn need not be written unless they are kept, older ones go with the end
    const kept = new Set(end.keep);
    for (const name of record.dropItems((item, { nonce, n }) => kept.has(item) && puts.has(`${nonce}.${n}`))) removePhysical(name);
  }
  const root = behaviour.root(input.state);
  const rootText = root === undefined ? undefined : encodeJson(root);
  const changed = pending.length > 0 || puts.size > 0 || end !== undefined || isReopened || rootText !== record.rootText;
  return { rootText, puts: [...puts.values()], pending, fleeting, end, changed };
}

function hasContext(message: Incoming): boolean {
  for (const _ in message.context) return true;
  return false;
}

function withId(
  effect: Exclude<Effect, { type: 'putItem' | 'removeItem' | 'answer' | 'signal' | 'tell' | 'end' | 'reopen' }>,
  id: string,
  context: Incoming['context'] | undefined,
): PendingEffect {
  // a result is stored under the id of its task, its effect id is of no use
  const named = effect.type === 'result' ? effect : { ...effect, id };
  return (context === undefined ? named : { ...named, context }) as PendingEffect;
}
