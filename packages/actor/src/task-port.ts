/**
 * What a worker needs from an adapter: a queue to pull from, a way to answer, and a few small reads and writes.
 * The rules (what is run, what is reported, when it is acknowledged) are the worker's; an adapter only moves messages.
 */
import type { Address, Context, Json, QueueClass, TaskResult, WireError } from '@troupe/protocol';

/** One delivered task message, with the hold on it. */
export interface TaskDelivery {
  readonly class: QueueClass;
  readonly subject: string;
  /** Where it lies in the stream: names this message, not its attempt. */
  readonly sequence: number;
  /** As it came: reading it is the worker's business, so that what cannot be read is buried and not lost. */
  readonly data: Uint8Array;
  readonly context: Context;
  /** When the server stored it, epoch milliseconds. */
  readonly storedAt: number;
  /** Counts from 1; proves nothing after a freeze. */
  readonly deliveries: number;
  /** Removes it from the stream. Fire and forget: a lost one means a second delivery. */
  ack(): void;
  /** Renews the hold. */
  extend(): void;
  /** Hands it back, to be offered again after `delayMs`, which is never 0: a bare hand-back comes again at once, for ever. */
  giveBack(delayMs: number): void;
}

export interface PullRequest {
  readonly class: QueueClass;
  readonly count: number;
  /** The request ends after so long, whatever has come. */
  readonly expiresMs: number;
  /** Called exactly once, after its last delivery: how many of `count` did not come. A broken connection ends a request too. */
  onEnd(undelivered: number): void;
}

/** What the queue calls. Neither function may throw. */
export interface TaskReceiver {
  deliver(delivery: TaskDelivery): void;
  /** Body of a message on the signal subject of the pool: some running attempt is not wanted any more. */
  signal(body: Json): void;
}

export interface TaskQueue {
  readonly pool: string;
  /** How long a delivery is held without renewal. */
  readonly ackWaitMs: number;
  /** The server's clock, epoch milliseconds. */
  serverNow(): number;
  open(receiver: TaskReceiver): Promise<void>;
  pull(request: PullRequest): void;
  /** Ends all requests. When it has resolved nothing is delivered any more. */
  stopPulling(): Promise<void>;
  /** Resolves when the server has seen every acknowledgement so far. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface TaskReply {
  /** Mail to an entity from the sender `task-<pool>`. Resolves when stored. */
  mail(to: Address, mail: { readonly id: string; readonly type: string; readonly body: Json }, context: Context): Promise<void>;
  /** The result of a task that nobody waits for by mail. Resolves when stored. */
  result(result: TaskResult, ttlMs: number): Promise<void>;
  /** Keeps a message that cannot be handled, with its reason. Resolves when stored. */
  bury(delivery: TaskDelivery, error: WireError, attempts: number): Promise<void>;
}

/** Written before a start, so that a later delivery knows of it. */
export interface StartMark {
  /** Starts of which no end is known. */
  readonly starts: number;
  /** What the next write of the mark must expect; 0 = there is none. */
  readonly revision: number;
}

/** How an entity's record stands, as far as a worker may know it. */
export interface WaiterRecord {
  readonly root: Json;
  /** The entity has ended: it waits for nothing. */
  readonly ended: boolean;
}

export interface TaskRecords {
  /** The record of an entity, by one read. Undefined = there is none. */
  waiter(of: Address): Promise<WaiterRecord | undefined>;
  hasResult(id: string): Promise<boolean>;
  readMark(id: string): Promise<StartMark | undefined>;
  /** Compare-and-set by `expected` (0 = only if there is none); false when somebody else was first. */
  writeMark(id: string, starts: number, expected: number, ttlMs: number): Promise<boolean>;
}

/** Throws `unavailable` when the server does not answer; every call may be made again. */
export interface TaskSource extends TaskQueue, TaskReply, TaskRecords {}
