/**
 * Publishes what lies in the outbox. Any number of relays may run on one outbox.
 *
 *   claim (lock) → publish, per resource one after the other → delete → commit; then wait for a notification or the sweep
 *
 * A relay that dies before the commit leaves its rows, and the next one publishes them again: the id of the row is the id of
 * the operation, which is started once and answers every further command by `duplicate`, also after days.
 */
import { type Clock, createService, probe, type Service, sleep, systemClock } from '@troupe/actor';
import { isTroupeError, toWireError, type WireError } from '@troupe/protocol';
import { verifySchema } from './migrate.ts';
import { DEFAULT_SCHEMA, ownTables } from './names.ts';
import { createNotifications } from './notifications.ts';
import { claim, type OutboxCommand, type OutboxRow, refuseRow, removeRows } from './outbox-table.ts';
import { inTransaction, type Pool } from './pool.ts';

/** Where commands go. Resolves when the server has stored it; rejects with an error of ours. */
export interface CommandPublisher {
  publish(command: OutboxCommand): Promise<unknown>;
}

export interface RelayOptions {
  /** Two connections of it are used, one of them all the time. */
  readonly pool: Pool;
  readonly publisher: CommandPublisher;
  /** Where `migrate` made our tables. Default `public`. */
  readonly schema?: string;
  /** Looks into the outbox that often also when nobody notified it, and whether the connection still lives. Default 5000. */
  readonly sweepMs?: number;
  /** Resources claimed at once; commands of one resource leave one after the other. Default 64. */
  readonly maxResources?: number;
  /** Commands of one resource in one claim. Default 16. */
  readonly maxPerResource?: number;
  /**
   * A relay that stands still with a claim loses it after so long: the server ends its session. Must be longer than the
   * publisher takes to give up. Default 30000.
   */
  readonly claimLimitMs?: number;
  readonly clock?: Clock;
  readonly onEvent?: (event: RelayEvent) => void;
}

export type RelayEvent =
  | { readonly type: 'published'; readonly id: string; readonly executor: string }
  /** No server will ever take it; the row stays with the reason. */
  | { readonly type: 'refused'; readonly id: string; readonly executor: string; readonly error: WireError }
  /** The database or the publisher does not answer; tried again after `retryMs`. */
  | { readonly type: 'unavailable'; readonly error: WireError; readonly retryMs: number };

export const relayDefaults = Object.freeze({ sweepMs: 5_000, maxResources: 64, maxPerResource: 16, claimLimitMs: 30_000 });

const RETRY_FIRST_MS = 100;
const RETRY_LAST_MS = 5_000;
/** It is the command that is wrong; everything else is the server, the connection or the rights of this relay, and passes. */
const REFUSALS = new Set(['too_large', 'invalid_options', 'malformed']);

interface Round {
  readonly published: number;
  /** Whether this was the last page of the outbox. */
  readonly isLast: boolean;
  readonly error: unknown;
}

/** `start` rejects with `unavailable` or `topology_mismatch`; once started, it comes back from any outage of either side. */
export function createRelay(options: RelayOptions): Service {
  const { pool, publisher, onEvent } = options;
  const settings = { ...relayDefaults, clock: systemClock, ...options };
  const { clock } = settings;
  const schema = options.schema ?? DEFAULT_SCHEMA;
  const { outbox } = ownTables(schema);
  // what looks expensive to the planner it would compile: measured, 800 ms of compiling for 40 ms of work
  const begin = `SET LOCAL jit = off; SET LOCAL idle_in_transaction_session_timeout = ${Math.round(settings.claimLimitMs)};`;
  const stopping = new AbortController();
  const notifications = createNotifications(pool, 'troupe_outbox', schema, () => wake());
  let running: Promise<void> | undefined;
  let after = '';
  let isWoken = false;
  let wake = (): void => {
    isWoken = true;
  };

  /** Publishes a line up to the first row that must wait. */
  const publishLine = async (rows: readonly OutboxRow[], sent: string[], refused: Map<string, WireError>): Promise<unknown> => {
    for (const { seq, command } of rows) {
      if (stopping.signal.aborted) return undefined;
      const { id, executor } = command;
      try {
        await publisher.publish(command);
        await probe('relay.published', id);
        sent.push(seq);
        onEvent?.({ type: 'published', id, executor });
      } catch (error) {
        if (!isTroupeError(error) || !REFUSALS.has(error.code)) return error;
        const { stack: _, ...reason } = toWireError(error);
        refused.set(seq, reason);
        onEvent?.({ type: 'refused', id, executor, error: reason });
      }
    }
    return undefined;
  };

  const round = (): Promise<Round> =>
    inTransaction(pool, begin, async (tx) => {
      const { rows, next } = await claim(tx, outbox, { after, lines: settings.maxResources, perLine: settings.maxPerResource });
      after = next;
      const isLast = next === '';
      if (rows.length === 0) return { published: 0, isLast, error: undefined };
      await probe('relay.claimed', String(rows.length));
      const sent: string[] = [];
      const refused = new Map<string, WireError>();
      const lines = new Map<string, OutboxRow[]>();
      for (const row of rows) lines.set(row.line, [...(lines.get(row.line) ?? []), row]);
      const errors = await Promise.all([...lines.values()].map((line) => publishLine(line, sent, refused)));
      await removeRows(tx, outbox, sent);
      for (const [seq, error] of refused) await refuseRow(tx, outbox, seq, error);
      return { published: sent.length + refused.size, isLast, error: errors.find((error) => error !== undefined) };
    });

  const wait = async (ms: number): Promise<void> => {
    if (isWoken) return;
    const waiting = new AbortController();
    const end = (): void => waiting.abort();
    wake = () => {
      isWoken = true;
      end();
    };
    stopping.signal.addEventListener('abort', end, { once: true });
    await sleep(clock, stopping.signal.aborted ? 0 : ms, waiting.signal);
    stopping.signal.removeEventListener('abort', end);
  };

  const loop = async (): Promise<void> => {
    let retryMs = RETRY_FIRST_MS;
    let isIdle = true;
    while (!stopping.signal.aborted) {
      let error: unknown;
      try {
        await notifications.ensure();
        if (after === '') [isWoken, isIdle] = [false, true];
        const done = await round();
        ({ error } = done);
        if (done.published > 0) {
          isIdle = false;
          await probe('relay.deleted', String(done.published));
        }
        if (error === undefined) {
          retryMs = RETRY_FIRST_MS;
          // only a pass from the first page to the last that found nothing proves that there is nothing
          if (done.isLast && isIdle) await wait(settings.sweepMs);
          continue;
        }
      } catch (cause) {
        error = cause;
        after = '';
      }
      if (stopping.signal.aborted) break;
      onEvent?.({ type: 'unavailable', error: toWireError(error, 'unavailable'), retryMs });
      // a notification does not make a server come back
      await sleep(clock, retryMs, stopping.signal);
      retryMs = Math.min(RETRY_LAST_MS, retryMs * 2);
    }
  };

  return createService('relay', {
    async start() {
      await verifySchema(pool, { schema });
      await notifications.ensure();
      running = loop();
    },
    async stop() {
      stopping.abort();
      await running;
      await notifications.stop();
    },
  });
}
