/** What is ordered: twenty instances with two volumes each, or the commands of a JSON-lines file. */
import { readFileSync } from 'node:fs';
import type { ResourceStore } from '@troupe/actor';
import { isTroupeError, type Json, type JsonObject, type ResourceRef, TroupeError } from '@troupe/protocol';
import type { ResourceKind } from '@troupe/resource';
import { Instance, openstackKinds, Volume } from '../app/index.ts';
import { PROVIDER } from './installation.ts';

export interface Order {
  readonly executor: string;
  readonly resource?: ResourceRef;
  readonly input?: Json;
  /** Rows to insert before the command is sent, as the request that makes them would. */
  readonly rows: readonly { readonly ref: ResourceRef; readonly data: JsonObject }[];
}

export function twentyInstances(count = 20, volumesEach = 2): Order[] {
  return Array.from({ length: count }, (_, i) => {
    const name = `vm-${String(i + 1).padStart(2, '0')}`;
    const volumes = Array.from({ length: volumesEach }, (_unused, v) => `${name}-vol-${v + 1}`);
    return {
      executor: 'openstack.instance.create',
      resource: Instance.ref(name),
      rows: [
        // a machine boots from its first volume
        ...volumes.map((id, v) => ({
          ref: Volume.ref(id),
          data: { provider: PROVIDER, name: id, sizeGb: 10, ...(v === 0 ? { image: 'cirros' } : {}) },
        })),
        { ref: Instance.ref(name), data: { provider: PROVIDER, name, flavor: '1', volumes } },
      ],
    };
  });
}

/** Inserts the rows of an order: state CREATION_SCHEDULED, owned by nobody. Inserting them again changes nothing. */
export async function insertRows(store: ResourceStore, order: Order): Promise<void> {
  for (const { ref, data } of order.rows) {
    await store.write(
      { op: 'create', ref, state: 'CREATION_SCHEDULED', set: { data } },
      { turn: 0, effect: `insert ${ref.kind}/${ref.id}` },
    );
  }
}

/**
 * Reads commands, one JSON object a line: `{"executor": …, "resource": {"kind", "id"}, "input": …, "rows": […]}`, where
 * `rows` are resources to insert first. Throws `malformed` that names line and field of everything that is wrong.
 */
export function readOrders(file: string): Order[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new TroupeError('invalid_options', `cannot read ${file}: ${(cause as Error).message}`, { field: 'input', cause });
  }
  return parseOrders(text);
}

export function parseOrders(text: string): Order[] {
  const orders: Order[] = [];
  const wrong: string[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    try {
      orders.push(parseOrder(line, i + 1));
    } catch (error) {
      if (!isTroupeError(error)) throw error;
      wrong.push(error.message);
    }
  }
  if (wrong.length > 0) throw new TroupeError('malformed', wrong.join('\n'));
  if (orders.length === 0) throw new TroupeError('malformed', 'there is no command in it');
  return orders;
}

function parseOrder(line: string, number: number): Order {
  const wrong = (field: string, why: string): TroupeError => new TroupeError('malformed', `line ${number}: ${field} ${why}`, { field });
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(line) as Record<string, unknown>;
  } catch {
    throw wrong('the line', 'is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('the line', 'must be an object');
  for (const key of Object.keys(value)) if (!['executor', 'resource', 'input', 'rows'].includes(key)) throw wrong(key, 'is not known');
  if (typeof value['executor'] !== 'string' || value['executor'] === '') throw wrong('executor', 'must be text');
  const rows = value['rows'] ?? [];
  if (!Array.isArray(rows)) throw wrong('rows', 'must be an array of {"ref": {"kind", "id"}, "data": {…}}');
  return {
    executor: value['executor'],
    ...(value['resource'] === undefined ? {} : { resource: parseRef(value['resource'], 'resource', wrong) }),
    ...(value['input'] === undefined ? {} : { input: value['input'] as Json }),
    rows: rows.map((row: unknown, i) => parseRow(row, `rows.${i}`, wrong)),
  };
}

const kinds = Object.values(openstackKinds) as readonly ResourceKind[];

function parseRow(value: unknown, field: string, wrong: (field: string, why: string) => TroupeError): Order['rows'][number] {
  const row = value as { ref?: unknown; data?: unknown } | null;
  const ref = parseRef(row?.ref, `${field}.ref`, wrong);
  const kind = kinds.find((one) => one.kind === ref.kind);
  if (kind === undefined) throw wrong(`${field}.ref.kind`, `must be one of ${kinds.map((one) => one.kind).join(', ')}`);
  try {
    return { ref, data: kind.parseData(row?.data ?? {}) };
  } catch (error) {
    if (!isTroupeError(error)) throw error;
    throw wrong(`${field}.data`, `is no ${ref.kind}: ${error.message}`);
  }
}

function parseRef(value: unknown, field: string, wrong: (field: string, why: string) => TroupeError): ResourceRef {
  const ref = value as { kind?: unknown; id?: unknown } | null;
  if (typeof ref?.kind !== 'string' || typeof ref.id !== 'string' || ref.kind === '' || ref.id === '')
    throw wrong(field, 'must be {"kind": text, "id": text}');
  return { kind: ref.kind, id: ref.id };
}
