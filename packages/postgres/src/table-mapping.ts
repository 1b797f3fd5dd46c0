/** How resources of a kind lie in a table of yours: which column holds which field, and how its states are written. */
import type { ResourceRecord } from '@troupe/actor';
import { type Json, type JsonObject, TroupeError, type WireError } from '@troupe/protocol';
import { quoted, quotedTable } from './names.ts';
import { decodeValue, encodeText, encodeValue } from './text-codec.ts';

export interface TableMapping {
  /** `orders`, or `shop.orders` with its schema. */
  readonly table: string;
  readonly columns: MappedColumns;
  /**
   * How the state column writes each state; numbers or other words. `stateCodes` of `@troupe/resource` are the numbers of
   * the old tables. Default: the names as they are.
   */
  readonly states?: Readonly<Record<string, string | number>>;
}

/** Names of columns. A field without a column is kept beside your table, in ours. */
export interface MappedColumns {
  /** Unique and not null, of any type whose text is the id of the resource. */
  readonly id: string;
  readonly state: string;
  readonly runtimeState?: string;
  readonly backendId?: string;
  /** A json or jsonb column, or text columns for the parts of the error. Empty text or NULL = no error. */
  readonly error?: string | { readonly message: string; readonly code?: string; readonly trace?: string };
  readonly action?: string;
  readonly actionDetails?: string;
  readonly modified?: string;
  /** For people and reports; who owns a resource is decided by our table. */
  readonly currentOperation?: string;
  /** A json or jsonb column for all of the data, or a column for each field of it that has one. */
  readonly data?: string | Readonly<Record<string, string>>;
}

/** What the columns of one row say, by column; as JSON whatever their types are. */
export type Cells = Readonly<Record<string, Json>>;

export interface Mapping {
  readonly table: string;
  readonly id: string;
  /** All mapped columns besides the id, as they are called. */
  readonly columns: readonly string[];
  /** The record as the row and what we keep beside it tell it; the row is right. */
  read(cells: Cells, beside: ResourceRecord): ResourceRecord;
  /** The cells that a record asks for. */
  write(record: ResourceRecord): Cells;
}

type TextField = 'runtimeState' | 'backendId' | 'action';
const TEXT_FIELDS: readonly TextField[] = ['runtimeState', 'backendId', 'action'];

/** Checks a mapping. Throws `invalid_options` that names the field. */
export function mappingOf(kind: string, mapping: TableMapping): Mapping {
  const at = `tables.${kind}`;
  const { columns: c } = mapping;
  const table = quotedTable(mapping.table, `${at}.table`);
  const toState = new Map(Object.entries(mapping.states ?? {}));
  const fromState = new Map([...toState].map(([name, written]) => [String(written), name]));
  if (fromState.size !== toState.size) {
    throw new TroupeError('invalid_options', `${at}.states writes two states alike`, { field: `${at}.states` });
  }
  const dataColumns = typeof c.data === 'object' ? Object.entries(c.data) : [];
  const errorColumns = typeof c.error === 'object' ? c.error : undefined;
  const single = [c.state, c.runtimeState, c.backendId, c.action, c.actionDetails, c.modified, c.currentOperation];
  const whole = [c.error, c.data].filter((one) => typeof one === 'string');
  const parts = [errorColumns?.message, errorColumns?.code, errorColumns?.trace, ...dataColumns.map(([, column]) => column)];
  const columns = [...single, ...whole, ...parts].filter((name) => name !== undefined);
  for (const name of [c.id, ...columns]) quoted(name, `${at}.columns`);
  const twice = columns.find((name, i) => columns.indexOf(name) !== i || name === c.id);
  if (twice !== undefined) throw new TroupeError('invalid_options', `${at}: two fields share column ${twice}`, { field: `${at}.columns` });

  const writeState = (state: string): Json => {
    if (mapping.states === undefined) return encodeText(state);
    const written = toState.get(state);
    if (written !== undefined) return written;
    throw new TroupeError('invalid_options', `${at}.states has nothing for ${state}`, { field: `${at}.states` });
  };

  return {
    table,
    id: quoted(c.id, `${at}.columns.id`),
    columns,
    read(cells, beside) {
      const record: { -readonly [K in keyof ResourceRecord]: ResourceRecord[K] } = { ...beside };
      const written = textOf(cells[c.state]);
      record.state = fromState.get(written) ?? written;
      for (const field of TEXT_FIELDS) {
        const column = c[field];
        if (column !== undefined) record[field] = textOf(cells[column]);
      }
      if (c.actionDetails !== undefined) record.actionDetails = decodeValue<Json>(cells[c.actionDetails]);
      if (typeof c.error === 'string') record.error = decodeValue<WireError | null>(cells[c.error]);
      else if (c.error !== undefined) record.error = errorOf(cells, c.error, beside.error);
      if (typeof c.data === 'string') record.data = decodeValue<JsonObject | null>(cells[c.data]) ?? {};
      else if (c.data !== undefined) {
        const own = dataColumns.map(([field, column]) => [field, decodeValue<Json>(cells[column])] as const);
        record.data = { ...beside.data, ...Object.fromEntries(own.filter(([field, value]) => value !== null || field in beside.data)) };
      }
      if (record.modified === 0 && c.modified !== undefined) record.modified = Date.parse(textOf(cells[c.modified])) || 0;
      return record;
    },
    write(record) {
      const cells: Record<string, Json> = { [c.state]: writeState(record.state) };
      for (const field of TEXT_FIELDS) {
        const column = c[field];
        if (column !== undefined) cells[column] = encodeText(record[field]);
      }
      const json = (value: unknown): Json => JSON.parse(encodeValue(value) ?? 'null') as Json;
      if (c.actionDetails !== undefined) cells[c.actionDetails] = json(record.actionDetails);
      if (c.currentOperation !== undefined) cells[c.currentOperation] = json(record.currentOperation);
      if (c.modified !== undefined) cells[c.modified] = new Date(record.modified).toISOString();
      if (typeof c.error === 'string') cells[c.error] = json(record.error);
      if (errorColumns !== undefined) {
        cells[errorColumns.message] = encodeText(record.error?.message ?? '');
        if (errorColumns.code !== undefined) cells[errorColumns.code] = encodeText(record.error?.code ?? '');
        if (errorColumns.trace !== undefined) cells[errorColumns.trace] = encodeText(record.error?.stack ?? '');
      }
      if (typeof c.data === 'string') cells[c.data] = json(record.data);
      for (const [field, column] of dataColumns) if (field in record.data) cells[column] = json(record.data[field]);
      return cells;
    },
  };
}

/** Text columns hold a part of an error: what we kept of it is the whole, as long as it is the same one. */
function errorOf(cells: Cells, columns: { message: string; code?: string; trace?: string }, beside: WireError | null): WireError | null {
  const message = textOf(cells[columns.message]);
  const code = columns.code === undefined ? '' : textOf(cells[columns.code]);
  if (message === '' && code === '') return null;
  if (beside !== null && beside.message === message && (columns.code === undefined || beside.code === code)) return beside;
  const stack = columns.trace === undefined ? '' : textOf(cells[columns.trace]);
  return { code: code === '' ? 'step_failed' : code, message, ...(stack === '' ? {} : { stack }) };
}

function textOf(cell: Json | undefined): string {
  const value = decodeValue<Json>(cell);
  return value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
}
