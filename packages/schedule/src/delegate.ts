/**
 * Runs that another entity does for a schedule, a fan-out for instance: what the two say to each other. The schedule decides when
 * and whether, the other one what. `seq` grows from run to run of one schedule: a message with a lower one is an old one.
 */
import type { Json } from '@troupe/protocol';

export interface RunNamed {
  readonly seq: number;
}

/** `run.start`, to the other entity. Said again it is answered again. */
export interface RunStart extends RunNamed {
  readonly run: string;
  /** Epoch milliseconds. */
  readonly nominal?: number;
  /** The part of the definition that the other entity reads. */
  readonly what: Json;
}

/** Further mail to it: `run.close` (end it, leaving alone what still lives), `run.cancel`, `run.forget` (the schedule is deleted). */
export const delegateMail = ['run.start', 'run.close', 'run.cancel', 'run.forget'];

/** `run.ended`, to the schedule. Before it may come `run.started`: all has been started, the next run need not wait for its end. */
export interface RunEnded extends RunNamed {
  readonly ended: 'succeeded' | 'failed' | 'cancelled';
  readonly error?: { readonly code: string; readonly message: string };
  /** For the users of the schedule. */
  readonly userMessage?: string;
  /** What came out, in numbers. */
  readonly counts?: Readonly<Record<string, number>>;
}
