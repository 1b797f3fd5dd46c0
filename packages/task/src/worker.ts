/**
 * The worker: pulls for free slots only, hands what comes to the runner, renews holds, and drains.
 *
 *   delivery → admitted (admission.ts) → run under a limit (attempt.ts) → outcome stored (reporter.ts) → acknowledged
 *
 * Retrying is not decided here: whoever waits does, and tells by a new message. A worker that dies at any point leaves an
 * unacknowledged message behind; what makes a second run of it harmless is said by the task's contract.
 */
import { type Clock, createService, type Random, type Service, sleep } from '@troupe/actor';
import type { TaskDelivery, TaskSource } from '@troupe/actor/internal';
import type { Wants } from './admission.ts';
import { ABORT_GRACE_MS } from './attempt.ts';
import { type Handler, handlersByName } from './handler.ts';
import { Holds } from './holds.ts';
import { refuse, wholeNumber } from './options.ts';
import { createPersistence } from './persistence.ts';
import { Reporter } from './reporter.ts';
import { Runner } from './runner.ts';
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
  readonly wants?: Wants;
  /** Whether the feature that a contract names as its gate is on; asked when a message comes. Default: always. */
  readonly isOpen?: (gate: string) => boolean;
  /**
   * How long a drain lets handlers go on, in milliseconds. Default 20000: with the second that an aborted handler gets and
   * the last acknowledgements it must stay below the limit at which whoever sent SIGTERM kills.
   */
  readonly graceMs?: number;
  /** Starts without an end after which a message is buried. Default 5. */
  readonly crashes?: number;
  /** Told everything; what it throws is ignored. */
  readonly onEvent?: (event: WorkerEvent) => void;
}

export interface Worker extends Service {
  /** Handlers that run now, those that ignore their signal included. */
  readonly running: number;
}

export const workerDefaults = Object.freeze({ graceMs: 20_000, crashes: 5 });

/** A request for a floor stands so long and is renewed; a shared slot asked for in vain is free for others after so long. */
const FLOOR_PULL_MS = 5_000;
const SHARED_PULL_MS = 1_000;
const FLUSH_LIMIT_MS = 2_000;

/** Throws `invalid_options` naming the field, `duplicate_name` for two handlers of one name. */
export function createWorker(options: WorkerOptions): Worker {
  const worker = new TaskWorker(options);
  const service = createService(`worker ${options.name}`, { start: () => worker.start(), stop: () => worker.stop() });
  return Object.defineProperty(service as Worker, 'running', { get: () => worker.running });
}

class TaskWorker {
  running = 0;
  private readonly options: WorkerOptions;
  private readonly slots: Slots;
  private readonly holds: Holds;
  private readonly runner: Runner;
  /** Everything that was delivered and is not over for the queue. */
  private readonly open = new Set<Promise<void>>();
  private readonly gaveUp = new AbortController();
  private draining = false;
  private startedAt = 0;
  private filling = false;

  constructor(options: WorkerOptions) {
    const { source, clock, random, name } = options;
    this.options = options;
    if (typeof name !== 'string' || name === '') refuse('name', 'must be text');
    wholeNumber(options.graceMs ?? workerDefaults.graceMs, 'graceMs', 0, Number.MAX_SAFE_INTEGER);
    const crashes = wholeNumber(options.crashes ?? workerDefaults.crashes, 'crashes', 1, 1_000);
    for (const { contract } of options.handlers) {
      if (contract.pool === source.pool) continue;
      refuse('handlers', `include ${contract.name} of pool ${contract.pool}, which is never offered to pool ${source.pool}`);
    }
    const tell = (event: WorkerEvent): void => this.tell(event);
    const persist = createPersistence({
      clock,
      random,
      signal: this.gaveUp.signal,
      onUnavailable: (error) => tell({ type: 'unavailable', error }),
    });
    this.slots = new Slots(options.slots);
    this.holds = new Holds({
      clock,
      ackWaitMs: source.ackWaitMs,
      onBeat: () => this.runner.askWhetherWanted(),
      onStoodStill: (ms) => tell({ type: 'stoodStill', ms, attempts: this.runner.size }),
    });
    this.runner = new Runner({
      isOpen: options.isOpen ?? (() => true),
      source,
      clock,
      random,
      handlers: handlersByName(options.handlers),
      admission: {
        records: source,
        ackWaitMs: source.ackWaitMs,
        serverNow: () => source.serverNow(),
        startedAt: () => this.startedAt,
        crashes,
        wants: options.wants,
      },
      reporter: new Reporter({ source, persist, worker: name }),
      persist,
      holds: this.holds,
      tell,
    });
  }

  async start(): Promise<void> {
    const { source } = this.options;
    await source.open({ deliver: (delivery) => this.receive(delivery), signal: (body) => this.runner.signal(body) });
    this.startedAt = source.serverNow();
    this.holds.start();
    this.fill();
  }

  /** Stops pulling, finishes what fits in the grace, aborts the rest, hands it back without burning an attempt, confirms. */
  async stop(): Promise<void> {
    const { source, clock } = this.options;
    this.draining = true;
    this.runner.drain();
    await source.stopPulling();
    await this.overWithin(this.options.graceMs ?? workerDefaults.graceMs);
    this.runner.abortAll();
    await this.overWithin(2 * ABORT_GRACE_MS);
    // what is not stored by now comes again: the server does not answer
    this.gaveUp.abort();
    this.holds.stop();
    const enough = new AbortController();
    await Promise.race([source.flush().catch(() => undefined), sleep(clock, FLUSH_LIMIT_MS, enough.signal)]);
    enough.abort();
    await source.close();
    this.tell({ type: 'drained', ...this.runner.drained });
  }

  private async overWithin(ms: number): Promise<void> {
    const enough = new AbortController();
    const over = async (): Promise<void> => {
      while (this.open.size > 0) await Promise.all(this.open);
    };
    await Promise.race([over(), sleep(this.options.clock, ms, enough.signal)]);
    enough.abort();
  }

  /** Asks for what the slots have room for. Many calls make one request per class. */
  private fill(): void {
    if (this.draining || this.filling) return;
    this.filling = true;
    queueMicrotask(() => {
      this.filling = false;
      if (this.draining) return;
      for (const { class: cls, count, shared } of this.slots.wanted(this.options.clock.monotonic())) {
        this.slots.ask(cls, count);
        const onEnd = (undelivered: number): void => {
          this.slots.missed(cls, undelivered);
          this.fill();
        };
        this.options.source.pull({ class: cls, count, expiresMs: shared ? SHARED_PULL_MS : FLOOR_PULL_MS, onEnd });
      }
    });
  }

  private receive(delivery: TaskDelivery): void {
    const { class: cls } = delivery;
    this.slots.arrived(cls);
    this.running++;
    const free = (): void => {
      this.running--;
      this.slots.ended(cls);
      this.fill();
    };
    const over: Promise<void> = this.runner.handle(delivery).then(({ settled }) => {
      this.open.delete(over);
      if (settled === undefined) free();
      else void settled.then(free);
    });
    this.open.add(over);
    // what has come takes a place off what was asked for, which may leave room to ask for more
    this.fill();
  }

  private tell(event: WorkerEvent): void {
    try {
      this.options.onEvent?.(event);
    } catch {
      // a listener that throws never breaks the worker
    }
  }
}
