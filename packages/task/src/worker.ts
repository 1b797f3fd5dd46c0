/**
 * The worker: pulls for free slots only, runs attempts, reports their outcomes, and acknowledges a task only after its
 * outcome is stored.
 *
 *   delivery → still wanted? → start recorded where needed → run under a time limit → outcome stored → acknowledged
 *
 * A message may come twice or very late: a redelivered or old one is run only if the record of whoever waits still names
 * its attempt; an `idempotent: 'no'` task never without a start mark made first. Retrying is not decided here: the
 * supervisor does, and tells by a new message. A crash is a start without an end; it is counted apart from failures.
 */
import { type Clock, createService, probe, type Random, type Service, sleep } from '@troupe/actor';
import type { TaskDelivery, TaskSource, WaiterRecord } from '@troupe/actor/internal';
import {
  isTroupeError,
  type Json,
  parseTask,
  queueClasses,
  type TaskEnded,
  type TaskMessage,
  type TaskOutcome,
  toWireError,
  TroupeError,
  type WireError,
} from '@troupe/protocol';
import { type AbortReason, runAttempt, timeout } from './attempt.ts';
import { type Handler, handlersByName } from './handler.ts';
import { wantsLoneAttempt } from './lone-task.ts';
import { contextOf, describe, type Running } from './running.ts';
import { type SlotOptions, Slots } from './slots.ts';
import type { WorkerEvent } from './worker-events.ts';

export interface WorkerOptions {
  readonly handlers: readonly Handler[];
  readonly source: TaskSource;
  readonly clock: Clock;
  readonly random: Random;
  /** Named in outcomes. */
  readonly name: string;
  readonly slots?: SlotOptions;
  /** Whether the record of an operation still waits for this attempt; the executor package knows. Default: yes while it lives. */
  readonly wants?: (record: WaiterRecord, message: TaskMessage) => boolean;
  /** How long a drain lets handlers go on. Default 25000. */
  readonly graceMs?: number;
  /** Starts without an end after which a message is buried. Default 5. */
  readonly crashes?: number;
  readonly onEvent?: (event: WorkerEvent) => void;
}

export interface Worker extends Service {
  readonly running: number;
}

const PULL_EXPIRES_MS = 2_000;
const OLD_MS = 30_000;
const WANTED_EVERY_MS = 10_000;
const UNKNOWN_TASK_DELAY_MS = 5_000;
const NEWER_VERSION_DELAY_MS = 30_000;
const MARK_TTL_MS = 7 * 86_400_000;
const RESULT_TTL_MS = 86_400_000;
/** How long an aborted handler may take to notice before its outcome is reported without it. */
const ABORT_GRACE_MS = 1_000;

export function createWorker(options: WorkerOptions): Worker {
  const worker = new TaskWorker(options);
  const service = createService(`worker ${options.name}`, { start: () => worker.start(), stop: () => worker.stop() });
  return Object.defineProperty(service as Worker, 'running', { get: () => worker.running.size });
}

class TaskWorker {
  readonly running = new Set<Running>();
  private readonly options: WorkerOptions;
  private readonly handlers: ReadonlyMap<string, Handler>;
  private readonly slots: Slots;
  private readonly held = new Map<TaskDelivery, number>();
  private readonly stopped = new AbortController();
  private draining = false;
  private handedBack = 0;
  private filling = false;
  private cancelRenewal: () => void = () => undefined;
  private lastBeat = 0;

  constructor(options: WorkerOptions) {
    this.options = options;
    this.handlers = handlersByName(options.handlers);
    this.slots = new Slots(options.slots);
  }

  async start(): Promise<void> {
    const { source } = this.options;
    await source.open({ deliver: (delivery) => this.receive(delivery), signal: (body) => this.signal(body) });
    this.lastBeat = this.options.clock.monotonic();
    this.renew();
    this.fill();
  }

  /** Stop pulling, finish what fits in the grace, abort the rest and hand it back without burning an attempt, confirm. */
  async stop(): Promise<void> {
    const { source } = this.options;
    this.draining = true;
    await source.stopPulling();
    const before = this.running.size;
    await this.allDoneWithin(this.options.graceMs ?? 25_000);
    for (const one of this.running) one.abort.abort('draining' satisfies AbortReason);
    await this.allDoneWithin(2 * ABORT_GRACE_MS);
    this.stopped.abort();
    this.cancelRenewal();
    await source.flush().catch(() => undefined);
    await source.close();
    this.tell({ type: 'drained', finished: before - this.handedBack, handedBack: this.handedBack });
  }

  private async allDoneWithin(ms: number): Promise<void> {
    const over = new AbortController();
    const allDone = async (): Promise<void> => {
      while (this.running.size > 0) await Promise.all([...this.running].map((one) => one.done));
    };
    await Promise.race([allDone(), sleep(this.options.clock, ms, over.signal)]);
    // a wait that is not needed any more must not keep the process
    over.abort();
  }

  /** Asks for as many messages as there are free slots, per class. */
  private fill(): void {
    if (this.draining || this.filling) return;
    this.filling = true;
    queueMicrotask(() => {
      this.filling = false;
      if (this.draining) return;
      for (const cls of queueClasses) {
        const count = this.slots.free(cls);
        if (count === 0) continue;
        this.slots.take(cls, count);
        this.options.source.pull({
          class: cls,
          count,
          expiresMs: PULL_EXPIRES_MS,
          onEnd: (undelivered) => {
            this.slots.giveBack(cls, undelivered);
            this.fill();
          },
        });
      }
    });
  }

  private receive(delivery: TaskDelivery): void {
    this.held.set(delivery, this.options.clock.monotonic());
    void this.handle(delivery)
      .catch((error: unknown) => this.tell({ type: 'unavailable', error: toWireError(error, 'unavailable') }))
      .finally(() => {
        this.held.delete(delivery);
        this.slots.giveBack(delivery.class, 1);
        this.fill();
      });
  }

  private async handle(delivery: TaskDelivery): Promise<void> {
    await probe('task.received', delivery.subject);
    let message: TaskMessage;
    try {
      message = parseTask(delivery.data);
    } catch (error) {
      if (isTroupeError(error) && error.code === 'unsupported_version') return delivery.giveBack(NEWER_VERSION_DELAY_MS);
      return this.bury(delivery, toWireError(error, 'malformed'), 1);
    }
    const handler = this.handlers.get(message.task);
    if (handler === undefined) {
      // during a rolling deploy another worker of the pool knows it; never dropped, always told (G10)
      this.tell({ type: 'unknownTask', task: message.task, subject: delivery.subject });
      return delivery.giveBack(UNKNOWN_TASK_DELAY_MS);
    }
    if (!(await this.retrying(() => this.isWanted(delivery, message)))) {
      this.tell({ type: 'taskNotWanted', id: message.id, task: message.task });
      return delivery.ack();
    }
    if (message.deadline !== undefined && this.options.source.serverNow() > message.deadline) {
      const error = { code: 'deadline_exceeded', message: `${message.task} came too late to start`, retryable: false };
      return this.report(delivery, message, { kind: 'failed', error }, 0);
    }
    const start = await this.retrying(() => this.recordStart(delivery, message, handler));
    if (start === 'crashed') {
      const error: WireError = {
        code: 'worker_lost',
        message: `${message.task} was started again and again and never ended`,
        retryable: false,
      };
      await this.retrying(() => this.options.source.bury(delivery, error, delivery.deliveries));
      this.tell({ type: 'taskBuried', subject: delivery.subject, error });
      return this.report(delivery, message, { kind: 'failed', error }, 0);
    }
    await this.run(delivery, message, handler, start === 'reconcile' || message.reconcile === true);
  }

  /** Only what is redelivered, old, or was stored long after the turn that ordered it costs a read. */
  private async isWanted(delivery: TaskDelivery, message: TaskMessage): Promise<boolean> {
    const { source } = this.options;
    const old = source.serverNow() - delivery.storedAt > OLD_MS || delivery.storedAt - message.orderedAt > OLD_MS;
    if (delivery.deliveries === 1 && !old) return true;
    if (message.replyTo === undefined) return !(await source.hasResult(message.id));
    return this.asksFor(message);
  }

  private async asksFor(message: TaskMessage): Promise<boolean> {
    const record = await this.options.source.waiter(message.replyTo!);
    if (record === undefined || record.ended) return false;
    if (message.replyTo!.kind === 'task') return wantsLoneAttempt(record.root, message);
    return this.options.wants?.(record, message) ?? true;
  }

  private async recordStart(delivery: TaskDelivery, message: TaskMessage, handler: Handler): Promise<'run' | 'reconcile' | 'crashed'> {
    const { source } = this.options;
    const careful = handler.contract.idempotent === 'no';
    // a reconciling attempt repeats nothing by itself, and has its own id
    if (!careful && delivery.deliveries === 1) return 'run';
    for (;;) {
      const mark = delivery.deliveries === 1 ? undefined : await source.readMark(message.id);
      const starts = mark?.starts ?? 0;
      if (starts >= (this.options.crashes ?? 5)) return 'crashed';
      if (await source.writeMark(message.id, starts + 1, mark?.revision ?? 0, MARK_TTL_MS))
        return careful && starts > 0 ? 'reconcile' : 'run';
      // somebody has marked a start of this very message: never a blind run
      if (careful && delivery.deliveries === 1) return 'reconcile';
    }
  }

  private async run(delivery: TaskDelivery, message: TaskMessage, handler: Handler, reconcile: boolean): Promise<void> {
    const { clock, source } = this.options;
    const abort = new AbortController();
    const startedAt = source.serverNow();
    let over: () => void = () => undefined;
    const done = new Promise<void>((resolve) => (over = resolve));
    const one: Running = { delivery, message, handler, abort, startedAt, askedAt: clock.monotonic(), done };
    this.running.add(one);
    this.tell({
      type: 'taskStarted',
      id: message.id,
      task: message.task,
      class: delivery.class,
      attempt: message.attempt,
      text: describe(handler, message),
    });
    await probe('task.started', message.task);
    const cancelLimit = clock.setTimer(message.timeLimitMs, () => abort.abort('timeLimit' satisfies AbortReason));
    const ended = runAttempt(
      handler,
      message,
      contextOf(one, this.options, (event) => this.tell(event)),
      reconcile,
    );
    try {
      const outcome = await Promise.race([ended, this.outcomeWithoutHandler(one)]);
      await probe('task.effectDone', message.task);
      await this.settle(one, outcome);
    } finally {
      cancelLimit();
      this.running.delete(one);
      over();
    }
    // a handler that ignores its signal keeps its slot until it really ends
    await ended;
  }

  /** What is reported when an aborted handler does not notice. */
  private async outcomeWithoutHandler(one: Running): Promise<TaskOutcome> {
    const { signal } = one.abort;
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    await sleep(this.options.clock, ABORT_GRACE_MS);
    if (signal.reason === 'notWanted' || signal.reason === 'draining') return { kind: 'cancelled' };
    const error = timeout(one.handler);
    return one.handler.contract.idempotent === 'no' ? { kind: 'unknown', error } : { kind: 'failed', error };
  }

  private async settle(one: Running, outcome: TaskOutcome): Promise<void> {
    const { delivery, message, abort } = one;
    const reason = abort.signal.aborted ? (abort.signal.reason as AbortReason) : undefined;
    if (reason !== undefined) this.tell({ type: 'taskAborted', id: message.id, task: message.task, reason });
    if (reason === 'draining' && outcome.kind !== 'succeeded') {
      this.handedBack++;
      this.tell({ type: 'taskHandedBack', id: message.id, task: message.task });
      return delivery.giveBack(1);
    }
    if (reason === 'notWanted' && outcome.kind !== 'succeeded') return delivery.ack();
    await this.report(delivery, message, outcome, one.startedAt);
  }

  /** Stores the outcome, then acknowledges. */
  private async report(delivery: TaskDelivery, message: TaskMessage, outcome: TaskOutcome, startedAt: number): Promise<void> {
    const { source, name } = this.options;
    const endedAt = source.serverNow();
    const lone = message.replyTo === undefined;
    if (lone && outcome.kind !== 'failed') {
      const result = { v: 1 as const, id: message.id, task: message.task, attempt: message.attempt, outcome, endedAt };
      await this.retrying(() => source.result(result, message.resultTtlMs ?? RESULT_TTL_MS));
    } else {
      const body: TaskEnded = {
        attempt: message.attempt,
        token: message.token,
        outcome,
        worker: name,
        startedAt: startedAt === 0 ? endedAt : startedAt,
        endedAt,
        ...(message.step === undefined ? {} : { step: message.step }),
        ...(lone ? { message: { subject: delivery.subject, body: message } } : {}),
      };
      const to = message.replyTo ?? { kind: 'task', key: message.id };
      const mail = { id: `${message.id}.${message.token}`, type: 'task.ended', body: body as unknown as Json };
      await this.retrying(() => this.mailOrSay(to, mail, message, delivery, body));
    }
    await probe('task.outcomeStored', message.task);
    delivery.ack();
    await probe('task.acknowledged', message.task);
    this.tell({
      type: 'taskEnded',
      id: message.id,
      task: message.task,
      class: delivery.class,
      outcome: outcome.kind,
      tookMs: endedAt - (startedAt || endedAt),
    });
  }

  /** An outcome too large to travel becomes one that says so: it must never keep its step waiting. */
  private async mailOrSay(
    to: { kind: string; key: string },
    mail: { id: string; type: string; body: Json },
    message: TaskMessage,
    delivery: TaskDelivery,
    body: TaskEnded,
  ): Promise<void> {
    try {
      await this.options.source.mail(to, mail, delivery.context);
    } catch (thrown) {
      if (!isTroupeError(thrown) || thrown.code !== 'too_large') throw thrown;
      const error = {
        code: 'output_too_large',
        message: `the outcome of ${message.task} is too large to travel: ${thrown.message}`,
        retryable: false,
      };
      const small = { ...body, outcome: { kind: 'failed', error } } as unknown as Json;
      await this.options.source.mail(to, { ...mail, id: `${mail.id}.small`, body: small }, delivery.context);
    }
  }

  private async bury(delivery: TaskDelivery, error: WireError, attempts: number): Promise<void> {
    await this.retrying(() => this.options.source.bury(delivery, error, attempts));
    this.tell({ type: 'taskBuried', subject: delivery.subject, error });
    delivery.ack();
  }

  private signal(body: Json): void {
    const cancel = (body as { cancel?: unknown } | null)?.cancel;
    for (const one of this.running) if (one.message.id === cancel) one.abort.abort('notWanted' satisfies AbortReason);
  }

  /** Renews holds from receipt, notices a loop that stood still, and asks now and then whether a long attempt is still wanted. */
  private renew(): void {
    const { clock, source } = this.options;
    const everyMs = source.ackWaitMs / 3;
    this.cancelRenewal = clock.setTimer(everyMs, () => {
      const now = clock.monotonic();
      const gap = now - this.lastBeat - everyMs;
      this.lastBeat = now;
      if (gap > source.ackWaitMs / 2) this.tell({ type: 'stoodStill', ms: Math.round(gap) });
      for (const delivery of this.held.keys()) delivery.extend();
      for (const one of this.running) {
        if (one.message.replyTo === undefined || now - one.askedAt < WANTED_EVERY_MS) continue;
        one.askedAt = now;
        // the signal is best effort; the record is what holds
        this.asksFor(one.message).then(
          (wanted) => wanted || one.abort.abort('notWanted' satisfies AbortReason),
          () => undefined,
        );
      }
      if (!this.stopped.signal.aborted) this.renew();
    });
  }

  /** Again and again while the server does not answer; a worker that stops gives up, and the message comes again. */
  private async retrying<T>(run: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      try {
        return await run();
      } catch (error) {
        if (this.stopped.signal.aborted || (isTroupeError(error) && !['unavailable', 'overloaded'].includes(error.code))) throw error;
        this.tell({ type: 'unavailable', error: toWireError(error, 'unavailable') });
        await sleep(this.options.clock, Math.min(100 * 2 ** tries, 5_000), this.stopped.signal);
        if (this.stopped.signal.aborted)
          throw new TroupeError('unavailable', 'the worker stopped before the server answered', { cause: error });
      }
    }
  }

  private tell(event: WorkerEvent): void {
    try {
      this.options.onEvent?.(event);
    } catch {
      // a listener that throws never breaks the worker
    }
  }
}
