import type { QueueClass, TaskOutcome, WireError } from '@troupe/protocol';
import type { AbortReason } from './attempt.ts';

/** What a worker tells: for logs, metrics and tests that wait for something to happen. */
export type WorkerEvent =
  | {
      readonly type: 'taskStarted';
      readonly id: string;
      readonly task: string;
      readonly class: QueueClass;
      readonly attempt: number;
      readonly text: string;
    }
  | {
      readonly type: 'taskEnded';
      readonly id: string;
      readonly task: string;
      readonly class: QueueClass;
      readonly outcome: TaskOutcome['kind'];
      readonly tookMs: number;
    }
  /** The step does not want this attempt (any more): acknowledged without a run. */
  | { readonly type: 'taskNotWanted'; readonly id: string; readonly task: string }
  | { readonly type: 'taskAborted'; readonly id: string; readonly task: string; readonly reason: AbortReason }
  | { readonly type: 'taskHandedBack'; readonly id: string; readonly task: string }
  /** An alarm: nobody here knows the type; it went back to be offered to others. */
  | { readonly type: 'unknownTask'; readonly task: string; readonly subject: string }
  | { readonly type: 'taskBuried'; readonly subject: string; readonly error: WireError }
  | {
      readonly type: 'log';
      readonly task: string;
      readonly class: QueueClass;
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    }
  /** The event loop stood still for longer than half a hold: holds may have lapsed; outcomes are still fenced by their tokens. */
  | { readonly type: 'stoodStill'; readonly ms: number }
  | { readonly type: 'drained'; readonly finished: number; readonly handedBack: number }
  | { readonly type: 'unavailable'; readonly error: WireError };
