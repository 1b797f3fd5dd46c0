/**
 * A follower keeps a parent in step with its resource, by the events of the resource. It is idempotent and may be told late, twice
 * and out of order: an order is what the events of its operation say; the parent is what the event says if the row is there, else
 * what the row says.
 */
import type { EventMessage, JsonObject, ResourceRef, WireError } from '@troupe/protocol';
import { type OrderState, parentMove, type ParentMove, type ParentState, parentStateOf, type ResourceTransition } from './parent.ts';

/** What a follower keeps of a parent. Store it with the parent, in one transaction. */
export interface ParentRecord {
  readonly state: ParentState;
  readonly error: WireError | null;
  /** State of the row that it has followed last; null = none yet, or the resource is gone. */
  readonly followed: string | null;
  /** Ids of the last events. */
  readonly events: readonly string[];
}

/** An order of the parent, found by the operation that it has started. */
export interface OrderRecord {
  readonly state: OrderState;
  readonly error: WireError | null;
}

export interface Parents {
  /** The parent of a resource, and its order of that operation if it has one. Undefined = nobody follows this resource. */
  load(
    resource: ResourceRef,
    operation: string | null,
  ): Promise<{ readonly parent: ParentRecord; readonly order?: OrderRecord } | undefined>;
  /** Stores both in one transaction. An absent `order` stays as it is. */
  save(
    resource: ResourceRef,
    operation: string | null,
    next: { readonly parent: ParentRecord; readonly order?: OrderRecord },
  ): Promise<void>;
  /** The resource as it is now, read once for each event. Undefined = it is gone. */
  row(resource: ResourceRef): Promise<{ readonly state: string; readonly error: WireError | null } | undefined>;
  /** A pair of states that no rule names: to be recorded and looked at by a person. Called once for each event. */
  unknown(resource: ResourceRef, transition: ResourceTransition, event: string): Promise<void>;
}

export type Followed =
  | { readonly how: 'moved'; readonly move: ParentMove }
  /** The row is elsewhere by now: the parent is what the row says; the order is what the event says. */
  | { readonly how: 'resynced'; readonly move: ParentMove | undefined }
  /** Seen before, of a parent that has ended, or of nobody that is followed. */
  | { readonly how: 'ignored' }
  | { readonly how: 'unknown' };

const EVENTS_KEPT = 32;

/** What a parent begins with, before its resource is made. */
export const newParent: ParentRecord = Object.freeze({ state: 'creating', error: null, followed: null, events: [] });

/** Follows one event; others than those of resources are ignored. Rejects with whatever `parents` throws: then tell it again. */
export async function followEvent(parents: Parents, event: EventMessage): Promise<Followed> {
  const told = transitionOf(event);
  if (told === undefined) return { how: 'ignored' };
  const { resource, operation, transition } = told;
  const known = await parents.load(resource, operation);
  if (known === undefined || known.parent.events.includes(event.id)) return { how: 'ignored' };
  const { parent } = known;
  const move = parentMove(transition);
  const order = move === undefined || operation === null ? undefined : orderAfter(known.order, move);
  const kept = { events: [...parent.events, event.id].slice(-EVENTS_KEPT) };
  // what has ended is not revived; the order that ended it may hear of it later
  if (parent.state === 'terminated') {
    if (order !== undefined) await parents.save(resource, operation, { parent: { ...parent, ...kept }, order });
    return { how: 'ignored' };
  }
  if (move === undefined) await parents.unknown(resource, transition, event.id);
  const row = await parents.row(resource);
  const isThere = move !== undefined && (row?.state ?? null) === transition.to;
  const next = isThere ? after(parent, move, row) : asTheRowIs(parent, row);
  await parents.save(resource, operation, { parent: { ...next, ...kept }, ...(order === undefined ? {} : { order }) });
  if (move === undefined) return { how: 'unknown' };
  return isThere ? { how: 'moved', move } : { how: 'resynced', move };
}

type Row = { readonly state: string; readonly error: WireError | null } | undefined;

function after(parent: ParentRecord, move: ParentMove, row: Row): ParentRecord {
  // a deletion that failed is the order's failure, not the parent's
  const error = move.name === 'deletionFailed' ? null : row === undefined ? parent.error : row.error;
  return { ...parent, state: move.parent, error, followed: row?.state ?? null };
}

/** The event is of the past, or of a future that the row has left behind. States repeat, so only the row can tell. */
function asTheRowIs(parent: ParentRecord, row: Row): ParentRecord {
  if (row === undefined) return { ...parent, state: 'terminated', followed: null };
  if (row.state === parent.followed) return parent;
  const isMissing = row.state === 'ERRED' && row.error?.code === 'missing_on_backend';
  const state = isMissing ? 'terminated' : (parentStateOf(row.state) ?? parent.state);
  return { ...parent, state, error: row.error, followed: row.state };
}

/** An order that has ended stays as it ended, unless it is retried: what began it may be told after its end. */
function orderAfter(order: OrderRecord | undefined, move: ParentMove): OrderRecord | undefined {
  if (move.order === undefined) return undefined;
  const hasEnded = order !== undefined && order.state !== 'executing';
  if (hasEnded && move.name !== 'retried') return order;
  return { state: move.order, error: move.error ?? null };
}

function transitionOf({
  topic,
  body,
}: EventMessage): { resource: ResourceRef; operation: string | null; transition: ResourceTransition } | undefined {
  if (topic[0] !== 'resource' || typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const { resource, operation, from, to, event, error } = body as JsonObject & { resource?: ResourceRef };
  const isState = (value: unknown): value is string | null => value === null || typeof value === 'string';
  if (resource === undefined || typeof event !== 'string' || !isState(from) || !isState(to)) return undefined;
  return {
    resource,
    operation: typeof operation === 'string' ? operation : null,
    transition: { from, to, event, ...(error === undefined || error === null ? {} : { error: error as unknown as WireError }) },
  };
}
