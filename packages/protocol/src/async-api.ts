/**
 * The wire as an AsyncAPI 3.0 document, from the view of a client: it sends commands and verbs, and receives the rest.
 * Made of the schemas and of the subjects; the committed file is written by `npm run wire`.
 */
import type { Json, JsonObject } from './json.ts';
import { deadLetterSchema, wireSchemas } from './schemas.ts';
import type { JsonSchema } from './schema-parts.ts';
import { operationRecordSchema, operationTombstoneSchema } from './record-schemas.ts';
import { queueClasses } from './subjects.ts';
import { throttleChannels, throttleMessages } from './throttle-channels.ts';
import { throttleSchemas } from './throttle-schemas.ts';
import { taskProgressSchema, verbSchemas } from './verb-schemas.ts';

/** Every schema of the wire by its name: messages, bodies of verbs and of what workers say, records as far as readers may rely on them. */
export const allSchemas: Readonly<Record<string, JsonSchema>> = {
  ...wireSchemas,
  'task-progress': taskProgressSchema,
  ...verbSchemas,
  ...throttleSchemas,
  'operation-record': operationRecordSchema,
  'operation-tombstone': operationTombstoneSchema,
};

const schemaRef = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` });

/** Definitions of all schemas side by side: what was `#/$defs/x` in one file is a schema of the document. */
function components(): Record<string, Json> {
  const out: Record<string, Json> = {};
  for (const [name, schema] of Object.entries(allSchemas)) {
    const { $schema: _dialect, $id: _id, $defs = {}, ...body } = schema;
    for (const [inner, definition] of Object.entries($defs as JsonObject)) out[inner] ??= lifted(definition!);
    out[name] = lifted(body);
  }
  return out;
}

const lifted = (schema: Json): Json => JSON.parse(JSON.stringify(schema).replaceAll('#/$defs/', '#/components/schemas/')) as Json;

const traced: JsonObject = {
  type: 'object',
  properties: {
    traceparent: { type: 'string', description: 'W3C trace context; forwarded to everything that the message causes.' },
    'Nats-Msg-Id': { type: 'string', description: 'The same id again within the window of the stream is stored once.' },
  },
  patternProperties: { '^Troupe-Context-': { type: 'string', description: 'Copied to every message that it causes; authorises nothing.' } },
};
const commandHeaders: JsonObject = {
  ...traced,
  properties: {
    ...(traced['properties'] as JsonObject),
    'Troupe-Reply-To': { type: 'string', description: 'Where the refusal of a command goes whose body cannot be read; below _INBOX.' },
  },
};

const message = (name: string, payload: JsonObject, headers: JsonObject = traced): JsonObject => ({
  name,
  contentType: 'application/json',
  headers,
  payload,
});

/** Mail of one type: the envelope, and the body that the type has. */
const mail = (type: string, body: string): JsonObject =>
  message(type, {
    allOf: [
      schemaRef('mail'),
      { type: 'object', properties: { type: { const: type }, body: schemaRef(body) }, required: ['type', 'body'] },
    ],
  });

const messages: Readonly<Record<string, JsonObject>> = {
  command: message('command', schemaRef('command'), commandHeaders),
  answer: message('answer', schemaRef('answer')),
  event: message('event', schemaRef('event')),
  ...Object.fromEntries(Object.keys(verbSchemas).map((type) => [type, mail(type, type)])),
  task: message('task', schemaRef('task')),
  'task.ended': mail('task.ended', 'task-ended'),
  'task.progress': mail('task.progress', 'task-progress'),
  result: message('result', schemaRef('task-result')),
  deadLetter: message('deadLetter', schemaRef('dead-letter')),
  operationRecord: message('operationRecord', schemaRef('operation-record')),
  operationTombstone: message('operationTombstone', schemaRef('operation-tombstone')),
  ...Object.fromEntries(Object.entries(throttleMessages).map(([name, schema]) => [name, message(name, schemaRef(schema))])),
};

interface Channel {
  /** Behind the namespace; `{x}` is one word, encoded as `encodeToken` does, unless its description says words. Null: the caller names it. */
  readonly subject: string | null;
  readonly parameters: Readonly<Record<string, string | { readonly description: string; readonly enum: readonly string[] }>>;
  readonly messages: readonly string[];
  readonly description: string;
  readonly action: 'send' | 'receive';
}

/** By the name of the channel. */
export const channels: Readonly<Record<string, Channel>> = {
  command: {
    subject: 'command.{executor}',
    parameters: { executor: 'Name of the executor.' },
    messages: ['command'],
    description:
      'The front door. Stored in COMMANDS, which refuses its senders when it is full; a publish with a reply subject is confirmed.',
    action: 'send',
  },
  answer: {
    subject: 'answer.{operation}',
    parameters: { operation: 'Id of the command.' },
    messages: ['answer'],
    description: 'Not stored: first the answer to the command, later the end. Who missed it sends the same command again.',
    action: 'receive',
  },
  reply: {
    subject: null,
    parameters: {},
    messages: ['answer'],
    description:
      'The replyTo of a command, below _INBOX., or the header Troupe-Reply-To where its body could not be read: the same answers.',
    action: 'receive',
  },
  live: {
    subject: 'live.{topic}',
    parameters: { topic: 'The words of the topic, such as operation.<executor>.<id>.ended.' },
    messages: ['event'],
    description: 'Events as they happen.',
    action: 'receive',
  },
  event: {
    subject: 'event.{topic}',
    parameters: { topic: 'The words of the topic.' },
    messages: ['event'],
    description: 'The same events, stored in EVENTS.',
    action: 'receive',
  },
  verb: {
    subject: 'mail.{kind}.{key}.verb',
    parameters: {
      kind: { description: 'Kind of entity.', enum: ['operation', 'throttle', 'task', 'schedule'] },
      key: 'Id of the operation, first part of a scope, id of a task, key of a schedule.',
    },
    messages: Object.keys(verbSchemas),
    description: 'What people do. Stored in MAIL; the id of the mail makes a second time harmless.',
    action: 'send',
  },
  task: {
    subject: 'task.{class}.{pool}.{task}',
    parameters: { class: { description: 'Queue class.', enum: queueClasses }, pool: 'Pool of workers.', task: 'Name of the task.' },
    messages: ['task'],
    description: 'One attempt of a step, or a task sent alone, which needs a right of its own. Stored in TASKS until it is acknowledged.',
    action: 'send',
  },
  outcome: {
    subject: 'mail.{kind}.{key}.task-{pool}',
    parameters: { kind: 'The kind in replyTo of the task.', key: 'The key in replyTo.', pool: 'Pool of the worker.' },
    messages: ['task.ended', 'task.progress'],
    description: 'What a worker says of an attempt. Believed only with the token of the attempt, and from the pool of its task.',
    action: 'send',
  },
  result: {
    subject: 'result.{id}',
    parameters: { id: 'Id of the task.' },
    messages: ['result'],
    description: 'The result of a task sent alone, stored in RESULTS for as long as its message says.',
    action: 'receive',
  },
  dead: {
    subject: 'dead.{origin}',
    parameters: { origin: 'One or more words: where it comes from.' },
    messages: ['deadLetter'],
    description: deadLetterSchema['description'] as string,
    action: 'receive',
  },
  record: {
    subject: 'state.operation.{operation}',
    parameters: { operation: 'Id of the operation.' },
    messages: ['operationRecord'],
    description: 'Read as the last message of its subject in STATE: $JS.API.DIRECT.GET.<ns>_STATE.<subject>.',
    action: 'receive',
  },
  tombstone: {
    subject: 'tomb.operation.{operation}',
    parameters: { operation: 'Id of the operation.' },
    messages: ['operationTombstone'],
    description: 'Read in the same way where there is no record any more.',
    action: 'receive',
  },
  ...throttleChannels,
};

function channel(ns: string, { subject, parameters, messages: names, description }: Channel): JsonObject {
  return {
    address: subject === null ? null : `${ns}.${subject}`,
    description,
    parameters: Object.fromEntries(
      Object.entries(parameters).map(([name, is]) => [name, typeof is === 'string' ? { description: is } : is]),
    ),
    messages: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }])),
  };
}

/** `location`: where the sender names the place; without it the reply subject of the message is that. */
const replyOn = (on: string, heard: string, location?: string): JsonObject => ({
  ...(location === undefined ? {} : { address: { location } }),
  channel: { $ref: `#/channels/${on}` },
  messages: [{ $ref: `#/channels/${on}/messages/${heard}` }],
});

/** The document for one namespace. */
export function asyncApi(ns = 'troupe'): JsonObject {
  const operations = Object.entries(channels).map(([name, { action, messages: names }]) => [
    `${action}.${name}`,
    {
      action,
      channel: { $ref: `#/channels/${name}` },
      messages: names.map((one) => ({ $ref: `#/channels/${name}/messages/${one}` })),
      ...(name === 'command' ? { reply: replyOn('reply', 'answer', '$message.payload#/replyTo') } : {}),
      ...(name in throttleChannels && action === 'send' ? { reply: replyOn('throttleReply', 'throttleAnswer') } : {}),
    },
  ]);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Troupe',
      version: '1',
      description:
        'Commands, answers, events, verbs, tasks and dead letters of Troupe on NATS. Version 1 of the wire. See docs/open-wire.md.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(Object.entries(channels).map(([name, one]) => [name, channel(ns, one)])),
    operations: Object.fromEntries(operations) as JsonObject,
    components: { messages: messages as JsonObject, schemas: components() },
  };
}
