/**
 * Entities for tests of the cluster: accounts that pass money on. What must hold is plain to see: no transfer is lost,
 * none is done twice, whatever dies, comes again or is refused on the way. One slot per transfer, as everywhere.
 */
import type { Behaviour, Effect } from '@troupe/actor';

interface Root {
  readonly balance: number;
  readonly sent: number;
  readonly received: number;
  readonly timer: string | null;
}

interface State {
  balance: number;
  sent: number;
  received: number;
  timer: string | null;
  /** Transfers seen, an item each. */
  readonly seen: Set<string>;
}

export interface TransferBody {
  readonly transfer: string;
  readonly amount: number;
  /** Accounts that it still has to pass. */
  readonly route: readonly string[];
}

export const account = (key: string) => ({ kind: 'account', key });

/** `delayMs`: a transfer leaves through a timer; 0 = at once. */
export function accounts(options: { delayMs?: number; resource?: boolean } = {}): Behaviour<State> {
  return {
    kind: 'account',
    activate(_key, record) {
      const root = record?.root as unknown as Root | undefined;
      const seen = new Set(record?.items.keys());
      return { balance: 0, sent: 0, received: 0, timer: null, ...root, seen };
    },
    receive(state, message, context): Effect[] {
      if (message.type === 'timer.wake') {
        if (message.timer === state.timer) state.timer = null;
        return [];
      }
      if (message.type !== 'transfer') return [];
      const { transfer, amount, route } = message.body as unknown as TransferBody;
      // a route may come back to an account: what must not happen twice is one hop
      const hop = `${transfer}#${route.length}`;
      if (state.seen.has(hop)) return [];
      state.seen.add(hop);
      state.received++;
      const effects: Effect[] = [{ type: 'putItem', item: hop, body: { amount } }];
      const [next, ...rest] = route;
      if (next === undefined) {
        state.balance += amount;
        return [...effects, { type: 'publish', topic: ['arrived', transfer], body: { amount } }];
      }
      state.sent++;
      const mail = { type: 'transfer', body: { transfer, amount, route: rest } };
      const delayMs = options.delayMs ?? 0;
      return [...effects, { type: 'send', to: account(next), mail, ...(delayMs > 0 ? { at: context.now + delayMs } : {}) }];
    },
    root: ({ balance, sent, received, timer }) => (received === 0 ? undefined : { balance, sent, received, timer }),
  };
}
