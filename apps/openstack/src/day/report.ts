/** What a day came to, for people, and whether it was a good one. */
import type { DayModel } from './model.ts';
import type { DayReport } from './run.ts';

/** An operation beside the day may take so much longer in the median: it waits for the same processor. */
const NOTICED = 2;

export function describeDay(model: DayModel, { tally, told, alone, beside }: DayReport): string {
  const { runs, calls, failed, most, twice } = tally;
  const seconds = model.dayMs / 1_000;
  const text = (values: readonly number[]): string => `${median(values).toFixed(0)} ms, slowest ${Math.max(...values).toFixed(0)}`;
  const times = [...alone.ms].map(([executor, ms]) => {
    const during = beside.ms.get(executor) ?? [];
    return `${executor.padEnd(26)} ${during.length} operations: ${text(during)}; alone ${text(ms)}`;
  });
  const ended = alone.failed + beside.failed;
  return `nominal times ${told.ran} ran, ${told.skippedOverlap} skipped while a run lived, ${told.skippedPenalty} skipped after failures, ${told.coalesced} coalesced, ${told.missed} missed
tasks         ${runs} runs (${(runs / seconds).toFixed(0)} a second), at most ${most} at one time, ${twice.length} of one object twice at one time
providers     ${calls} calls, ${failed.error} errors, ${failed.outage} while one was down
${times.join('\n')}
operations    ${ended === 0 ? 'all ended well' : `${ended} did not end well`}${isNoticed({ alone, beside }) ? '; THEY NOTICED THE DAY' : ''}`;
}

/** Nothing ran twice, every operation ended well, and none noticed the day. */
export function isGoodDay(report: DayReport): boolean {
  const { tally, told, alone, beside } = report;
  return alone.failed + beside.failed === 0 && tally.twice.length === 0 && told.ran > 0 && !isNoticed(report);
}

function isNoticed({ alone, beside }: Pick<DayReport, 'alone' | 'beside'>): boolean {
  return [...alone.ms].some(([executor, ms]) => median(beside.ms.get(executor) ?? []) > NOTICED * median(ms));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}
