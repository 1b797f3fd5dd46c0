/** How a resource lies in `troupe_resource`: one column per field, so that SQL can ask for any of them. */
import type { AppliedWrite, Fence, ResourceRecord } from '@troupe/actor';
import { isTombstone, type StoredResource } from '@troupe/actor/internal';
import type { Json, JsonObject, ResourceRef, WireError } from '@troupe/protocol';
import { decodeText, decodeValue, encodeText, encodeValue } from './text-codec.ts';

export type Row = Record<string, unknown>;

/** The columns that a read asks for; `revision` and `epoch` are bigint, which the driver would give as text. */
export function selectList(alias: string): string {
  const plain = ['kind', 'id', 'state', 'runtime_state', 'backend_id', 'error', 'action', 'action_details', 'current_operation', 'data'];
  const columns = [...plain, 'rested', 'fence', 'removed_by'].map((name) => `${alias}.${name}`);
  const numbers = ['epoch', 'revision'].map((name) => `${alias}.${name}::float8 AS ${name}`);
  return [...columns, ...numbers, `(extract(epoch FROM ${alias}.modified) * 1000)::float8 AS modified`].join(', ');
}

export function decodeRow(row: Row): StoredResource {
  const kind = decodeText(text(row['kind']));
  const id = decodeText(text(row['id']));
  const epoch = Number(row['epoch']);
  const fence = decodeFence(row['fence'], epoch);
  const modified = Math.round(Number(row['modified']));
  if (row['removed_by'] !== null) return { kind, id, removedBy: decodeText(text(row['removed_by'])), fence, modified };
  return {
    kind,
    id,
    state: decodeText(text(row['state'])),
    runtimeState: decodeText(text(row['runtime_state'])),
    backendId: decodeText(text(row['backend_id'])),
    error: decodeValue<WireError | null>(row['error']),
    action: decodeText(text(row['action'])),
    actionDetails: decodeValue<Json>(row['action_details']),
    currentOperation: row['current_operation'] === null ? null : decodeText(text(row['current_operation'])),
    epoch,
    data: isObject(row['data']) ? decodeValue<JsonObject>(row['data']) : {},
    modified,
    revision: Number(row['revision']),
    rested: decodeValue<ResourceRecord['rested']>(row['rested']),
    fence,
  };
}

/** Of a row that somebody inserted by hand there is no fence yet; its epoch holds. */
function decodeFence(value: unknown, epoch: number): Fence {
  const f = isObject(value) ? decodeValue<Partial<Fence>>(value) : {};
  return {
    epoch: f.epoch ?? epoch,
    turn: f.turn ?? 0,
    applied: Array.isArray(f.applied) ? (f.applied as AppliedWrite[]) : [],
    forgotten: f.forgotten ?? 0,
    ...(typeof f.promised === 'string' ? { promised: f.promised } : {}),
  };
}

/** Columns and values of a row, in one order; the revision is the database's own. */
export function encodeRow(next: StoredResource): { readonly columns: readonly string[]; readonly values: unknown[] } {
  const record: Partial<ResourceRecord> = isTombstone(next) ? {} : next;
  const row: [string, unknown][] = [
    ['kind', encodeText(next.kind)],
    ['id', encodeText(next.id)],
    ['state', encodeText(record.state ?? '')],
    ['runtime_state', encodeText(record.runtimeState ?? '')],
    ['backend_id', encodeText(record.backendId ?? '')],
    ['error', encodeValue(record.error)],
    ['action', encodeText(record.action ?? '')],
    ['action_details', encodeValue(record.actionDetails)],
    ['current_operation', record.currentOperation == null ? null : encodeText(record.currentOperation)],
    ['epoch', record.epoch ?? next.fence.epoch],
    ['data', encodeValue(record.data ?? {})],
    ['modified', new Date(next.modified)],
    ['rested', encodeValue(record.rested)],
    ['fence', encodeValue(next.fence)],
    ['removed_by', isTombstone(next) ? encodeText(next.removedBy) : null],
  ];
  return { columns: row.map(([name]) => name), values: row.map(([, value]) => value) };
}

export function keyOf(ref: ResourceRef): [string, string] {
  return [encodeText(ref.kind), encodeText(ref.id)];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
