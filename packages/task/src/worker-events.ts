/** What a worker tells: for logs, metrics and tests that wait for something to happen. */
import type { QueueClass, TaskOutcome, WireError } from '@troupe/protocol';
import type { AbortReason } from './attempt.ts';
import type { Span } from './span.ts';

export type WorkerEvent =
  /** One per attempt that a worker of ours has seen end, however it ended (S24). */
  | Span
  | {
      readonly type: 'taskStarted';
      readonly id: string;
      readonly task: string;
      readonly class: QueueClass;
      readonly attempt: number;
      /** What `describe` says of it. */
      readonly text: string;
      /** It looks first whether an earlier start had its effect. */
      readonly reconcile: boolean;
    }
  /** The outcome of an attempt is stored, and its message acknowledged. */
  | {
      readonly type: 'taskEnded';
      readonly id: string;
      readonly task: string;
      readonly class: QueueClass;
      readonly attempt: number;
      readonly operation: string | undefined;
      readonly step: string | undefined;
      readonly outcome: TaskOutcome['kind'];
      readonly error: WireError | undefined;
      readonly tookMs: number;
    }
  /** Whoever waited does not want this attempt (any more): acknowledged without a run. */
  | { readonly type: 'taskNotWanted'; readonly id: string; readonly task: string }
  /** The same message came again while it runs here: the new hold replaces the old one. */
  | { readonly type: 'taskCameAgain'; readonly id: string; readonly task: string }
  | { readonly type: 'taskAborted'; readonly id: string; readonly task: string; readonly reason: AbortReason }
  /** An alarm: a handler ignores its signal. It was reported without it, and keeps its slot until it really ends. */
  | { readonly type: 'taskIgnoresSignal'; readonly id: string; readonly task: string; readonly reason: AbortReason }
  /** A handler that ignored its signal has ended at last; its slot is free again. */
  | { readonly type: 'taskEndedLate'; readonly id: string; readonly task: string }
  | { readonly type: 'taskHandedBack'; readonly id: string; readonly task: string }
  | { readonly type: 'taskProgress'; readonly id: string; readonly task: string }
  /** An alarm: nobody here knows the type; it comes again after a delay, here or where it is known. */
  | { readonly type: 'unknownTask'; readonly task: string; readonly subject: string }
  /** An alarm: a message of a newer version; it comes again after a delay. */
  | { readonly type: 'newerVersion'; readonly subject: string; readonly error: WireError }
  /** The thread of an isolated handler died: counted apart from failures, and tried again until it is buried. */
  | { readonly type: 'taskCrashed'; readonly id: string; readonly task: string; readonly error: WireError }
  | { readonly type: 'taskBuried'; readonly subject: string; readonly error: WireError }
  | {
      readonly type: 'log';
      readonly id: string;
      readonly task: string;
      readonly class: QueueClass;
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    }
  /** The event loop stood still for longer than half a hold: holds may have lapsed; outcomes are still fenced by their tokens. */
  | {
      readonly type: 'stoodStill';
      readonly ms: number;
      /** Attempts whose message may be with another worker now. */ readonly attempts: number;
    }
  | {
      readonly type: 'drained';
      /** Ended during the drain, with an outcome. */
      readonly finished: number;
      /** Ended by the signal, and given to another worker. */
      readonly handedBack: number;
      /** Still running: their holds lapse, and only then they are run elsewhere. */
      readonly abandoned: number;
    }
  | { readonly type: 'unavailable'; readonly error: WireError };

/** From the quietest to the loudest. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** How loud an event is. Background work is quiet unless it fails (S88). */
export function levelOf(event: WorkerEvent): LogLevel {
  switch (event.type) {
    case 'span':
    case 'taskStarted':
    case 'taskProgress':
    case 'taskNotWanted':
    case 'taskCameAgain':
      return 'debug';
    case 'taskEnded':
      if (event.outcome === 'succeeded' || event.outcome === 'cancelled') return event.class === 'background' ? 'debug' : 'info';
      return 'warn';
    case 'log':
      return event.class === 'background' ? 'debug' : 'info';
    case 'taskAborted':
    case 'taskHandedBack':
    case 'taskEndedLate':
    case 'drained':
      return 'info';
    case 'unknownTask':
    case 'newerVersion':
    case 'stoodStill':
    case 'unavailable':
    case 'taskCrashed':
      return 'warn';
    case 'taskIgnoresSignal':
    case 'taskBuried':
      return 'error';
  }
}

/** Whether it belongs into a log of that level. */
export function isLogged(event: WorkerEvent, level: LogLevel): boolean {
  return logLevels.indexOf(levelOf(event)) >= logLevels.indexOf(level);
}
