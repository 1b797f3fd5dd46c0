/** A look at what a schedule has made: how many, which of them rest, which have been kept long enough. Bounded, however many there are. */
import { TroupeError } from '@troupe/protocol';
import type { ListedObject, ListedPage } from '../each/listing.ts';

/** Input of each object that is listed for a retention; its key is the id of the resource. */
export interface Retained {
  /** Of the life-cycle, such as `OK`. */
  readonly state: string;
  /** Epoch milliseconds; absent or null: for ever. */
  readonly keepUntil?: number | null;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

interface Candidate {
  readonly id: string;
  readonly keepUntil?: number;
  readonly createdAt: number;
}

export interface Look {
  /** Names it, so that an answer to another look is not taken for one to this. */
  readonly n: number;
  pages: number;
  cursor?: string;
  total: number;
  deleting: number;
  /** Of those that rest, the first to go, in order. */
  oldest: Candidate[];
  /** OK and kept long enough, by id. */
  expired: string[];
  /** Some are kept long enough and busy, or there are more than are kept here: look again. */
  again?: true;
  /** The next time at which one has been kept long enough. */
  next?: number;
}

const RESTING = new Set(['OK', 'ERRED']);
const DELETING = new Set(['DELETION_SCHEDULED', 'DELETING']);
/** Deleted at a time, at the most. */
const KEPT = 50;

export function startLook(n: number): Look {
  return { n, pages: 0, total: 0, deleting: 0, oldest: [], expired: [] };
}

/** Adds a page. Throws `invalid_output` with the field. */
export function seePage(look: Look, { items, cursor }: ListedPage, now: number): void {
  for (const [i, item] of items.entries()) see(look, item, retainedOf(item, i), now);
  look.oldest = look.oldest.sort(byAge).slice(0, KEPT);
  look.pages++;
  if (cursor === undefined) delete look.cursor;
  else look.cursor = cursor;
}

function see(look: Look, { key: id }: ListedObject, { state, keepUntil, createdAt }: Retained, now: number): void {
  look.total++;
  const isResting = RESTING.has(state);
  if (DELETING.has(state)) look.deleting++;
  if (isResting) look.oldest.push({ id, createdAt, ...(typeof keepUntil === 'number' ? { keepUntil } : {}) });
  if (typeof keepUntil !== 'number') return;
  if (keepUntil > now) look.next = Math.min(look.next ?? keepUntil, keepUntil);
  // one that is ERRED stays for whoever mends it, one that is being deleted goes anyway
  else if (state === 'OK' && look.expired.length < KEPT) look.expired.push(id);
  else if (state === 'OK' || !(isResting || DELETING.has(state))) look.again = true;
}

/** By the time until which it is kept, then by age. */
function byAge(a: Candidate, b: Candidate): number {
  return until(a) - until(b) || a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1);
}

/** Infinity minus Infinity is no number. */
function until({ keepUntil = Number.MAX_SAFE_INTEGER }: Candidate): number {
  return keepUntil;
}

function retainedOf({ input }: ListedObject, i: number): Retained {
  const found = input as unknown as Retained | null;
  const at = `items.${i}.input`;
  if (typeof found?.state !== 'string') throw wrong(`${at}.state`, 'must be the state of the resource');
  if (!Number.isFinite(found.createdAt)) throw wrong(`${at}.createdAt`, 'must be epoch milliseconds');
  const { keepUntil } = found;
  if (keepUntil !== undefined && keepUntil !== null && !Number.isFinite(keepUntil))
    throw wrong(`${at}.keepUntil`, 'must be epoch milliseconds');
  return found;
}

function wrong(field: string, rule: string): TroupeError {
  return new TroupeError('invalid_output', `${field} of a listed page ${rule}`, { field });
}

/** How many have to go at the maximum. */
export function surplus(look: Look, max: number): number {
  return Math.max(1, look.total - max);
}
