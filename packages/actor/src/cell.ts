/** What a host keeps of one key while it is in memory. */
import type { Address } from '@troupe/protocol';
import type { Behaviour } from './behaviour.ts';
import type { Loaded } from './host-types.ts';
import type { Delivery } from './ports.ts';

export interface Cell {
  readonly address: Address;
  readonly name: string;
  readonly behaviour: Behaviour;
  queue: Delivery[];
  running: boolean;
  loaded: Loaded | undefined;
  /** The turn that runs now. */
  turn: RunningTurn | undefined;
}

export interface RunningTurn {
  readonly deliveries: readonly Delivery[];
  /** Monotonic milliseconds: what has not been applied by then is put off. */
  until: number;
  /** Its messages come again, as timers or (after a freeze) as they were: nothing more is done for them here. */
  isGivenUp: boolean;
}
