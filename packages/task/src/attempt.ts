/**
 * One attempt: hooks in order under a time limit and a signal. Never throws. It is over for the queue when the handler has
 * ended, or when an aborted handler has not noticed within its grace; the handler itself may end later.
 */
import type { Clock } from '@troupe/actor';
import type { TaskMessage, TaskOutcome } from '@troupe/protocol';
import { isFatal, isRetry } from './errors.ts';
import { type Handler, splitPatch, type TaskContext } from './handler.ts';
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
  | { readonly type: 'handedBack'; readonly running: boolean };

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
  private readonly controller = new AbortController();
  private readonly cancelLimit: () => void;
  private cancelGrace: (() => void) | undefined;
  private finish!: (end: AttemptEnd) => void;

  constructor(options: AttemptOptions) {
    this.options = options;
    this.mayHaveHappened = options.reconcile;
    this.end = new Promise((resolve) => (this.finish = resolve));
    this.cancelLimit = options.clock.setTimer(options.message.timeLimitMs, () => this.abort('timeLimit'));
    this.settled = this.run();
  }

  get abortedBy(): AbortReason | undefined {
    return this.controller.signal.aborted ? (this.controller.signal.reason as AbortReason) : undefined;
  }

  /** The first reason counts. */
  abort(reason: AbortReason): void {
    if (this.abortedBy !== undefined) return;
    this.cancelLimit();
    this.cancelGrace = this.options.clock.setTimer(ABORT_GRACE_MS, () => this.finish(this.givenUp(reason, true)));
    this.controller.abort(reason);
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

  private async runHooks(): Promise<TaskOutcome> {
    const { handler, message, reconcile } = this.options;
    const { contract, object } = handler;
    const input = await validated(contract.input, message.input, 'input', 'invalid_input');
    this.phase = 'load';
    const bare = { ...this.options.context, signal: this.controller.signal, loaded: undefined };
    const context: TaskContext<unknown> = object.load === undefined ? bare : { ...bare, loaded: await object.load(bare) };
    let value: unknown;
    if (reconcile) {
      this.phase = 'reconcile';
      if (object.reconcile === undefined) {
        return unknownForGood(`${contract.name} may have run already, and has no reconcile that could look`);
      }
      const { found } = await object.reconcile(input, context);
      if (found === 'unknown') return unknownForGood(`${contract.name}: the backend does not tell whether it happened`);
      this.mayHaveHappened = found !== false;
      value = found === false ? await this.runIt(input, context) : found;
    } else {
      value = await this.runIt(input, context);
    }
    if (object.after !== undefined) {
      this.phase = 'after';
      await object.after(splitPatch(value).output, context);
    }
    this.phase = 'encode';
    return await encodeSuccess(handler, value);
  }

  private async runIt(input: unknown, context: TaskContext<unknown>): Promise<unknown> {
    const { object } = this.options.handler;
    if (object.before !== undefined) {
      this.phase = 'before';
      await object.before(input, context);
    }
    this.phase = 'run';
    this.mayHaveHappened = true;
    return object.run(input, context);
  }

  /** A success is a success, however late; a throw after an abort is the abort, unless the handler says what it means. */
  private thrown(thrown: unknown): AttemptEnd {
    const reason = this.abortedBy;
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
