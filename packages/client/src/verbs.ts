/** Verbs: durable, audited messages to entities. They are done when the entity has folded them, also if it is down now. */
import { asKind, asScope, asTokens, encodeJson, isKey, isTroupeError, TroupeError } from '@troupe/protocol';
import type { Address, Json, JsonObject } from '@troupe/protocol';
import { encodeMail } from '@troupe/jetstream/internal';
import { isDenied, unanswered, unknownOperation } from './errors.ts';
import { operationInfo, tombstoneInfo } from './operation-info.ts';
import type { Reader } from './reader.ts';
import type { Session } from './session.ts';
import { orAborted } from './waiting.ts';

export interface VerbOptions {
  /** Who wants it: kept with the operation. */
  readonly by?: string;
  /** The same id again is the same wish. Default: a random one. */
  readonly id?: string;
  readonly signal?: AbortSignal;
}

export interface ReasonedOptions extends VerbOptions {
  /** Kept with the operation. */
  readonly reason?: string;
}

export interface CancelOptions extends ReasonedOptions {
  /** False: what is undoable stays done. Default: it is taken back. */
  readonly compensate?: boolean;
}

export interface SkipOptions extends ReasonedOptions {
  /** What later steps find as the output of the one that is passed over. Default null. */
  readonly output?: Json;
}

export interface RetryOptions extends ReasonedOptions {
  /** Passes over this step, instead of running it again. */
  readonly skip?: string;
  /** The output of the step that is passed over. Default null. */
  readonly output?: Json;
}

export interface SignalOptions extends VerbOptions {
  /** At most 16 KB; the output of the wait. Default null. */
  readonly data?: Json;
}

type OperationVerb = 'cancel' | 'pause' | 'resume' | 'skip' | 'kill' | 'retry' | 'signal';

/** A verb to an operation. Throws `unknown_operation` where the user may read and there is none. */
export async function orderVerb(
  session: Session,
  reader: Reader,
  id: string,
  verb: OperationVerb,
  { id: message, signal, ...fields }: ReasonedOptions & { readonly [field: string]: unknown },
): Promise<void> {
  await mustExist(session, reader, id);
  const body = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as JsonObject;
  const options = { ...(message === undefined ? {} : { id: message }), ...(signal === undefined ? {} : { signal }) };
  await sendVerb(session, { kind: 'operation', key: id }, `verb.${verb}`, body, options);
}

/** Throws `invalid_options` naming the field. */
export function named(text: string, field: string): string {
  if (typeof text === 'string' && text !== '' && isKey(text)) return text;
  throw new TroupeError('invalid_options', `${field} must be text, and not too long for a subject`, { field });
}

/** A place of a throttle, checked here: an order that is none would be ignored there. Throws `invalid_options` naming the field. */
export function placed<T>(read: (what: string) => T): T {
  try {
    return read('throttle');
  } catch (cause) {
    if (!isTroupeError(cause) || cause.code !== 'malformed') throw cause;
    throw new TroupeError('invalid_options', cause.message, { field: cause.field ?? '', cause });
  }
}

/** Ends the quarantine of an entity. */
export function release(session: Session, of: Address, options: VerbOptions): Promise<void> {
  return sendVerb(session, of, 'verb.release', options.by === undefined ? {} : { by: options.by }, options);
}

export interface Limit {
  /** Path such as `provider-1/tenant-7`; its first segment names the throttle. */
  readonly scope: string;
  /** Kind of token, such as `instance`. */
  readonly kind: string;
  /** 0 pauses; null takes the override back. Below what is in use it only stops grants. */
  readonly limit: number | null;
}

export async function setLimit(session: Session, { scope, kind, limit }: Limit, options: VerbOptions): Promise<void> {
  placed((what) => {
    asScope(scope, what);
    asKind(kind, what);
    if (limit !== null) asTokens(limit, what, 'limit', 0);
  });
  await sendVerb(
    session,
    { kind: 'throttle', key: scope.split('/')[0]! },
    'setLimit',
    { scope, kind, limit, ...(options.by === undefined ? {} : { by: options.by }) },
    options,
  );
}

/** Resolves when the verb is stored. Throws `unanswered` when nobody can tell whether it is, `not_permitted`. */
export async function sendVerb(session: Session, to: Address, type: string, body: Json, { id, signal }: VerbOptions): Promise<void> {
  const message = id ?? session.settings.random.token();
  const mail = encodeMail({ id: `verb.${message}`, type, body });
  try {
    await orAborted(
      session.publish(session.subjects.mail(to, 'verb'), mail, { id: `verb.${encodeJson([to.kind, to.key])}.${message}` }),
      signal,
    );
  } catch (error) {
    if (isTroupeError(error) && error.code === 'unavailable' && !session.isStopped) throw unanswered(`the verb ${type} to`, to.key, error);
    throw error;
  }
}

/** A verb to nobody would be stored and mean nothing. A user who may not read must know for himself. */
async function mustExist(session: Session, reader: Reader, id: string): Promise<void> {
  if (!session.mayRead) return;
  const address = { kind: 'operation', key: id };
  try {
    const stored = await reader.root(address);
    const info = stored === undefined ? tombstoneInfo(id, await reader.tombstone(address)) : operationInfo(stored);
    if (info === undefined) throw unknownOperation(id);
  } catch (error) {
    if (!isDenied(error)) throw error;
    session.mayRead = false;
  }
}
