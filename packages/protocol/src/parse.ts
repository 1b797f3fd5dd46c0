/**
 * Reads what comes to hosts, workers and the front door. Every refusal is a typed error that names the field.
 * Fields that are not known are left alone: a newer sender of the same version may add some.
 */
import { TroupeError } from './errors.ts';
import { asAnyText, asBoolean, asInteger, asNumber, asObject, asOneOf, asText, type Fields, wrong } from './fields.ts';
import type { Json } from './json.ts';
import { type Command, type CommandOptions, type Mail, type ResourceRef, type TaskMessage, WIRE_VERSION } from './messages.ts';
import { type Address, queueClasses } from './subjects.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Limits of the front door, in characters (code points). */
export const ID_LIMIT_CHARS = 128;
export const NAME_LIMIT_CHARS = 128;
const MAIL_ID_LIMIT_CHARS = 512;
const TASK_ID_LIMIT_CHARS = 1_024;
const TYPE_LIMIT_CHARS = 128;
const REPLY_TO_LIMIT_CHARS = 256;

export const conflictPolicies = ['reject', 'queue'] as const;
/** Only what RFC 3339 calls a date-time; a leap second is refused, as nothing here could sort it. */
export const TIME_PATTERN =
  '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d+)?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)$';
export const INBOX_PATTERN = '^_INBOX[A-Za-z0-9_-]*(\\.[A-Za-z0-9_-]+)+$';
const TIME = new RegExp(TIME_PATTERN);
const INBOX = new RegExp(INBOX_PATTERN);

/** Decodes a payload as JSON of version 1. */
export function decodeObject(data: Uint8Array, what: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(data));
  } catch (cause) {
    throw new TroupeError('malformed', `${what} is not JSON in UTF-8`, { field: '', cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TroupeError('malformed', `${what} must be a JSON object`, { field: '' });
  }
  const fields = value as Fields;
  if (typeof fields['v'] === 'number' && fields['v'] > WIRE_VERSION) {
    throw new TroupeError('unsupported_version', `${what} has version ${fields['v']}, this receiver reads ${WIRE_VERSION}`, {
      field: 'v',
      retryable: true,
      data: { version: fields['v'], reads: WIRE_VERSION },
    });
  }
  if (fields['v'] !== WIRE_VERSION) throw wrong(what, 'v', `must be ${WIRE_VERSION}`);
  return fields;
}

/** Whether a subject is one that a caller may name for answers: literal, below an inbox prefix, and of 256 characters at the most. */
export function isInbox(subject: string): boolean {
  return subject.length <= REPLY_TO_LIMIT_CHARS && INBOX.test(subject);
}

/** Reads a command. Throws `malformed` or `unsupported_version`. */
export function parseCommand(data: Uint8Array): Command {
  const f = decodeObject(data, 'command');
  const id = asText(f['id'], 'command', 'id', ID_LIMIT_CHARS);
  const executor = asText(f['executor'], 'command', 'executor', NAME_LIMIT_CHARS);
  const createdAt = asAnyText(f['createdAt'], 'command', 'createdAt');
  if (!TIME.test(createdAt)) throw wrong('command', 'createdAt', 'must be a time in RFC 3339');
  const replyTo = f['replyTo'] === undefined ? undefined : asText(f['replyTo'], 'command', 'replyTo', REPLY_TO_LIMIT_CHARS);
  if (replyTo !== undefined && !isInbox(replyTo)) throw wrong('command', 'replyTo', 'must be a literal subject below _INBOX.');
  const resource = f['resource'] === undefined ? undefined : parseRef(f['resource'], 'command', 'resource');
  const resources = f['resources'];
  if (resources !== undefined && !Array.isArray(resources)) throw wrong('command', 'resources', 'must be an array');
  if (resource !== undefined && resources !== undefined) throw wrong('command', 'resources', 'excludes resource');
  const options = f['options'] === undefined ? undefined : parseOptions(f['options']);
  return {
    v: 1,
    id,
    executor,
    createdAt,
    input: (f['input'] ?? null) as Json,
    ...(resource === undefined ? {} : { resource }),
    ...(resources === undefined ? {} : { resources: resources.map((r, i) => parseRef(r, 'command', `resources.${i}`)) }),
    ...(options === undefined ? {} : { options }),
    ...(replyTo === undefined ? {} : { replyTo }),
  };
}

function parseOptions(value: unknown): CommandOptions {
  const o = asObject(value, 'command', 'options');
  for (const name of Object.keys(o)) {
    // an option nobody reads is a mistake of the sender, and silence would hide it (S16)
    if (!['force', 'onConflict', 'class'].includes(name)) throw wrong('command', `options.${name}`, 'is not known');
  }
  if (o['force'] !== undefined) asBoolean(o['force'], 'command', 'options.force');
  if (o['onConflict'] !== undefined) asOneOf(o['onConflict'], conflictPolicies, 'command', 'options.onConflict');
  if (o['class'] !== undefined) asOneOf(o['class'], queueClasses, 'command', 'options.class');
  return o as CommandOptions;
}

function parseRef(value: unknown, what: string, field: string): ResourceRef {
  const r = asObject(value, what, field);
  return {
    kind: asText(r['kind'], what, `${field}.kind`, ID_LIMIT_CHARS),
    id: asText(r['id'], what, `${field}.id`, ID_LIMIT_CHARS),
  };
}

/** Reads mail. Throws `malformed` or `unsupported_version`. What the body holds is for the entity to judge. */
export function parseMail(data: Uint8Array): Mail {
  const f = decodeObject(data, 'mail');
  asText(f['id'], 'mail', 'id', MAIL_ID_LIMIT_CHARS);
  asText(f['type'], 'mail', 'type', TYPE_LIMIT_CHARS);
  if (f['from'] !== undefined) checkAddress(f['from'], 'mail', 'from');
  if (f['timer'] !== undefined) asText(f['timer'], 'mail', 'timer');
  if (f['tries'] !== undefined) asInteger(f['tries'], 'mail', 'tries', 0);
  if (f['sender'] !== undefined) asText(f['sender'], 'mail', 'sender');
  return { ...f, body: f['body'] ?? null } as unknown as Mail;
}

/** Reads a task message. Throws `malformed` or `unsupported_version`. */
export function parseTask(data: Uint8Array): TaskMessage {
  return checkTask(decodeObject(data, 'task'), 'task', '');
}

/** `at` is the path of the message within what holds it, with a dot behind, or empty. */
export function checkTask(f: Fields, what: string, at: string): TaskMessage {
  asText(f['id'], what, `${at}id`, TASK_ID_LIMIT_CHARS);
  asText(f['task'], what, `${at}task`, TASK_ID_LIMIT_CHARS);
  asText(f['token'], what, `${at}token`, TASK_ID_LIMIT_CHARS);
  asText(f['idempotencyToken'], what, `${at}idempotencyToken`, TASK_ID_LIMIT_CHARS);
  asInteger(f['attempt'], what, `${at}attempt`, 1);
  asInteger(f['attempts'], what, `${at}attempts`, 1);
  asNumber(f['timeLimitMs'], what, `${at}timeLimitMs`, 0);
  asNumber(f['orderedAt'], what, `${at}orderedAt`);
  if (f['replyTo'] !== undefined) checkAddress(f['replyTo'], what, `${at}replyTo`);
  if (f['step'] !== undefined) asText(f['step'], what, `${at}step`);
  if (f['resource'] !== undefined) parseRef(f['resource'], what, `${at}resource`);
  if (f['fence'] !== undefined) {
    const fence = asObject(f['fence'], what, `${at}fence`);
    asInteger(fence['epoch'], what, `${at}fence.epoch`, 0);
    if (fence['lease'] !== undefined) asInteger(fence['lease'], what, `${at}fence.lease`, 0);
  }
  if (f['deadline'] !== undefined) asNumber(f['deadline'], what, `${at}deadline`);
  if (f['reconcile'] !== undefined) asBoolean(f['reconcile'], what, `${at}reconcile`);
  if (f['resultTtlMs'] !== undefined) asNumber(f['resultTtlMs'], what, `${at}resultTtlMs`, 0);
  return { ...f, input: f['input'] ?? null } as unknown as TaskMessage;
}

function checkAddress(value: unknown, what: string, field: string): Address {
  const a = asObject(value, what, field);
  asText(a['kind'], what, `${field}.kind`);
  asAnyText(a['key'], what, `${field}.key`);
  return a as unknown as Address;
}
