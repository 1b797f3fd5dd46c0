/** How long a turn waits for the server or a store, and what happens then. */
import type { WireError } from '@troupe/protocol';
import type { Cell, RunningTurn } from './cell.ts';
import type { Patience } from './until-available.ts';

/** What a host does for turns that wait. */
export interface Patient {
  putOffTurn(cell: Cell, reason: WireError): Promise<boolean>;
  unavailable(cell: Cell, error: WireError): void;
}

/** As long as the messages of the turn are held. Made for every wait of every turn, so it is no bag of closures. */
export class TurnPatience implements Patience {
  readonly whileTrying: boolean;
  private readonly host: Patient;
  private readonly cell: Cell;
  private readonly turn: RunningTurn;

  constructor(host: Patient, cell: Cell, whileTrying: boolean) {
    this.host = host;
    this.cell = cell;
    this.turn = cell.turn!;
    this.whileTrying = whileTrying;
  }

  get until(): number {
    return this.turn.until;
  }

  set until(ms: number) {
    this.turn.until = ms;
  }

  handOver(reason: WireError): Promise<boolean> {
    return this.host.putOffTurn(this.cell, reason);
  }

  onUnavailable(error: WireError): void {
    this.host.unavailable(this.cell, error);
  }
}
