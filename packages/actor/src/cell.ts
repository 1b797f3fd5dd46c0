/** What a host keeps of one key while it is in memory. */
import type { Address } from '@troupe/protocol';
import type { Behaviour } from './behaviour.ts';
import type { Loaded } from './host-types.ts';
import type { Delivery } from './ports.ts';
import type { TurnSlot } from './turn-slots.ts';

export interface Cell {
  readonly address: Address;
  readonly name: string;
  readonly behaviour: Behaviour;
  queue: Delivery[];
  running: boolean;
  loaded: Loaded | undefined;
  /** The turn that runs now. */
  turn: RunningTurn | undefined;
  /** With which it runs. */
  slot: TurnSlot | undefined;
}

export interface RunningTurn {
  readonly deliveries: readonly Delivery[];
  /** Monotonic milliseconds: what has not been applied by then is put off. */
  until: number;
  /** Its messages come again, as timers or (after a freeze) as they were: nothing more is done for them here. */
  isGivenUp: boolean;
}

/** Those that were idle longest go first; what runs or waits stays, also over the limit. */
export function evictIdle(cells: Map<string, Cell>, limit: number): void {
  if (cells.size <= limit) return;
  for (const [name, cell] of cells) {
    if (cells.size <= limit) return;
    if (!cell.running && cell.queue.length === 0) cells.delete(name);
  }
}
