/** Why a schedule does not run, and when it will: read from its record, so that nobody needs to be asked. */
import type { EntityRecord } from '@troupe/actor';
import { formatMs } from '@troupe/protocol';
import { behindMs } from './alarm.ts';
import { calendarOf } from './calendar.ts';
import { digestOf } from './define.ts';
import { type ScheduleDefinition, spreadMs } from './definition.ts';
import { PENALTY_EXPIRES_MS } from './failures.ts';
import { type Outcome, rootOfJson, type ScheduleStatus } from './state.ts';

export interface ScheduleExplanation {
  readonly key: string;
  /** `broken`: there is a record, which makes no sense. */
  readonly status: ScheduleStatus | 'unknown' | 'broken';
  /** One sentence. */
  readonly text: string;
  /** The coming nominal times, epoch milliseconds, those that will be passed over included. */
  readonly next: readonly number[];
  /** Epoch milliseconds of the next nominal time that the penalty and the breaker let through; absent if nothing holds it up. */
  readonly pausedUntil?: number;
  /** How long the wake-up has been due without being handled; 0 if it is not. What an alarm watches. */
  readonly overdueMs: number;
  /** How long the oldest nominal time that no run has succeeded for has been due; 0 if there is none, or it is not active. For a metric. */
  readonly behindMs: number;
  /** Nothing has succeeded for `alarmAfter`, which was told. */
  readonly isAlarmed?: true;
  readonly run?: {
    readonly id: string;
    readonly attempt: number;
    readonly sinceMs: number;
    readonly waitsForRetry: boolean;
    readonly operation?: string;
  };
  /** As it holds now. */
  readonly definition?: ScheduleDefinition;
  /** The app whose code defines it, and whether people have changed it since. */
  readonly code?: { readonly app: string; readonly isChanged: boolean };
  readonly failures: number;
  /** The last fifty, oldest first. */
  readonly outcomes: readonly Outcome[];
}

/** `now`: epoch milliseconds; `n`: how many coming times. */
export function explainSchedule(key: string, record: EntityRecord | undefined, now: number, n = 5): ScheduleExplanation {
  const root = rootOfJson(record?.root);
  const nothing = { key, next: [], overdueMs: 0, behindMs: 0, failures: 0, outcomes: [] };
  if (root === undefined) return { ...nothing, status: 'unknown', text: `there is no schedule ${key}` };
  const { status, failures, outcomes, run } = root;
  const live = run && {
    id: run.id,
    attempt: run.attempt,
    sinceMs: now - run.orderedAt,
    waitsForRetry: run.timer !== undefined,
    ...(run.operation === undefined ? {} : { operation: run.operation }),
  };
  const { definition } = root;
  const code = root.code && { app: root.code.app, isChanged: root.code.digest !== digestOf(definition) };
  const common = {
    ...nothing,
    status,
    behindMs: behindMs(root, now),
    ...(root.alarm === 'raised' ? { isAlarmed: true as const } : {}),
    definition,
    ...(code === undefined ? {} : { code }),
    failures,
    outcomes,
    ...(live === undefined ? {} : { run: live }),
  };
  if (status === 'deleted') return { ...common, text: live === undefined ? 'deleted' : `deleted; waits for the end of run ${live.id}` };
  if (status === 'paused') {
    const { reason, at, by, automatic } = root.pausedFor!;
    const who = automatic === true ? 'by itself after a failure' : by === undefined ? 'by hand' : `by ${by}`;
    return { ...common, text: `paused ${who} for ${formatMs(now - at)}: ${reason}` };
  }
  const calendar = calendarOf(root.definition.timing);
  const next: number[] = [];
  for (let at = root.next; at !== undefined && next.length < n; at = calendar.after(at)) next.push(at);
  const overdueMs = root.timer === undefined ? 0 : Math.max(0, now - root.timer.at);
  const penalised = root.penalty > 0 && now - (root.failedAt ?? now) < PENALTY_EXPIRES_MS;
  const open = root.openUntil !== undefined && root.openUntil > now;
  let pausedUntil: number | undefined;
  if (penalised || open) {
    pausedUntil = root.next;
    for (let left = penalised ? root.penalty : 0; pausedUntil !== undefined && (left > 0 || pausedUntil < (root.openUntil ?? 0)); left--) {
      pausedUntil = calendar.after(pausedUntil);
    }
  }
  const sentence = (): string => {
    if (overdueMs > 60_000) return `overdue for ${formatMs(overdueMs)}: no scheduler has handled its wake-up`;
    if (root.next === undefined) return 'there is no nominal time any more';
    if (pausedUntil !== undefined) {
      const why = open ? 'the breaker is open' : `nominal times still to be passed over: ${root.penalty}`;
      return `failures in a row: ${failures}; ${why}; paused until ${iso(pausedUntil)}`;
    }
    if (run?.asking !== undefined) return `asks the breaker of ${root.definition.breaker?.scope} whether run ${run.id} may begin`;
    if (live !== undefined) {
      const name = live.operation === undefined ? `run ${live.id}` : `operation ${live.operation}`;
      return `${name} ${live.waitsForRetry ? 'waits for its retry' : 'lives'} for ${formatMs(live.sinceMs)}; next at ${iso(root.next)}`;
    }
    const spread = spreadMs(root.definition, key);
    return `next at ${iso(root.next)}${spread > 0 ? `, spread by ${formatMs(spread)}` : ''}`;
  };
  return { ...common, next, overdueMs, ...(pausedUntil === undefined ? {} : { pausedUntil }), text: sentence() };
}

function iso(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}
