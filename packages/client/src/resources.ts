/** Resources that lie in JetStream: shown to whoever may read, registered by the program that owns the list of them. */
import type { ResourceRecord, ResourceStore } from '@troupe/actor';
import { createKvResourceStore } from '@troupe/jetstream';
import { askApi } from '@troupe/jetstream/internal';
import { type JsonObject, type ResourceRef, TroupeError } from '@troupe/protocol';
import { insertWrite } from '@troupe/resource';
import { isDenied, notPermitted, readError } from './errors.ts';
import type { Session } from './session.ts';

export interface RegisterOptions {
  /** `CREATION_SCHEDULED`: an operation of family `create` makes it. `OK`: it is on the backend already. Default the first. */
  readonly state?: 'CREATION_SCHEDULED' | 'OK';
  /** Its name on the backend; at most 255 characters. */
  readonly backendId?: string;
  /** What the backend says of it; at most 150 characters. */
  readonly runtimeState?: string;
  readonly data?: JsonObject;
}

export interface Registered {
  readonly record: ResourceRecord;
  /** It was there before, and was left as it is. */
  readonly already: boolean;
}

const STATES = ['CREATION_SCHEDULED', 'OK'] as const;
const TIMEOUT_MS = 5_000;

export async function getResource(session: Session, ref: ResourceRef): Promise<ResourceRecord | undefined> {
  const store = await storeOf(session);
  try {
    return await store.get(ref);
  } catch (error) {
    throw readError(error, `${ref.kind} ${ref.id}`);
  }
}

export async function* listResources(session: Session, kind?: string): AsyncGenerator<ResourceRecord> {
  const store = await storeOf(session);
  try {
    yield* store.list(kind);
  } catch (error) {
    throw readError(error, kind === undefined ? 'resources' : `resources of kind ${kind}`);
  }
}

export async function registerResource(session: Session, ref: ResourceRef, options: RegisterOptions = {}): Promise<Registered> {
  for (const field of ['kind', 'id'] as const)
    if (typeof ref?.[field] !== 'string' || ref[field] === '') throw wrong(field, 'must be text');
  const { data = {}, ...fields } = options;
  if (fields.state !== undefined && !STATES.includes(fields.state)) throw wrong('state', `must be ${STATES.join(' or ')}`);
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw wrong('data', 'must be an object');
  const write = insertWrite({ kind: ref.kind, id: ref.id }, data, fields);
  const store = await storeOf(session);
  let outcome: Awaited<ReturnType<ResourceStore['write']>>;
  try {
    outcome = await store.write(write, { turn: await turnNow(session), effect: `register.${session.settings.random.token()}` });
  } catch (error) {
    throw isDenied(error) ? notPermitted('write resources', error) : error;
  }
  const { record } = outcome;
  if (outcome.ok ? record === undefined : outcome.reason !== 'exists' || record === undefined)
    throw new TroupeError('conflict', `${ref.kind}/${ref.id} is not registered: ${outcome.ok ? 'removed' : outcome.reason}`, {
      field: 'id',
    });
  return { record: record!, already: !outcome.ok };
}

/**
 * Writes are ordered by the turns of operations, and one that is older than what a removed resource remembers is taken for its ghost. Whoever
 * writes outside of turns writes now: after all that is stored.
 */
async function turnNow(session: Session): Promise<number> {
  const { nc } = await session.ready();
  const answer = await askApi(nc, `$JS.API.STREAM.INFO.${session.subjects.streams.state}`, '', TIMEOUT_MS);
  const { state, error } = answer.json<{ state?: { last_seq: number }; error?: { description: string } }>();
  if (state === undefined) throw readError(new Error(error?.description ?? 'no answer'), 'STATE');
  return state.last_seq;
}

async function storeOf(session: Session): Promise<ResourceStore> {
  const { nc, publisher } = await session.ready();
  const now = await session.now();
  return createKvResourceStore({ nc, publisher, subjects: session.subjects, serverNow: () => now });
}

function wrong(field: string, rule: string): TroupeError {
  return new TroupeError('invalid_options', `${field} ${rule}`, { field });
}
