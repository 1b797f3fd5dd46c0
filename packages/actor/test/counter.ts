/** A behaviour for tests: counts, keeps items, orders one of every effect, throws on request. */
import type { Behaviour, Effect, Incoming } from '@troupe/actor';
import type { Json } from '@troupe/protocol';

export interface CounterState {
  count: number;
  seen: string[];
  written: number;
  readonly items: Map<string, Json>;
}

export function counter(options: { poison?: () => boolean } = {}): Behaviour<CounterState> {
  return {
    kind: 'counter',
    mayReceive: (message) => !message.sender.startsWith('task-') || message.type === 'add',
    activate(_key, record) {
      const root = record?.root as { count: number; seen: string[]; written: number } | undefined;
      return { count: root?.count ?? 0, seen: [...(root?.seen ?? [])], written: root?.written ?? 0, items: new Map(record?.items) };
    },
    receive(state, message: Incoming, context): Effect[] {
      switch (message.type) {
        case 'add':
          if (state.seen.includes(message.id)) return [];
          state.seen.push(message.id);
          state.count++;
          return [{ type: 'send', to: { kind: 'other', key: 'o' }, mail: { type: 'added', body: state.count } }];
        case 'put':
          state.items.set(String(message.body), context.now);
          return [{ type: 'putItem', item: String(message.body), body: context.now }];
        case 'drop':
          state.items.delete(String(message.body));
          return [{ type: 'removeItem', item: String(message.body) }];
        case 'write':
          return [{ type: 'write', write: { op: 'remove', ref: { kind: 'k', id: '1' }, operation: 'o', epoch: 1 } }];
        case 'writeOnce':
          if (state.seen.includes(message.id)) return [];
          state.seen.push(message.id);
          return [{ type: 'write', write: { op: 'remove', ref: { kind: 'k', id: '1' }, operation: 'o', epoch: 1 } }];
        case 'write.ended':
          if (options.poison?.() === true) throw new Error('cannot fold the outcome');
          state.written++;
          return [];
        // counts only for a state that waits for it, as an outcome of a step does
        case 'arm':
          state.seen.push('armed');
          return [];
        case 'fire':
          if (state.seen.at(-1) !== 'armed') return [];
          state.seen.pop();
          state.count += 100;
          return [];
        case 'ask':
          return [{ type: 'answer', answer: { v: 1, operation: 'o', answer: 'accepted' } }];
        case 'boom':
          if (options.poison?.() === false) return [];
          throw new Error('boom');
        case 'end':
          return [{ type: 'end', ttlMs: 5_000, tombstone: { ttlMs: 10_000, body: 'gone' } }];
        case 'endKeeping':
          state.items.clear();
          state.items.set('kept', 'for later');
          return [
            { type: 'putItem', item: 'kept', body: 'for later' },
            { type: 'putItem', item: 'other', body: 1 },
            { type: 'end', ttlMs: 5_000, keep: ['kept', 'unknown'] },
          ];
        case 'reopen':
          return [{ type: 'reopen' }];
        default:
          return [];
      }
    },
    root: (state) =>
      state.count + state.written + state.items.size + state.seen.length === 0
        ? undefined
        : { count: state.count, seen: state.seen, written: state.written },
  };
}
