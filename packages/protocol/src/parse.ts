/** Reads what came over the wire. Every refusal is a typed error that names the field. */
import { TroupeError } from './errors.ts';
import type { Json } from './json.ts';
import { type Command, type CommandOptions, type Mail, type ResourceRef, type TaskMessage, WIRE_VERSION } from './messages.ts';
import { queueClasses } from './subjects.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Limits of the front door, in characters. */
export const ID_LIMIT_CHARS = 128;
export const NAME_LIMIT_CHARS = 128;

type Fields = Record<string, unknown>;

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
    });
  }
  if (fields['v'] !== WIRE_VERSION) throw wrong(what, 'v', `must be ${WIRE_VERSION}`);
  return fields;
}

export function parseCommand(data: Uint8Array): Command {
  const f = decodeObject(data, 'command');
  const createdAt = text(f, 'createdAt', 64, 'command');
  if (Number.isNaN(Date.parse(createdAt))) throw wrong('command', 'createdAt', 'must be a time in RFC 3339');
  const replyTo = f['replyTo'] === undefined ? undefined : text(f, 'replyTo', 256, 'command');
  if (replyTo !== undefined && !isInbox(replyTo)) throw wrong('command', 'replyTo', 'must be a literal subject below _INBOX.');
  if (f['resource'] !== undefined && f['resources'] !== undefined) throw wrong('command', 'resources', 'excludes resource');
  const options = f['options'] === undefined ? undefined : parseOptions(f['options']);
  const resources = f['resources'];
  if (resources !== undefined && !Array.isArray(resources)) throw wrong('command', 'resources', 'must be an array');
  return {
    v: 1,
    id: text(f, 'id', ID_LIMIT_CHARS, 'command'),
    executor: text(f, 'executor', NAME_LIMIT_CHARS, 'command'),
    createdAt,
    input: (f['input'] ?? null) as Json,
    ...(f['resource'] === undefined ? {} : { resource: parseRef(f['resource'], 'resource') }),
    ...(resources === undefined ? {} : { resources: resources.map((r, i) => parseRef(r, `resources.${i}`)) }),
    ...(options === undefined ? {} : { options }),
    ...(replyTo === undefined ? {} : { replyTo }),
  };
}

export function isInbox(subject: string): boolean {
  return subject.startsWith('_INBOX') && /^_INBOX[A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)+$/.test(subject);
}

function parseOptions(value: unknown): CommandOptions {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('command', 'options', 'must be an object');
  const o = value as Fields;
  for (const name of Object.keys(o)) {
    // an option nobody reads is a mistake of the sender, and silence would hide it (S16)
    if (!['force', 'onConflict', 'class'].includes(name)) throw wrong('command', `options.${name}`, 'is not known');
  }
  if (o['force'] !== undefined && typeof o['force'] !== 'boolean') throw wrong('command', 'options.force', 'must be a boolean');
  if (o['onConflict'] !== undefined && o['onConflict'] !== 'reject' && o['onConflict'] !== 'queue') {
    throw wrong('command', 'options.onConflict', 'must be reject or queue');
  }
  if (o['class'] !== undefined && !queueClasses.some((c) => c === o['class'])) {
    throw wrong('command', 'options.class', `must be one of ${queueClasses.join(', ')}`);
  }
  return o as CommandOptions;
}

function parseRef(value: unknown, field: string): ResourceRef {
  if (typeof value !== 'object' || value === null) throw wrong('command', field, 'must be an object {kind, id}');
  const r = value as Fields;
  for (const part of ['kind', 'id']) {
    const v = r[part];
    if (typeof v !== 'string' || v === '' || v.length > ID_LIMIT_CHARS) {
      throw wrong('command', `${field}.${part}`, `must be text of 1 to ${ID_LIMIT_CHARS} characters`);
    }
  }
  return { kind: r['kind'] as string, id: r['id'] as string };
}

export function parseMail(data: Uint8Array): Mail {
  const f = decodeObject(data, 'mail');
  text(f, 'id', 512, 'mail');
  text(f, 'type', 128, 'mail');
  return { ...f, body: f['body'] ?? null } as unknown as Mail;
}

export function parseTask(data: Uint8Array): TaskMessage {
  const f = decodeObject(data, 'task');
  for (const name of ['id', 'task', 'token', 'idempotencyToken']) text(f, name, 1_024, 'task');
  for (const name of ['attempt', 'attempts', 'timeLimitMs', 'orderedAt']) {
    if (typeof f[name] !== 'number' || !Number.isFinite(f[name])) throw wrong('task', name, 'must be a number');
  }
  return { ...f, input: f['input'] ?? null } as unknown as TaskMessage;
}

function text(f: Fields, name: string, limit: number, what: string): string {
  const value = f[name];
  if (typeof value !== 'string' || value === '' || value.length > limit) {
    throw wrong(what, name, `must be text of 1 to ${limit} characters`);
  }
  return value;
}

function wrong(what: string, field: string, rule: string): TroupeError {
  return new TroupeError('malformed', `${what}: ${field} ${rule}`, { field });
}
