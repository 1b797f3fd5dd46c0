/**
 * References to outputs of earlier steps, and inputs as they are stored.
 *
 * A reference is recognised by a symbol, never by its shape: data that comes from users may look like anything, and what
 * merely looks like a reference must stay data. So a stored input is a plain value plus a list of the places in it that
 * are filled when the step starts.
 */
import { type Json, type JsonObject, TroupeError } from '@troupe/protocol';

const REF = Symbol.for('troupe.ref');

declare const VALUE: unique symbol;

/** Stands for a value of that type that a step will have produced. One made by `ref('create.volumeId')` fits everywhere. */
export interface Ref<T = never> {
  readonly [REF]: string;
  /** Never there: carries the type. */
  readonly [VALUE]?: T;
}

/** A value of type `T` in which any part may be a reference. */
export type WithRefs<T> =
  | Ref<T>
  | (T extends string | number | boolean | null | undefined
      ? T
      : T extends readonly (infer Item)[]
        ? readonly WithRefs<Item>[]
        : T extends object
          ? { readonly [K in keyof T]: WithRefs<T[K]> }
          : T);

/**
 * The output of an earlier step, or a part of it: the step's id (or its `output` name), then a path into the value.
 * Resolved when the step that uses it starts; if it is not there, that step fails with `missing_output`.
 */
export function ref(path: string): Ref {
  if (typeof path !== 'string' || path === '') throw new TroupeError('invalid_plan', 'ref() needs the name of an output', { field: 'ref' });
  return { [REF]: path };
}

/** A reference to an output, and to any part of it by its name. */
export type Outputs<T> = Ref<T> &
  (NonNullable<T> extends readonly (infer Item)[]
    ? { readonly [index: number]: Outputs<Item> }
    : NonNullable<T> extends object
      ? { readonly [K in keyof NonNullable<T>]-?: Outputs<NonNullable<T>[K]> }
      : unknown);

/** What the type of a node says about its output; never there. */
declare const PUTS: unique symbol;

/** A node that puts something out. */
export interface Puts<T> {
  readonly id: string;
  readonly output?: string;
  readonly [PUTS]?: T;
}

/**
 * The output of a step or poll, typed by the contract of its task: what does not fit where it is used does not compile.
 *
 *     const create = step('create', createVolume, { size: 10 });
 *     poll('ready', pullVolume, { input: { id: outputOf(create).volumeId }, until: … })
 */
export function outputOf<T>(node: Puts<T>): Outputs<T> {
  const name: unknown = node?.output ?? node?.id;
  // a program without types may hand over the contract of the task, or a handle
  if (typeof name !== 'string')
    throw new TroupeError('invalid_plan', 'outputOf takes a node of the plan, as step(…) made it', { field: 'outputOf' });
  return partOf(name) as Outputs<T>;
}

function partOf(path: string): object {
  return new Proxy(
    { [REF]: path },
    { get: (target, name) => (typeof name === 'string' ? partOf(`${path}.${name}`) : target[name as typeof REF]) },
  );
}

export function isRef(value: unknown): value is Ref {
  return typeof value === 'object' && value !== null && REF in value;
}

/** An input at rest: `value` holds null where a reference is filled in. */
export interface StoredInput {
  readonly value: Json;
  readonly refs?: readonly StoredRef[];
}

export interface StoredRef {
  /** Where in the value. */
  readonly at: readonly (string | number)[];
  /** Name of the output. */
  readonly output: string;
  /** Where in the output. */
  readonly path: readonly string[];
}

const DEPTH_LIMIT = 32;

/** Takes the references out of an input. Throws `invalid_plan` for what JSON cannot hold. */
export function storeInput(input: unknown, field: string): StoredInput | undefined {
  if (input === undefined) return undefined;
  const refs: StoredRef[] = [];
  const value = strip(input, [], refs, field);
  return refs.length === 0 ? { value } : { value, refs };
}

function strip(value: unknown, at: readonly (string | number)[], refs: StoredRef[], field: string): Json {
  if (isRef(value)) {
    refs.push({ at, ...parseRef(value[REF]) });
    return null;
  }
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  const place = [field, ...at].join('.');
  if (typeof value !== 'object') throw new TroupeError('invalid_plan', `${place}: ${typeof value} is not JSON`, { field: place });
  if (at.length >= DEPTH_LIMIT) throw new TroupeError('invalid_plan', `${place}: nested deeper than ${DEPTH_LIMIT}`, { field: place });
  if (Array.isArray(value)) return value.map((item, i) => strip(item ?? null, [...at, i], refs, field));
  if (value instanceof Date) return value.toJSON();
  const out: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) if (item !== undefined) out[key] = strip(item, [...at, key], refs, field);
  return out;
}

export function parseRef(text: string): { output: string; path: string[] } {
  const [output = '', ...path] = text.split('.');
  return { output, path };
}

/** The input with its references filled in, or the text of the first one that leads nowhere. */
export function resolveInput(
  input: StoredInput | undefined,
  outputs: ReadonlyMap<string, Json>,
): { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly missing: string } {
  if (input === undefined) return { ok: true, value: null };
  if (input.refs === undefined) return { ok: true, value: input.value };
  let value = input.value;
  for (const one of input.refs) {
    const found = lookUp(outputs.get(one.output), one.path);
    if (found === undefined) return { ok: false, missing: [one.output, ...one.path].join('.') };
    value = put(value, one.at, found);
  }
  return { ok: true, value };
}

function lookUp(value: Json | undefined, path: readonly string[]): Json | undefined {
  let here = value;
  for (const part of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, part)) return undefined;
    here = (here as JsonObject)[part];
  }
  return here;
}

/** A copy with one place replaced; the stored plan is never written into. */
function put(value: Json, at: readonly (string | number)[], item: Json): Json {
  const [head, ...rest] = at;
  if (head === undefined) return item;
  if (Array.isArray(value)) {
    const copy = [...(value as readonly Json[])];
    copy[head as number] = put(copy[head as number] ?? null, rest, item);
    return copy;
  }
  const object = value as JsonObject;
  return { ...object, [head]: put(object[head] ?? null, rest, item) };
}
