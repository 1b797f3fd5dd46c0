/** A resource store in memory, with the rules that every store shares. */
import type { ResourceRecord, ResourceWrite, WriteOutcome } from '@troupe/actor';
import { decideWrite, isTombstone, type StoredResource } from '@troupe/actor/internal';
import type { JsonObject, ResourceRef } from '@troupe/protocol';
import { insertWrite } from '@troupe/resource';

export interface Store {
  write(write: ResourceWrite, fence: { readonly turn: number; readonly effect: string }): WriteOutcome;
  get(ref: ResourceRef): ResourceRecord | undefined;
  /** Puts a resource there, as somebody else did long ago. */
  put(kind: string, id: string, fields?: Partial<ResourceRecord>): void;
  /** Takes it away behind everybody's back. */
  vanish(kind: string, id: string): void;
  /** Somebody else takes it over: a newer epoch. */
  seize(kind: string, id: string, operation: string): void;
  /** Every state a resource has had, oldest first. */
  history(kind: string, id: string): readonly string[];
  all(): readonly ResourceRecord[];
}

export function createStore(now: () => number): Store {
  const rows = new Map<string, StoredResource>();
  const histories = new Map<string, string[]>();
  let revision = 0;
  const keyOf = (ref: ResourceRef): string => `${ref.kind}/${ref.id}`;
  const remember = (key: string, state: string): void => {
    const list = histories.get(key) ?? [];
    histories.set(key, list);
    if (list.at(-1) !== state) list.push(state);
  };
  const write: Store['write'] = (order, fence) => {
    const key = keyOf(order.ref);
    const decision = decideWrite(rows.get(key), order, { ...fence, now: now() });
    if (decision.type === 'answer') return decision.outcome;
    revision++;
    const next = isTombstone(decision.next) ? decision.next : { ...decision.next, revision };
    rows.set(key, next);
    remember(key, isTombstone(next) ? 'removed' : next.state);
    return decision.outcomeAt(revision);
  };
  const get: Store['get'] = (ref) => {
    const row = rows.get(keyOf(ref));
    return row === undefined || isTombstone(row) ? undefined : row;
  };
  return {
    write,
    get,
    put(kind, id, fields = {}) {
      write(insertWrite({ kind, id }, (fields.data ?? {}) as JsonObject), { turn: 1, effect: `insert ${kind}/${id}` });
      const row = rows.get(`${kind}/${id}`) as ResourceRecord;
      rows.set(`${kind}/${id}`, { ...row, ...fields });
      histories.set(`${kind}/${id}`, [fields.state ?? row.state]);
    },
    vanish: (kind, id) => void rows.delete(`${kind}/${id}`),
    seize(kind, id, operation) {
      const row = rows.get(`${kind}/${id}`) as ResourceRecord;
      rows.set(`${kind}/${id}`, {
        ...row,
        epoch: row.epoch + 1,
        currentOperation: operation,
        fence: { ...row.fence, epoch: row.epoch + 1 },
      });
    },
    history: (kind, id) => histories.get(`${kind}/${id}`) ?? [],
    all: () => [...rows.values()].filter((row): row is ResourceRecord => !isTombstone(row)),
  };
}
