/** An operation as the bench keeps it. */
import type { Json } from '@troupe/protocol';
import type { OperationState } from '@troupe/executor/internal';

export interface Entity {
  readonly key: string;
  state: OperationState | undefined;
  /** The committed root as text; parsed when somebody asks. */
  text: string | undefined;
  readonly root: Json | undefined;
  readonly items: Map<string, Json>;
  /** Names of the items that the turn under way has put. */
  readonly putNow: Set<string>;
  effects: number;
  activations: number;
  ended: boolean;
}
