/** What a day came to, for people, and whether it was a good one. */
import type { DayModel } from './model.ts';
import type { DayReport } from './run.ts';
import { type DayFamily, dayFamilies } from './users.ts';

/**
 * An operation beside the day may take so much longer in the median: it waits for the same processor. And one look of a poll: many
 * are shorter than a look.
 */
const NOTICED = 2;
const LOOK_MS = 250;
/** Of what did not end well. */
const SHOWN = 10;

const names: Readonly<Record<DayFamily, string>> = {
  F1: 'volume create',
  F2: 'volume delete',
  F3: 'volume extend',
  F4: 'volume attach, detach, retype',
  F5: 'snapshot create, restore, delete',
  F6: 'instance create',
  F7: 'instance delete',
  F8: 'instance, another flavour',
  F9: 'instance stop, start, restart',
  F10: 'instance pull',
  F11: 'instance, other addresses',
  F12: 'backup create',
  F13: 'backup delete',
  F14: 'tenant create',
  F15: 'tenant delete',
};

export function describeDay(model: DayModel, report: DayReport): string {
  const { tally, told, alone, beside } = report;
  const { runs, calls, failed, most, twice } = tally;
  const seconds = model.dayMs / 1_000;
  const rows = dayFamilies.map((family) => {
    const [before, during] = [alone.ms.get(family) ?? [], beside.ms.get(family) ?? []];
    const cells = [before.length, at(before, 0.5), during.length, at(during, 0.5), at(during, 0.95), Math.max(0, ...during)];
    const mark = isNoticed(before, during) ? '  NOTICED' : '';
    return `${family.padEnd(4)}${names[family].padEnd(34)}${cells.map((cell) => cell.toFixed(0).padStart(8)).join('')}${mark}`;
  });
  const ends = [...alone.failed, ...beside.failed];
  return `nominal times ${told.ran} ran, ${told.skippedOverlap} skipped while a run lived, ${told.skippedPenalty} skipped after failures, ${told.coalesced} coalesced, ${told.missed} missed
tasks         ${runs} runs (${(runs / seconds).toFixed(0)} a second), at most ${most} at one time, ${twice.length} of one object twice at one time
providers     ${calls} calls over HTTP, ${failed.error} errors, ${failed.outage} while one was down
builds        at most ${report.peak.instance} machines and ${report.peak.volume} volumes at once (limit ${report.limit} each), ${report.refused} refused, ${report.doubled} doubled, ${report.held} tokens held

${' '.repeat(38)}   alone     p50  beside     p50     p95    most   ms
${rows.join('\n')}

operations    ${ends.length === 0 ? 'all ended well' : `${ends.length} did not end well, first:\n  ${ends.slice(0, SHOWN).join('\n  ')}`}`;
}

/** Nothing ran twice, every operation ended well, no limit was passed, and no family noticed the day. */
export function isGoodDay({ tally, told, alone, beside, ...limits }: DayReport): boolean {
  const isWell = alone.failed.length + beside.failed.length === 0 && tally.twice.length === 0 && told.ran > 0;
  const isWithin =
    Math.max(limits.peak.instance, limits.peak.volume) <= limits.limit && limits.refused + limits.doubled + limits.held === 0;
  return isWell && isWithin && dayFamilies.every((family) => !isNoticed(alone.ms.get(family) ?? [], beside.ms.get(family) ?? []));
}

function isNoticed(alone: readonly number[], beside: readonly number[]): boolean {
  return at(beside, 0.5) > NOTICED * at(alone, 0.5) + LOOK_MS;
}

function at(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
