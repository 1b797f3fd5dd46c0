/**
 * A time zone as a line of spans with one offset each, read from the tables that Node.js brings (`Intl`), so that there is
 * no table of our own to grow old.
 */
import { refuse } from './refuse.ts';

/** From `start` (epoch milliseconds, inclusive) to `end` the wall shows `instant + offsetMs`. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly offsetMs: number;
}

export interface Zone {
  readonly name: string;
  /** The span of an instant. Its start is exact only as far as a year around it, which is all a calendar asks. */
  spanAt(instant: number): Span;
}

const DAY_MS = 86_400_000;
/** Transitions are looked for a year at a time and kept; a test of every zone must not keep them all. */
const KEPT_BLOCKS = 64;
const BLOCK_MS = 366 * DAY_MS;
const zones = new Map<string, Zone>();

/** Throws `invalid_options` for a zone that Node.js does not know. */
export function zoneOf(name: string, field = 'zone'): Zone {
  const known = zones.get(name);
  if (known !== undefined) return known;
  if (typeof name !== 'string' || name === '') refuse(field, 'must be a name such as Europe/Berlin');
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    refuse(field, `${JSON.stringify(name)} is no time zone that this Node.js knows`);
  }
  const zone = createZone(name, (instant) => offsetOf(format, instant));
  if (zones.size >= 1_000) zones.clear();
  zones.set(name, zone);
  return zone;
}

function offsetOf(format: Intl.DateTimeFormat, instant: number): number {
  const at = Math.floor(instant / 1_000) * 1_000;
  const [month, day, year, hour, minute, second] = format.format(at).match(/\d+/g)!.map(Number);
  return Date.UTC(year!, month! - 1, day!, hour!, minute!, second!) - at;
}

function createZone(name: string, offsetAt: (instant: number) => number): Zone {
  const blocks = new Map<number, readonly number[]>();

  /** First instants of a new offset within a block, ascending. */
  const transitionsIn = (block: number): readonly number[] => {
    const kept = blocks.get(block);
    if (kept !== undefined) return kept;
    const found: number[] = [];
    let at = block * BLOCK_MS;
    let offset = offsetAt(at);
    const end = at + BLOCK_MS;
    while (at < end) {
      const next = at + DAY_MS;
      const nextOffset = offsetAt(next);
      if (nextOffset !== offset) found.push(firstAfter(at, next, offset));
      at = next;
      offset = nextOffset;
    }
    if (blocks.size >= KEPT_BLOCKS) blocks.clear();
    blocks.set(block, found);
    return found;
  };

  const firstAfter = (low: number, high: number, offset: number): number => {
    let before = low / 1_000;
    let after = high / 1_000;
    while (after - before > 1) {
      const middle = Math.floor((before + after) / 2);
      if (offsetAt(middle * 1_000) === offset) before = middle;
      else after = middle;
    }
    return after * 1_000;
  };

  return {
    name,
    spanAt(instant) {
      const block = Math.floor(instant / BLOCK_MS);
      const around = [...transitionsIn(block - 1), ...transitionsIn(block), ...transitionsIn(block + 1)];
      const start = around.findLast((at) => at <= instant) ?? (block - 1) * BLOCK_MS;
      const end = around.find((at) => at > instant) ?? (block + 2) * BLOCK_MS;
      return { start, end, offsetMs: offsetAt(instant) };
    },
  };
}
