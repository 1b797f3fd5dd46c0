/**
 * The entity host: runs turns. Per key one at a time, different keys side by side.
 *
 *   take all messages that wait → fold → write items → commit by compare-and-set → emit effects → acknowledge
 *
 * Each arrow is a place where a process may die or freeze, and each has its rule:
 *  - before the commit nothing has left, so the messages simply come again;
 *  - between commit and emission the root names its effects and the inputs it has not acknowledged: the next activation
 *    emits them again under the same ids;
 *  - inputs are acknowledged only after every effect is confirmed, so an input that is gone proves confirmation;
 *  - a failed compare-and-set is never acknowledged: the state is dropped, loaded and the messages applied again;
 *  - the outcome of a refusable effect is folded by a further turn before the messages that caused it are acknowledged;
 *  - an effect that is refused for good and of which nobody can be told quarantines the entity, with all effects kept.
 */
import { setMaxListeners } from 'node:events';
import { toWireError } from '@troupe/protocol';
import type { Behaviour, Incoming } from './behaviour.ts';
import { type Cell, evictIdle } from './cell.ts';
import { sleep } from './clock.ts';
import { activate, assumed } from './activation.ts';
import { fold, FoldError, type Folded } from './fold.ts';
import { Holds } from './holds.ts';
import { emitAll, type Emitted } from './emission.ts';
import type { EntityHost, HostEvent, HostOptions, Loaded } from './host-types.ts';
import type { Delivery } from './ports.ts';
import { probe } from './probe.ts';
import { checkSize, isTooLarge, type RecordLimits, recordLimits, takeBatch, tooLargeOnly } from './record-limits.ts';
import { backoffMs, supervisionDefaults, type SupervisionOptions } from './supervision.ts';
import { Supervisor } from './supervisor.ts';
import { type Patient, TurnPatience } from './turn-patience.ts';
import { TurnSlots } from './turn-slots.ts';
import { type Surroundings, untilAvailable, Waits } from './until-available.ts';

export function createEntityHost(options: HostOptions): EntityHost {
  return new Host(options);
}

class Host implements EntityHost {
  private readonly options: HostOptions;
  private readonly supervision: SupervisionOptions;
  private readonly limits: RecordLimits;
  private readonly behaviours: ReadonlyMap<string, Behaviour>;
  private readonly cells = new Map<string, Cell>();
  private readonly holds: Holds;
  private readonly slots: TurnSlots;
  private readonly around: Surroundings;
  private readonly patient: Patient;
  private readonly supervisor: Supervisor;
  /** Deliveries of inputs that this process has had before. */
  private readonly known = new WeakSet<Delivery>();
  private readonly stopped = new AbortController();
  private generation = 0;
  private active = 0;
  private waiters: (() => void)[] = [];

  constructor(options: HostOptions) {
    this.options = options;
    this.supervision = { ...supervisionDefaults, ...options.supervision };
    this.limits = { ...recordLimits, ...options.limits };
    const ackWaitMs = options.ackWaitMs ?? 2_000;
    this.holds = new Holds(options.clock, ackWaitMs);
    this.slots = new TurnSlots(options.clock, options.maxTurns ?? 256, ackWaitMs / 2);
    // in an outage every key waits for it, and that is no leak
    setMaxListeners(0, this.stopped.signal);
    const { clock, random } = options;
    const waits = new Waits(clock);
    this.around = { clock, random, waits, supervision: this.supervision, signal: this.stopped.signal };
    this.patient = {
      putOffTurn: (cell, reason) => {
        // a freeze alone makes a turn late
        options.guard?.check();
        return this.supervisor.putOffTurn(cell, reason);
      },
      unavailable: ({ address, slot }, error) => {
        this.slots.giveBack(slot);
        this.emitEvent({ type: 'unavailable', address, error });
      },
    };
    this.behaviours = new Map(options.behaviours.map((b) => [b.kind, b]));
    this.supervisor = new Supervisor({
      options,
      supervision: this.supervision,
      holds: this.holds,
      waits,
      retry: (cell, run) => this.retry(cell, run),
      load: (cell) => this.load(cell, [], []),
      commit: (cell, loaded, folded, doubtful) => this.commit(cell, loaded, folded, [], doubtful),
      tell: (event) => this.emitEvent(event),
    });
  }

  get resident(): number {
    return this.cells.size;
  }

  deliver(delivery: Delivery): void {
    if (this.stopped.signal.aborted) return;
    const behaviour = this.behaviours.get(delivery.to.kind);
    if (behaviour === undefined) return;
    const name = `${delivery.to.kind}/${delivery.to.key}`;
    let cell = this.cells.get(name);
    if (cell === undefined) {
      cell = { address: delivery.to, name, behaviour, queue: [], running: false, loaded: undefined, turn: undefined, slot: undefined };
      this.cells.set(name, cell);
      evictIdle(this.cells, this.options.maxResident ?? 1_000);
    }
    cell.queue.push(delivery);
    if (this.holds.add(delivery)) this.known.add(delivery);
    if (!cell.running) void this.run(cell);
    else if (delivery.ref.stream === 'mail') this.slots.hasMail(cell);
  }

  thaw(): void {
    this.generation++;
    for (const [name, cell] of this.cells) {
      this.holds.release(cell.queue);
      cell.queue = [];
      cell.loaded = undefined;
      if (cell.running && cell.turn !== undefined) {
        // no longer renewed, and not put off when its time is over: that would write to a record with which others have gone on
        this.holds.release(cell.turn.deliveries);
        cell.turn.isGivenUp = true;
      }
      if (!cell.running) this.cells.delete(name);
    }
  }

  async idle(): Promise<void> {
    while (this.active > 0) await new Promise<void>((resolve) => this.waiters.push(resolve));
  }

  async stop(): Promise<void> {
    for (const cell of this.cells.values()) cell.queue = [];
    this.stopped.abort();
    await this.idle();
    this.holds.stop();
  }

  private async run(cell: Cell): Promise<void> {
    cell.running = true;
    this.active++;
    try {
      while (cell.queue.length > 0) {
        cell.slot = this.slots.takeNow() ?? (await this.slots.takeLater(cell, cell.queue[0]!.ref.stream));
        // a thaw or a stop may have emptied it meanwhile
        const batch = takeBatch(cell.queue, this.limits);
        try {
          if (batch.length > 0) await this.turn(cell, batch, this.generation);
        } catch (cause) {
          // a defect of the host or of an adapter: the messages come again, and count as starts without an end
          cell.loaded = undefined;
          this.holds.abandon(batch);
          this.emitEvent({ type: 'unavailable', address: cell.address, error: toWireError(cause) });
        } finally {
          this.slots.giveBack(cell.slot);
        }
      }
    } finally {
      cell.running = false;
      this.active--;
      if (this.cells.get(cell.name) === cell) {
        this.cells.delete(cell.name);
        if (cell.loaded !== undefined) this.cells.set(cell.name, cell);
      }
      if (this.active === 0) for (const resolve of this.waiters.splice(0)) resolve();
    }
  }

  /** Applies a batch to its end: all of it acknowledged, put off, or (after a freeze or stop) left to come again. */
  private async turn(cell: Cell, first: readonly Delivery[], generation: number): Promise<void> {
    const until = this.options.clock.monotonic() + (this.options.ackWaitMs ?? 2_000);
    const turn = (cell.turn = { deliveries: first, until, isGivenUp: false });
    let batch = await this.screen(cell, first);
    let unseen: readonly Delivery[] = batch;
    // outcomes of writes, folded before the messages that caused them are acknowledged
    let outcomes: Incoming[] = [];
    let waiting: Delivery[] = [];
    let outcomeTries = 0;
    while (batch.length > 0 || waiting.length > 0) {
      // a freeze lies behind us: what we hold is delivered elsewhere already
      this.options.guard?.check();
      if (generation !== this.generation) {
        // an activation that was under way has put its state here since: without the outcomes that are dropped with this turn it
        // would ignore, and acknowledge, the messages that bring them back
        cell.loaded = undefined;
        return this.holds.abandon([...waiting, ...batch]);
      }
      if (turn.isGivenUp || this.stopped.signal.aborted) return this.holds.release([...waiting, ...batch]);
      const loaded = await this.load(cell, outcomes, unseen);
      unseen = [];
      // no outcomes after a reload: another host has gone on with this record; ours come again and answer nothing
      if (loaded === undefined || (batch.length === 0 && outcomes.length === 0)) return this.holds.release([...waiting, ...batch]);
      if (loaded.record.quarantine !== undefined) {
        if (!(await this.supervisor.leaveQuarantine(cell, loaded, batch))) return this.holds.release([...waiting, ...batch]);
        cell.loaded = undefined;
        continue;
      }
      if (loaded.refused !== undefined) {
        outcomes = [];
        batch = await this.supervisor.refusedAgain(cell, loaded, batch);
        continue;
      }
      await probe('turn.started', cell.name);
      const inputs = [...waiting, ...batch];
      let folded: Folded;
      let committed = false;
      try {
        folded = fold({
          behaviour: cell.behaviour,
          state: loaded.state,
          record: loaded.record,
          self: cell.address,
          messages: [...outcomes, ...batch.map((d) => d.message)],
          random: this.options.random,
          serverNow: this.options.records.serverNow(),
        });
        checkSize(`the state of ${cell.name}`, folded.rootText, this.limits.maxRootBytes);
        // items are written before the commit, and those of one that is refused would lie there for ever: better to look
        const mustLook = loaded.isAssumed === true && loaded.record.revision === 0 && folded.puts.length > 0;
        committed = folded.changed && !mustLook && (await this.commit(cell, loaded, folded, inputs));
      } catch (error) {
        cell.loaded = undefined;
        const tooLarge = isTooLarge(error);
        if (!tooLarge && !(error instanceof FoldError)) throw error;
        if (tooLarge && batch.length > 1) {
          // too much for one turn is not the fault of one message: less at once, until a single one is too large
          this.later(cell, batch.splice(batch.length >> 1));
          outcomes = [];
          continue;
        }
        const guilty = tooLarge ? batch[0] : batch[(error as FoldError).index - outcomes.length];
        const cause: unknown = tooLarge ? error : (error as FoldError).cause;
        // outcomes are produced again by the activation: their writes are effects of the committed root
        outcomes = [];
        if (guilty !== undefined) {
          await this.supervisor.failed(cell, guilty, cause);
          batch = batch.filter((d) => d !== guilty);
          continue;
        }
        if (++outcomeTries < this.supervision.tries) {
          const delay = backoffMs(this.supervision, outcomeTries, this.options.random.next());
          await sleep(this.options.clock, delay, this.stopped.signal);
          continue;
        }
        await this.supervisor.quarantine(cell, toWireError(cause), 'write.ended');
        this.holds.acknowledge(waiting);
        return this.holds.release(batch);
      }
      if (!folded.changed) {
        // what answers nothing is acknowledged without a commit, so no compare-and-set says whether this state is the last
        // one: a stale cache would ignore, and lose, what the record of another host waits for
        const { revision } = loaded.record;
        const current = await this.retry(cell, () => this.options.records.isCurrent(cell.address, revision));
        if (current === undefined) return this.holds.release(inputs);
        if (!current) {
          this.emitEvent({ type: 'conflict', address: cell.address });
          cell.loaded = undefined;
          outcomes = [];
          continue;
        }
        this.options.effects.tell(folded.fleeting);
        this.holds.acknowledge(inputs);
        this.emitEvent({ type: 'turnIgnored', address: cell.address, messages: inputs.length });
        return;
      }
      if (!committed) {
        cell.loaded = undefined;
        outcomes = [];
        continue;
      }
      const ended = await this.emit(cell, loaded, folded);
      if (ended === undefined) return this.holds.release(inputs);
      if (ended.refused !== undefined) {
        // they are applied, and what is left to do is in the record; if another host has the record, they come again
        const isMarked = await this.supervisor.refused(cell, loaded, ended.refused);
        return isMarked ? this.holds.acknowledge(inputs) : this.holds.release(inputs);
      }
      await probe('turn.emitted', cell.name);
      if (ended.outcomes.length === 0) {
        this.holds.acknowledge(inputs);
        await probe('turn.acknowledged', cell.name);
        return;
      }
      waiting = inputs;
      batch = [];
      outcomes = ended.outcomes;
    }
  }

  /** Back to the front of the queue, for a turn of their own. */
  private later(cell: Cell, deliveries: readonly Delivery[]): void {
    cell.queue.unshift(...deliveries);
    for (const delivery of deliveries) this.known.add(delivery);
  }

  /** Refuses what the sender may not say, and buries what keeps killing its hosts. */
  private async screen(cell: Cell, batch: readonly Delivery[]): Promise<Delivery[]> {
    const kept: Delivery[] = [];
    for (const delivery of batch) {
      if (cell.turn?.isGivenUp === true) return [];
      if (cell.behaviour.mayReceive?.(delivery.message) === false) {
        const { type, sender } = delivery.message;
        this.emitEvent({ type: 'refused', address: cell.address, messageType: type, sender });
        await this.supervisor.bury(cell, delivery, { code: 'not_permitted', message: `${sender} may not send ${type}` });
        continue;
      }
      // what has come here before and comes again did not kill this process
      if (delivery.deliveries > 1 && !this.known.has(delivery)) {
        const starts = await this.retry(cell, () => this.options.inputs.recordStart(delivery.ref));
        if (starts === undefined) continue;
        if (starts > this.supervision.crashes) {
          const error = { code: 'worker_lost', message: `started ${starts} times without an end` };
          await this.supervisor.bury(cell, delivery, error);
          continue;
        }
      }
      kept.push(delivery);
    }
    return kept;
  }

  private async load(cell: Cell, outcomes: Incoming[], unseen: readonly Delivery[]): Promise<Loaded | undefined> {
    cell.loaded ??= assumed(cell, unseen, this.options.random);
    if (cell.loaded !== undefined) return cell.loaded;
    const result = await this.retry(cell, () =>
      activate({ address: cell.address, behaviour: cell.behaviour, ...this.options, onEvent: (e) => this.emitEvent(e) }),
    );
    if (result === undefined) return undefined;
    cell.loaded = result.loaded;
    outcomes.push(...result.outcomes);
    return cell.loaded;
  }

  private async commit(cell: Cell, loaded: Loaded, folded: Folded, inputs: readonly Delivery[], doubtful = false): Promise<boolean> {
    const { record } = loaded;
    const { records } = this.options;
    record.turn++;
    const text = record.encode(
      folded.rootText,
      folded.pending,
      inputs.map((d) => d.ref),
      doubtful,
    );
    checkSize(`the record of ${cell.name} with ${folded.pending.length} effects`, text, this.limits.maxRecordBytes);
    const ttlMs = record.ttlSeconds === undefined ? undefined : record.ttlSeconds * 1_000;
    const outcome = await this.retry(
      cell,
      async () => {
        if (folded.puts.length > 0) {
          const refused = await records.putItems(cell.address, folded.puts, ttlMs).then(() => undefined, tooLargeOnly);
          if (refused !== undefined) return { refused };
          await probe('turn.itemsPut', cell.name);
        }
        const first = await records.commit(cell.address, record.revision, text, ttlMs);
        if (first.ok) return first;
        // an own commit whose acknowledgement was lost looks like a lost race: the write id tells them apart
        const now = await records.load(cell.address);
        return now !== undefined && now.root.w === record.writeId() ? { ok: true as const, revision: now.revision } : first;
        // while a try is under way nobody can tell whether the record names these inputs: they may not be acknowledged then
      },
      false,
    );
    if (outcome !== undefined && 'refused' in outcome) throw outcome.refused;
    if (outcome === undefined || !outcome.ok) {
      if (outcome !== undefined) this.emitEvent({ type: 'conflict', address: cell.address });
      return false;
    }
    record.revision = outcome.revision;
    record.rootText = folded.rootText;
    record.effectsOfRoot = folded.pending;
    await probe('turn.committed', cell.name);
    this.emitEvent({
      type: 'turnCommitted',
      address: cell.address,
      revision: outcome.revision,
      messages: inputs.length,
      effects: folded.pending.length,
    });
    return true;
  }

  /** What came of the effects, or undefined when the host stops before all are confirmed. */
  private emit(cell: Cell, loaded: Loaded, folded: Folded): Promise<Emitted | undefined> {
    this.options.effects.tell(folded.fleeting);
    return this.retry(cell, () => emitAll(this.options, folded.pending, cell.address, loaded.record.revision));
  }

  /** Undefined when the host stops, or the messages of the turn were put off, before it succeeded. */
  private retry<T>(cell: Cell, run: () => Promise<T>, whileTrying = true): Promise<T | undefined> {
    return untilAvailable(run, new TurnPatience(this.patient, cell, whileTrying), this.around);
  }

  private emitEvent(event: HostEvent): void {
    try {
      this.options.onEvent?.(event);
    } catch {
      // a listener that throws never breaks the host
    }
  }
}
