/**
 * What a host does with messages that it cannot apply: put off with backoff, buried after their budget, their entity
 * quarantined until a verb releases it. See `supervision.ts` for the numbers.
 */
import { toWireError, type WireError } from '@troupe/protocol';
import type { Incoming } from './behaviour.ts';
import type { Cell } from './cell.ts';
import type { BuriedMail, DirectEffect, PendingEffect } from './effects.ts';
import type { Folded } from './fold.ts';
import type { Holds } from './holds.ts';
import type { HostEvent, HostOptions, Loaded } from './host-types.ts';
import type { Delivery } from './ports.ts';
import { putOffAll } from './putting-off.ts';
import { backoffMs, type SupervisionOptions } from './supervision.ts';
import type { Waits } from './until-available.ts';

const REASON_LIMIT_CHARS = 500;

export interface SupervisorParts {
  readonly options: HostOptions;
  readonly supervision: SupervisionOptions;
  readonly holds: Holds;
  readonly waits: Waits;
  /** Undefined when the host stops, or the messages of the turn were put off, before it succeeded. */
  retry<T>(cell: Cell, run: () => Promise<T>): Promise<T | undefined>;
  load(cell: Cell): Promise<Loaded | undefined>;
  commit(cell: Cell, loaded: Loaded, folded: Folded, doubtful: boolean): Promise<boolean>;
  tell(event: HostEvent): void;
}

function isRelease({ message }: Delivery): boolean {
  return message.type === 'verb.release' && message.sender === 'verb';
}

function mailOf({ id, type, body, sender, from, timer }: Incoming): BuriedMail {
  return { id, type, body, sender, ...(from === undefined ? {} : { from }), ...(timer === undefined ? {} : { timer }) };
}

export class Supervisor {
  private readonly parts: SupervisorParts;

  constructor(parts: SupervisorParts) {
    this.parts = parts;
  }

  /** A message made its behaviour throw. */
  async failed(cell: Cell, delivery: Delivery, cause: unknown): Promise<void> {
    const { options, supervision } = this.parts;
    const error = toWireError(cause);
    const tries = delivery.tries + 1;
    this.parts.tell({ type: 'messageFailed', address: cell.address, messageType: delivery.message.type, tries, error });
    if (tries >= supervision.tries) {
      await this.bury(cell, delivery, error);
      return;
    }
    const at = options.records.serverNow() + backoffMs(supervision, tries, options.random.next());
    await this.putOff(cell, delivery, at, tries);
  }

  /** Dead letter first, then the mark on the entity, then the acknowledgement: in no order is the message lost. */
  async bury(cell: Cell, delivery: Delivery, error: WireError): Promise<void> {
    const { options, holds } = this.parts;
    const { message } = delivery;
    const buried = await this.parts.retry(cell, () =>
      options.effects.emit(
        [
          {
            type: 'bury',
            id: `${cell.name}~${delivery.ref.stream}.${delivery.ref.sequence}`,
            origin: ['mail', cell.address.kind, cell.address.key],
            reason: error.code,
            error,
            attempts: delivery.tries + 1,
            original: { mail: mailOf(message) },
            context: message.context,
          },
        ],
        { from: cell.address, revision: 0 },
      ),
    );
    if (buried === undefined) return holds.release([delivery]);
    if (error.code !== 'not_permitted') {
      await this.quarantine(cell, error, message.type);
      if ((await this.actForOthers(cell, delivery)) === 'later') return holds.release([delivery]);
    }
    holds.acknowledge([delivery]);
  }

  async quarantine(cell: Cell, error: WireError, message: string): Promise<void> {
    const loaded = await this.parts.load(cell);
    if (loaded === undefined || loaded.record.quarantine !== undefined) return;
    // those whose outcomes nobody has folded; if they could not even leave, all
    const { effectsOfRoot } = loaded.record;
    const kept = loaded.refused === undefined ? effectsOfRoot.filter((e) => e.type === 'write') : effectsOfRoot;
    await this.mark(cell, loaded, kept, error, message);
  }

  /** An effect of the last turn was refused for good, and nobody can be told: all are kept for the release. False if not stored. */
  refused(cell: Cell, loaded: Loaded, error: WireError): Promise<boolean> {
    return this.mark(cell, loaded, loaded.record.effectsOfRoot, error, 'effect');
  }

  /** They were refused at the activation, perhaps just after a release, which is used up by that. Returns what else waits. */
  async refusedAgain(cell: Cell, loaded: Loaded, batch: readonly Delivery[]): Promise<Delivery[]> {
    await this.refused(cell, loaded, loaded.refused!);
    this.parts.holds.acknowledge(batch.filter(isRelease));
    return batch.filter((delivery) => !isRelease(delivery));
  }

  private async mark(cell: Cell, loaded: Loaded, kept: readonly PendingEffect[], error: WireError, message: string): Promise<boolean> {
    const at = this.parts.options.records.serverNow();
    // an error may say as much as it likes; the root has a limit
    const reason = `${error.code}: ${error.message}`.slice(0, REASON_LIMIT_CHARS);
    loaded.record.quarantine = { reason, at, message };
    const isStored = await this.commitMark(cell, loaded, kept);
    this.parts.tell({ type: 'quarantined', address: cell.address, error });
    return isStored;
  }

  /** A quarantined entity takes the verb `verb.release` and nothing else; what is not for others waits as a timer. */
  async leaveQuarantine(cell: Cell, loaded: Loaded, batch: readonly Delivery[]): Promise<boolean> {
    if (batch.some(isRelease)) {
      loaded.record.quarantine = undefined;
      await this.commitMark(cell, loaded, loaded.record.effectsOfRoot);
      return true;
    }
    const at = this.parts.options.records.serverNow() + this.parts.supervision.quarantineDelayMs;
    for (const delivery of batch) {
      const acted = await this.actForOthers(cell, delivery);
      if (acted === 'done') this.parts.holds.acknowledge([delivery]);
      else if (acted === 'nothing') await this.putOff(cell, delivery, at, delivery.tries);
      else this.parts.holds.release([delivery]);
    }
    return false;
  }

  /** What the behaviour does for others though its entity is quarantined. Ids by the message: twice is once. */
  private async actForOthers(cell: Cell, { message, ref }: Delivery): Promise<'nothing' | 'done' | 'later'> {
    const { options } = this.parts;
    let direct: readonly DirectEffect[] | undefined;
    try {
      direct = cell.behaviour.whileQuarantined?.(message, cell.address);
    } catch {
      // as hard to read as it was for the entity
    }
    if (direct === undefined) return 'nothing';
    const effects = direct.map((effect, i) => ({
      context: message.context,
      ...effect,
      id: `${cell.name}~${ref.stream}.${ref.sequence}.${i}`,
    }));
    const revision = (await this.parts.load(cell))?.record.revision;
    if (revision === undefined) return 'later';
    const done = await this.parts.retry(cell, () => options.effects.emit(effects, { from: cell.address, revision }));
    return done === undefined ? 'later' : 'done';
  }

  /** Puts off everything that waits for this key. False when that is not possible now: then it is held on to. */
  async putOffTurn(cell: Cell, reason: WireError): Promise<boolean> {
    const { options, supervision, holds, waits } = this.parts;
    const { turn } = cell;
    if (turn === undefined || turn.isGivenUp) {
      cell.loaded = undefined;
      return true;
    }
    const { clock, random, records } = options;
    const queued = cell.queue.splice(0);
    const deliveries = [...new Set([...turn.deliveries, ...queued])].filter((delivery) => holds.has(delivery));
    const atMs = records.serverNow() + Math.round(supervision.outageDelayMs * (0.75 + random.next() / 2));
    const done = await waits.within(putOffAll(options, cell.address, deliveries, atMs), clock.monotonic() + (options.ackWaitMs ?? 2_000));
    if (done === undefined || 'error' in done) {
      cell.queue.unshift(...queued);
      return false;
    }
    turn.isGivenUp = true;
    cell.loaded = undefined;
    // another host is at this record: it comes again, to whoever has the record then
    if (!done.value) holds.release(deliveries);
    else {
      holds.acknowledge(deliveries);
      this.parts.tell({ type: 'putOff', address: cell.address, messages: deliveries.length, atMs, error: reason });
    }
    return true;
  }

  private async putOff(cell: Cell, delivery: Delivery, at: number, tries: number): Promise<void> {
    const { options, holds } = this.parts;
    const done = await this.parts.retry(cell, async () => {
      await options.inputs.putOff(delivery, at, tries);
      return true;
    });
    if (done === true) holds.acknowledge([delivery]);
    else holds.release([delivery]);
  }

  /** Writes the root with changed marks, an unchanged state, and effects that are to be emitted again. */
  private async commitMark(cell: Cell, loaded: Loaded, pending: readonly PendingEffect[]): Promise<boolean> {
    const { record } = loaded;
    const unchanged: Folded = { rootText: record.rootText, puts: [], pending, fleeting: [], end: undefined, changed: true };
    const isStored = await this.parts.commit(cell, loaded, unchanged, pending.length > 0);
    if (!isStored) cell.loaded = undefined;
    return isStored;
  }
}
