/** A resource kind: its name, the words its backend uses for runtime states, and the shape of its data. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import {
  isLonger,
  type JsonObject,
  NAME_LIMIT_CHARS,
  type ResourcePatch,
  type ResourceRef,
  ID_LIMIT_CHARS,
  TroupeError,
} from '@troupe/protocol';
import { checkFields, RUNTIME_STATE_LIMIT_CHARS } from './limits.ts';
import { validateNow } from './validate.ts';

export interface KindOptions<Data extends JsonObject> {
  /** One name for ever: it stands in keys, subjects and commands. */
  readonly kind: string;
  /**
   * Every runtime state that the backend may report. Given one, a poll or guard that names another word is refused when
   * it is defined: waiting for "ERRED" where the backend says "ERROR" would wait for ever (S34). Absent = any text.
   */
  readonly runtimeStates?: readonly string[];
  /** Standard Schema of `data`; must validate synchronously. Absent = any JSON object. */
  readonly data?: StandardSchemaV1<unknown, Data>;
}

export interface ResourceKind<Data extends JsonObject = JsonObject> {
  readonly kind: string;
  readonly runtimeStates: ReadonlySet<string> | undefined;
  /** The reference of one resource. Throws `invalid_options` for an id that no command could carry. */
  ref(id: string): ResourceRef;
  /** The data of a new record, as the schema returns it. Throws `invalid_input` with the field. */
  parseData(value: unknown, at?: string): Data;
  /**
   * A patch that a handler returned, or throws `invalid_output`: text within its limits, and only data fields that the
   * schema declares with values that fit, given the data as it is now.
   */
  checkPatch(patch: ResourcePatch, data: JsonObject): ResourcePatch;
  /** Throws `invalid_options` if one of the runtime states is not in the vocabulary. */
  checkRuntimeStates(states: readonly string[], at: string): void;
}

/**
 * Defines a resource kind.
 *
 *     const Volume = defineKind({ kind: 'volume', runtimeStates: ['creating', 'available', 'error'], data: z.object({ size: z.number() }) });
 */
export function defineKind<Data extends JsonObject = JsonObject>(options: KindOptions<Data>): ResourceKind<Data> {
  const { kind, data: schema } = options;
  if (typeof kind !== 'string' || kind === '' || isLonger(kind, NAME_LIMIT_CHARS)) {
    throw new TroupeError('invalid_options', `kind must be text of 1 to ${NAME_LIMIT_CHARS} characters`, { field: 'kind' });
  }
  const runtimeStates = vocabulary(options.runtimeStates);
  return {
    kind,
    runtimeStates,
    ref(id) {
      if (id === '' || isLonger(id, ID_LIMIT_CHARS)) {
        throw new TroupeError('invalid_options', `an id of ${kind} must be text of 1 to ${ID_LIMIT_CHARS} characters`, { field: 'id' });
      }
      return { kind, id };
    },
    parseData(value, at = 'data') {
      if (schema !== undefined) return validateNow(schema, value, { at, code: 'invalid_input' });
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw new TroupeError('invalid_input', `${at} must be an object`, { field: at });
      }
      return value as Data;
    },
    checkPatch(patch, data) {
      checkFields(patch, 'patch', 'invalid_output');
      if (patch.data === undefined || schema === undefined) return patch;
      const whole = validateNow(schema, { ...data, ...patch.data }, { at: 'patch.data', code: 'invalid_output' });
      for (const name of Object.keys(patch.data)) {
        // a schema that drops what it does not know tells an undeclared field by leaving it out
        if (!Object.hasOwn(whole, name)) {
          throw new TroupeError('invalid_output', `${kind} declares no data field ${JSON.stringify(name)}`, {
            field: `patch.data.${name}`,
          });
        }
      }
      return { ...patch, data: Object.fromEntries(Object.keys(patch.data).map((name) => [name, whole[name]])) };
    },
    checkRuntimeStates(states, at) {
      if (runtimeStates === undefined) return;
      for (const state of states) {
        if (runtimeStates.has(state)) continue;
        const known = [...runtimeStates].join(', ');
        throw new TroupeError('invalid_options', `${at}: ${kind} has no runtime state ${JSON.stringify(state)}, only ${known}`, {
          field: at,
        });
      }
    },
  };
}

function vocabulary(words: readonly string[] | undefined): ReadonlySet<string> | undefined {
  if (words === undefined) return undefined;
  for (const [i, word] of words.entries()) {
    if (word === '' || isLonger(word, RUNTIME_STATE_LIMIT_CHARS)) {
      const field = `runtimeStates.${i}`;
      throw new TroupeError('invalid_options', `${field} must be text of 1 to ${RUNTIME_STATE_LIMIT_CHARS} characters`, { field });
    }
  }
  return new Set(words);
}

/** Kinds by name; two of one name are refused. */
export function kindsByName(kinds: Iterable<ResourceKind>): ReadonlyMap<string, ResourceKind> {
  const out = new Map<string, ResourceKind>();
  for (const kind of kinds) {
    if (out.has(kind.kind) && out.get(kind.kind) !== kind) {
      throw new TroupeError('duplicate_name', `two resource kinds are called ${JSON.stringify(kind.kind)}`, { field: kind.kind });
    }
    out.set(kind.kind, kind);
  }
  return out;
}
