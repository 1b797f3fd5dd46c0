/** How far a fan-out is, and what it waits for: read from its record. */
import type { EntityRecord } from '@troupe/actor';
import { formatMs } from '@troupe/protocol';
import { eachDefaults } from './definition.ts';
import type { FanoutCounts, FanoutEnded, FanoutRoot, LiveObject } from './state.ts';

export interface FanoutExplanation {
  readonly key: string;
  /** One sentence. */
  readonly text: string;
  /** Of the run that lives. */
  readonly counts?: FanoutCounts;
  /** Keys of the objects whose runs live, those of earlier nominal times included. */
  readonly live: readonly string[];
  /** The run before. */
  readonly last?: FanoutEnded;
}

/** `record`: of the entity `fanout/<key>`. `now`: epoch milliseconds. */
export function explainFanout(key: string, record: EntityRecord | undefined, now: number): FanoutExplanation {
  if (record === undefined) return { key, text: `there is no fan-out ${key}`, live: [] };
  const { live: pairs, current, last, rateAt } = record.root as unknown as FanoutRoot & { live: [string, LiveObject][] };
  const live = pairs.map(([object]) => object);
  const common = { key, live, ...(last === undefined ? {} : { last }), ...(current === undefined ? {} : { counts: current.counts }) };
  if (current === undefined) {
    const before = last === undefined ? 'nothing has run' : `run ${last.run} ${last.ended} after ${formatMs(last.tookMs)}`;
    return { ...common, text: live.length === 0 ? before : `${before}; still live of earlier runs: ${live.length}` };
  }
  const { counts, each, list, page } = current;
  const waiting = pairs.filter(([, { dueAt }]) => dueAt !== undefined).length;
  const sentence = (): string => {
    if (current.cancelled === true) return `is being cancelled; live: ${live.length}`;
    if (list !== undefined)
      return `lists page ${current.pages + 1}${list.dueAt === undefined ? '' : `, again in ${formatMs(list.dueAt - now)}`}`;
    if (page === undefined) return `all are started; live: ${live.length}`;
    if (live.length >= (each.inFlight ?? eachDefaults.inFlight)) return `in flight are as many as may be: ${live.length}`;
    return `is held to its rate until ${formatMs(Math.max(0, (rateAt ?? now) - now))} from now`;
  };
  const ended = counts.succeeded + counts.failed + counts.unknown + counts.cancelled;
  const numbers = `listed ${counts.listed}, ended ${ended}, failed ${counts.failed + counts.unknown}, wait for a retry or their start ${waiting}`;
  return { ...common, text: `run ${current.run} lives for ${formatMs(now - current.orderedAt)}: ${sentence()}; ${numbers}` };
}
