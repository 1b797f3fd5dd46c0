/** A page of a listing: what the handler of a listing is given, what it returns, and what is refused of it. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { encodeJson, type Json, type ResourceRef, TroupeError } from '@troupe/protocol';
import { isRef } from '../execute.ts';
import { MAX_PAGE } from './definition.ts';

/** Input of a listing. */
export interface ListingRequest {
  /** That of the schedule. */
  readonly input: Json;
  /** What the page before named; absent for the first. */
  readonly cursor?: string;
  /** How many objects are wanted; up to 500 are taken. */
  readonly limit: number;
}

export interface ListedObject {
  /** Names the object among all that the schedule ever lists: 1 to 128 bytes. */
  readonly key: string;
  /** Of the task or the operation that runs for it: at most 8 KiB. */
  readonly input: Json;
  /** What its operation takes, with `execute`. */
  readonly resource?: ResourceRef;
}

/** Output of a listing. */
export interface ListedPage {
  readonly items: readonly ListedObject[];
  /**
   * Where the next page begins, at most 1,024 bytes; absent on the last page. A marker ("after this object"), not a position: objects that
   * come and go while it is listed would shift a position, and an object be missed or listed twice.
   */
  readonly cursor?: string;
}

const MAX_KEY_BYTES = 128;
const MAX_REF_BYTES = 1_024;
const MAX_CURSOR_BYTES = 1_024;
const MAX_OBJECT_BYTES = 8_192;
/** A page is kept as one item of the record until its last object has ended. */
const MAX_PAGE_BYTES = 131_072;

/** Throws `invalid_output` with the field. An object that stands twice on a page is taken once. */
export function parsePage(output: Json, cursor?: string): ListedPage {
  const page = output as unknown as ListedPage | null;
  if (typeof page !== 'object' || page === null || !Array.isArray(page.items)) wrong('items', 'must be a list');
  if (page.items.length > MAX_PAGE) wrong('items', `has ${page.items.length} objects, at most ${MAX_PAGE} are taken`);
  const next = (page.cursor ?? undefined) as string | undefined;
  if (next !== undefined) {
    if (!isShort(next, MAX_CURSOR_BYTES)) wrong('cursor', `must be text of 1 to ${MAX_CURSOR_BYTES} bytes`);
    // it would list the same page for ever
    if (next === cursor) wrong('cursor', 'is the one that was asked for');
  }
  const byKey = new Map<string, ListedObject>();
  for (const [i, one] of page.items.entries()) {
    if (!isShort((one as ListedObject | null)?.key, MAX_KEY_BYTES)) wrong(`items.${i}.key`, `must be text of 1 to ${MAX_KEY_BYTES} bytes`);
    const { key, input = null } = one as ListedObject;
    const resource = (one as ListedObject).resource ?? undefined;
    if (resource !== undefined && !(isRef(resource) && bytesOf(resource as unknown as Json) <= MAX_REF_BYTES))
      wrong(`items.${i}.resource`, 'must be { kind, id }');
    if (bytesOf(input) > MAX_OBJECT_BYTES) wrong(`items.${i}.input`, `has at most ${MAX_OBJECT_BYTES} bytes`);
    if (!byKey.has(key)) byKey.set(key, { key, input, ...(resource === undefined ? {} : { resource }) });
  }
  const items = [...byKey.values()];
  const sizeBytes = bytesOf(items as unknown as Json);
  if (sizeBytes > MAX_PAGE_BYTES) wrong('items', `has ${sizeBytes} bytes, at most ${MAX_PAGE_BYTES} are taken: list fewer objects a page`);
  return { items, ...(next === undefined ? {} : { cursor: next }) };
}

/** The output schema for the contract of a listing: what does not fit fails in the worker, where its author sees it. */
export const listedPage: StandardSchemaV1<ListedPage> = Object.freeze({
  '~standard': {
    version: 1 as const,
    vendor: 'troupe',
    validate(value: unknown): StandardSchemaV1.Result<ListedPage> {
      try {
        return { value: parsePage(value as Json) };
      } catch (error) {
        const { message, field } = error as TroupeError;
        return { issues: [{ message, ...(field === undefined ? {} : { path: field.split('.') }) }] };
      }
    },
  },
});

function isShort(value: unknown, bytes: number): value is string {
  return typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= bytes;
}

function bytesOf(value: Json): number {
  return Buffer.byteLength(encodeJson(value));
}

function wrong(field: string, rule: string): never {
  throw new TroupeError('invalid_output', `${field} of a listed page ${rule}`, { field });
}
