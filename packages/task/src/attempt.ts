/**
 * One attempt: hooks in order under a time limit and a signal. Never throws. It is over for the queue when the handler has
 * ended, or when an aborted handler has not noticed within its grace; the handler itself may end later. One that is
 * isolated is terminated then.
 */
import type { Clock } from '@troupe/actor';
import { type ErrorCode, type TaskMessage, type TaskOutcome, toWireError, type WireError } from '@troupe/protocol';
import { isFatal, isRetry } from './errors.ts';
import type { Handler, TaskContext } from './handler.ts';
import { type HookEnd, type HookRun, runHooks } from './hooks.ts';
import { startThread, type Thread, ThreadCrashed } from './isolated.ts';
import { encodeSuccess, failureOf, type Phase, type Standing, timeoutOf, unknownForGood } from './outcome.ts';
import { validated } from './schema.ts';

/** Why a running attempt was told to stop. */
export type AbortReason = 'timeLimit' | 'notWanted' | 'draining';

/** How long an aborted handler may take to notice before it is reported without it. */
export const ABORT_GRACE_MS = 1_000;

export type AttemptEnd =
  /** `running`: the handler is still at it, and keeps its slot. */
  | { readonly type: 'outcome'; readonly outcome: TaskOutcome; readonly running: boolean }
  /** A drain took it from the handler: there is no outcome, and it is run elsewhere. */
  | { readonly type: 'handedBack'; readonly running: boolean }
  /** Its thread died: a start without an end. */
  | { readonly type: 'crashed'; readonly error: WireError; readonly running: false };

export interface AttemptOptions {
  readonly handler: Handler;
  readonly message: TaskMessage;
  readonly clock: Clock;
  /** Look at the backend first, and run only what has not happened. */
  readonly reconcile: boolean;
  readonly context: Omit<TaskContext, 'signal' | 'loaded'>;
}

export class Attempt implements Standing {
  /** Resolves when the queue need not wait any more. */
  readonly end: Promise<AttemptEnd>;
  /** Resolves when the handler has really ended. */
  readonly settled: Promise<void>;
  phase: Phase = 'input';
  mayHaveHappened: boolean;
  private readonly options: AttemptOptions;
  private controller: AbortController | undefined;
  private reason: AbortReason | undefined;
  private readonly cancelLimit: () => void;
  private cancelGrace: (() => void) | undefined;
  private thread: Thread | undefined;
  private finish!: (end: AttemptEnd) => void;

  constructor(options: AttemptOptions) {
    this.options = options;
    this.mayHaveHappened = options.reconcile;
    this.end = new Promise((resolve) => (this.finish = resolve));
    this.cancelLimit = options.clock.setTimer(options.message.timeLimitMs, () => this.abort('timeLimit'));
    this.settled = this.run();
  }

  get abortedBy(): AbortReason | undefined {
    return this.reason;
  }

  /** The first reason counts. */
  abort(reason: AbortReason): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    this.cancelLimit();
    this.cancelGrace = this.options.clock.setTimer(ABORT_GRACE_MS, () => this.graceIsOver(reason));
    this.controller?.abort(reason);
  }

  private signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.reason !== undefined) this.controller.abort(this.reason);
    }
    return this.controller.signal;
  }

  private async run(): Promise<void> {
    let end: AttemptEnd;
    try {
      end = { type: 'outcome', outcome: await this.runHooks(), running: false };
    } catch (thrown) {
      end = this.thrown(thrown);
    }
    this.cancelLimit();
    this.cancelGrace?.();
    this.finish(end);
  }

  private graceIsOver(reason: AbortReason): void {
    if (this.thread === undefined) this.finish(this.givenUp(reason, true));
    else this.thread.terminate();
  }

  private async runHooks(): Promise<TaskOutcome> {
    const { handler, message, reconcile, context } = this.options;
    const { contract, object } = handler;
    const input = await validated(contract.input, message.input, 'input', 'invalid_input');
    const run: Omit<HookRun, 'object'> = {
      reconcile,
      input,
      context,
      signal: () => this.signal(),
      enter: (phase, mayHaveHappened = this.mayHaveHappened) => {
        this.phase = phase;
        this.mayHaveHappened = mayHaveHappened;
      },
    };
    const end = object === undefined ? await this.runThread(run) : await runHooks({ ...run, object });
    if (end.type === 'unknown') {
      return unknownForGood(
        end.why === 'noReconcile'
          ? `${contract.name} may have run already, and has no reconcile that could look`
          : `${contract.name}: the backend does not tell whether it happened`,
      );
    }
    this.phase = 'encode';
    return await encodeSuccess(handler, end.value);
  }

  private async runThread(run: Omit<HookRun, 'object'>): Promise<HookEnd> {
    this.thread = startThread({ ...run, isolation: this.options.handler.isolation! });
    try {
      return await this.thread.end;
    } finally {
      this.thread = undefined;
    }
  }

  /** A success is a success, however late; a throw after an abort is the abort, unless the handler says what it means. */
  private thrown(thrown: unknown): AttemptEnd {
    const reason = this.abortedBy;
    // only a thread of ours throws that; what a handler throws may refuse to be looked at
    if (reason === undefined && this.options.handler.object === undefined && thrown instanceof ThreadCrashed) {
      return { type: 'crashed', error: toWireError(thrown, 'worker_lost' satisfies ErrorCode), running: false };
    }
    const said = isFatal(thrown) || isRetry(thrown);
    if (reason === undefined || (reason === 'timeLimit' && (said || this.phase === 'encode'))) {
      return { type: 'outcome', outcome: failureOf(this.options.handler, this, thrown), running: false };
    }
    return this.givenUp(reason, false);
  }

  private givenUp(reason: AbortReason, running: boolean): AttemptEnd {
    switch (reason) {
      case 'draining':
        return { type: 'handedBack', running };
      case 'notWanted':
        return { type: 'outcome', outcome: { kind: 'cancelled' }, running };
      case 'timeLimit': {
        const { handler, message } = this.options;
        return { type: 'outcome', outcome: timeoutOf(handler, this, message.timeLimitMs), running };
      }
    }
  }
}
