/**
 * What happens to one delivered message:
 *
 *     received → read → known here? → admitted → started → handler ended → outcome stored → acknowledged
 *
 * and at each arrow the worker may die. Before `started` nothing has happened; until `outcome stored` the message comes
 * again and is admitted anew; after it, whoever waits has the outcome and wants no second one.
 */
import { type Clock, probe, type Random } from '@troupe/actor';
import type { TaskDelivery, TaskSource } from '@troupe/actor/internal';
import {
  type ErrorCode,
  isTroupeError,
  parseTask,
  type TaskMessage,
  type TaskOutcome,
  toWireError,
  type WireError,
} from '@troupe/protocol';
import { type Admission, admit, type AdmissionOptions, isWanted, recordCrash, unrecordStart } from './admission.ts';
import { type AbortReason, Attempt, type AttemptEnd } from './attempt.ts';
import { taskContext } from './context.ts';
import { describeTask, type Handler } from './handler.ts';
import type { Holds } from './holds.ts';
import type { Persistence } from './persistence.ts';
import { createProgress } from './progress.ts';
import type { Reporter } from './reporter.ts';
import { spanOf, type SpanOutcome } from './span.ts';
import type { WorkerEvent } from './worker-events.ts';

export interface RunnerOptions {
  readonly source: TaskSource;
  readonly clock: Clock;
  readonly random: Random;
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly admission: AdmissionOptions;
  readonly reporter: Reporter;
  readonly persist: Persistence;
  readonly holds: Holds;
  readonly isOpen: (gate: string) => boolean;
  readonly tell: (event: WorkerEvent) => void;
}

/** One message that runs. A redelivery of it replaces the delivery. */
interface Work {
  delivery: TaskDelivery;
  readonly message: TaskMessage;
  readonly handler: Handler;
  readonly startedAt: number;
  /** The start is recorded, and is taken back if the message is handed back. */
  readonly marked: boolean;
  readonly attempt: Attempt;
  /** Monotonic milliseconds at which whoever waits was last known to want it. */
  wantedAt: number;
}

const WANTED_EVERY_MS = 10_000;
/** A deploy rolls: another worker of the pool may know the task, so it is offered once more before it is parked. */
const UNKNOWN_TASK_DELAY_MS = 2_000;
const NEWER_VERSION_DELAY_MS = 30_000;
/** Not at once: this worker has stopped pulling, but its last request may stand for a moment. */
const HAND_BACK_DELAY_MS = 100;
/** What has killed its thread is not started again at once. */
const CRASH_DELAY_MS = 1_000;

/** A message is over for the queue. */
export interface Over {
  /** Its handler ignores its signal, and keeps its slot until this resolves. */
  readonly settled?: Promise<void>;
}

const OVER: Over = {};

export class Runner {
  /** What happened since the drain began. */
  readonly drained = { finished: 0, handedBack: 0, abandoned: 0 };
  private readonly options: RunnerOptions;
  private readonly works = new Map<string, Work>();
  private draining = false;

  constructor(options: RunnerOptions) {
    this.options = options;
  }

  get size(): number {
    return this.works.size;
  }

  /** Starts nothing any more: what is not running is handed back. */
  drain(): void {
    this.draining = true;
  }

  abortAll(): void {
    for (const { attempt } of this.works.values()) attempt.abort('draining');
  }

  /** Resolves when the message is over for the queue. Never rejects. */
  async handle(delivery: TaskDelivery): Promise<Over> {
    const { holds } = this.options;
    holds.add(delivery);
    try {
      await probe('task.received', delivery.subject);
      return await this.process(delivery);
    } catch (error) {
      // not stored, so not acknowledged: it comes again
      this.options.tell({ type: 'unavailable', error: toWireError(error, 'unavailable') });
      return OVER;
    } finally {
      holds.drop(delivery);
    }
  }

  /** A message on the signal subject: `{ cancel: <message id> }`. */
  signal(body: unknown): void {
    const id = (body as { readonly cancel?: unknown } | null)?.cancel;
    for (const work of this.works.values()) if (work.message.id === id) this.abort(work, 'notWanted');
  }

  /** The signal is best effort; the record of whoever waits is what holds, so it is read now and then. */
  askWhetherWanted(): void {
    const now = this.options.clock.monotonic();
    for (const work of this.works.values()) {
      if (work.message.replyTo === undefined || now - work.wantedAt < WANTED_EVERY_MS) continue;
      work.wantedAt = now;
      isWanted(this.options.admission, work.message).then(
        (wanted) => wanted || this.abort(work, 'notWanted'),
        // no answer is no cancellation
        () => undefined,
      );
    }
  }

  private async process(delivery: TaskDelivery): Promise<Over> {
    const { handlers, persist, admission, reporter, tell } = this.options;
    if (this.draining) return this.handBack(delivery);
    const message = this.read(delivery);
    if (message instanceof Error) return this.unreadable(delivery, message);
    const running = this.works.get(keyOf(message));
    if (running !== undefined) return this.adopt(running, delivery);
    const handler = handlers.get(message.task);
    if (handler === undefined) return this.unknownTask(delivery, message);
    const { gate } = handler.contract;
    // what may have happened already is looked at, gate or not
    if (gate !== undefined && message.reconcile !== true && !this.options.isOpen(gate)) return this.closed(delivery, message, gate);

    const admitted: Admission = await persist(() => admit(admission, delivery, message, handler));
    // admission has waited: the same message may have come again and been started meanwhile
    const started = this.works.get(keyOf(message));
    if (started !== undefined) return this.adopt(started, delivery);
    switch (admitted.kind) {
      case 'run':
        return this.draining
          ? this.handBack(delivery, admitted.marked ? message : undefined)
          : this.run(delivery, message, handler, admitted);
      case 'notWanted':
        tell({ type: 'taskNotWanted', id: message.id, task: message.task });
        // a step that was stopped waits to hear what its attempt has done: it never began
        if (admitted.isFirst) return this.settle({ delivery, message }, { kind: 'cancelled' });
        delivery.ack();
        return OVER;
      case 'tooLate': {
        const error = {
          code: 'deadline_exceeded' satisfies ErrorCode,
          message: `${message.task} came too late to start`,
          retryable: false,
        };
        return this.settle({ delivery, message }, { kind: 'failed', error });
      }
      case 'killsWorkers': {
        const text = `${message.task} was started ${admitted.starts} times and never ended`;
        const error = { code: 'worker_lost' satisfies ErrorCode, message: text, retryable: false };
        await reporter.bury(delivery, error, admitted.starts);
        tell({ type: 'taskBuried', subject: delivery.subject, error });
        return this.settle({ delivery, message }, { kind: 'failed', error });
      }
    }
  }

  private read(delivery: TaskDelivery): TaskMessage | Error {
    try {
      return parseTask(delivery.data);
    } catch (error) {
      return error as Error;
    }
  }

  /** Poison stops nobody: it is kept with its reason. What is only newer than this worker waits for one that reads it. */
  private async unreadable(delivery: TaskDelivery, cause: Error): Promise<Over> {
    const { tell, reporter } = this.options;
    const error = toWireError(cause, 'malformed');
    if (isTroupeError(cause) && cause.code === 'unsupported_version') {
      tell({ type: 'newerVersion', subject: delivery.subject, error });
      delivery.giveBack(NEWER_VERSION_DELAY_MS);
      return OVER;
    }
    await reporter.bury(delivery, error, delivery.deliveries);
    tell({ type: 'taskBuried', subject: delivery.subject, error });
    delivery.ack();
    return OVER;
  }

  /** Never dropped, always told (G10). */
  private async unknownTask(delivery: TaskDelivery, message: TaskMessage): Promise<Over> {
    this.options.tell({ type: 'unknownTask', task: message.task, subject: delivery.subject });
    if (delivery.deliveries === 1) {
      delivery.giveBack(UNKNOWN_TASK_DELAY_MS);
    } else {
      await this.options.reporter.park(delivery, message);
      delivery.ack();
    }
    return OVER;
  }

  /** Not run: whoever waits passes over it. */
  private closed(delivery: TaskDelivery, message: TaskMessage, gate: string): Promise<Over> {
    const text = `${message.task} was not run: ${gate} is switched off`;
    const error = { code: 'gate_closed' satisfies ErrorCode, message: text, retryable: false, data: { gate } };
    return this.settle({ delivery, message }, { kind: 'failed', error });
  }

  private async handBack(delivery: TaskDelivery, recorded?: TaskMessage): Promise<Over> {
    if (recorded !== undefined) await this.options.persist(() => unrecordStart(this.options.source, recorded));
    delivery.giveBack(HAND_BACK_DELAY_MS);
    return OVER;
  }

  /** The hold had lapsed, or was thought to have: one run is enough, and the newer hold is the one that counts. */
  private async adopt(work: Work, delivery: TaskDelivery): Promise<Over> {
    const { holds, tell } = this.options;
    holds.drop(work.delivery);
    work.delivery = delivery;
    tell({ type: 'taskCameAgain', id: work.message.id, task: work.message.task });
    await work.attempt.end;
    return OVER;
  }

  private async run(
    delivery: TaskDelivery,
    message: TaskMessage,
    handler: Handler,
    { reconcile, marked }: Extract<Admission, { kind: 'run' }>,
  ): Promise<Over> {
    const { source, clock, tell } = this.options;
    const { id, task } = message;
    await probe('task.started', task);
    const startedAt = source.serverNow();
    tell({
      type: 'taskStarted',
      id,
      task,
      class: delivery.class,
      attempt: message.attempt,
      text: describeTask(handler, message.input),
      reconcile,
    });
    const progress = createProgress(clock, (value) => this.sendProgress(work, value));
    const context = taskContext(message, delivery, startedAt, {
      log: (text, fields) => tell({ type: 'log', id, task, class: delivery.class, message: text, fields }),
      progress: (value) => progress.report(value),
    });
    const attempt = new Attempt({ handler, message, clock, reconcile, context });
    const work: Work = { delivery, message, handler, startedAt, marked, attempt, wantedAt: clock.monotonic() };
    this.works.set(keyOf(message), work);
    let end: AttemptEnd;
    try {
      end = await attempt.end;
      progress.stop();
      await probe('task.effectDone', task);
      await this.ended(work, end);
    } finally {
      this.works.delete(keyOf(message));
      // a redelivery that was adopted
      this.options.holds.drop(work.delivery);
    }
    return end.running ? { settled: attempt.settled.then(() => tell({ type: 'taskEndedLate', id, task })) } : OVER;
  }

  private async ended(work: Work, end: AttemptEnd): Promise<void> {
    const { tell } = this.options;
    if (end.type !== 'outcome')
      this.span(
        work,
        end.type === 'crashed' ? 'crashed' : end.running ? 'abandoned' : 'handedBack',
        'error' in end ? end.error : undefined,
      );
    const { id, task } = work.message;
    const reason = work.attempt.abortedBy;
    if (reason !== undefined && end.running) tell({ type: 'taskIgnoresSignal', id, task, reason });
    if (end.type === 'outcome') {
      await this.settle(work, end.outcome);
      if (this.draining) this.drained.finished++;
      return;
    }
    if (end.type === 'crashed') return this.crashed(work, end.error);
    if (end.running) {
      // it is still at it: another worker gets it when the hold lapses, not sooner
      this.drained.abandoned++;
      return;
    }
    await this.handBack(work.delivery, work.marked ? work.message : undefined);
    this.drained.handedBack++;
    tell({ type: 'taskHandedBack', id, task });
  }

  /** As if the worker had died: no outcome, a start that is counted, and the message comes again until there are too many. */
  private async crashed(work: Work, error: WireError): Promise<void> {
    const { id, task } = work.message;
    this.options.tell({ type: 'taskCrashed', id, task, error });
    if (!work.marked) await this.options.persist(() => recordCrash(this.options.source, work.message));
    work.delivery.giveBack(CRASH_DELAY_MS);
  }

  /** Stores the outcome, then acknowledges. */
  private async settle(work: Pick<Work, 'delivery' | 'message'> & Partial<Work>, outcome: TaskOutcome): Promise<Over> {
    const { reporter, source, tell } = this.options;
    const { message } = work;
    // before it is stored: that it could not be stored is no reason to forget that it ran
    this.span(work, outcome.kind, 'error' in outcome ? outcome.error : undefined);
    await reporter.report(work.delivery, message, outcome, work.startedAt);
    await probe('task.outcomeStored', message.task);
    work.delivery.ack();
    await probe('task.acknowledged', message.task);
    tell({
      type: 'taskEnded',
      id: message.id,
      task: message.task,
      class: work.delivery.class,
      attempt: message.attempt,
      operation: message.replyTo?.kind === 'operation' ? message.replyTo.key : undefined,
      step: message.step,
      outcome: outcome.kind,
      error: 'error' in outcome ? outcome.error : undefined,
      tookMs: work.startedAt === undefined ? 0 : source.serverNow() - work.startedAt,
    });
    return OVER;
  }

  private span(work: Pick<Work, 'delivery' | 'message'> & Partial<Work>, outcome: SpanOutcome, error?: WireError): void {
    const { message, delivery, startedAt } = work;
    const { source, reporter, tell } = this.options;
    const endedAt = source.serverNow();
    tell(spanOf({ message, delivery, startedAt: startedAt ?? endedAt, endedAt, worker: reporter.worker, outcome, error }));
  }

  private abort(work: Work, reason: AbortReason): void {
    if (work.attempt.abortedBy !== undefined) return;
    this.options.tell({ type: 'taskAborted', id: work.message.id, task: work.message.task, reason });
    work.attempt.abort(reason);
  }

  private sendProgress({ message, delivery }: Work, value: unknown): void {
    const { source, random, tell } = this.options;
    tell({ type: 'taskProgress', id: message.id, task: message.task });
    if (message.replyTo === undefined) return;
    const body = { step: message.step ?? null, attempt: message.attempt, token: message.token, progress: value } as never;
    const id = `${message.id}.${random.token()}`;
    source.mail(message.replyTo, { id, type: 'task.progress', body }, delivery.context).catch(() => undefined);
  }
}

function keyOf({ id, token }: TaskMessage): string {
  return `${id} ${token}`;
}
