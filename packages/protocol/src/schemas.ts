/**
 * JSON Schemas (draft 2020-12) of what travels, for senders and readers in any language. Each stands alone: what it
 * refers to is in its own `$defs`. A test holds them against the parse functions in both directions, field by field.
 * Fields that are not named here may occur and mean nothing yet; only the options of a command are closed.
 */
import { conflictPolicies, ID_LIMIT_CHARS, INBOX_PATTERN, NAME_LIMIT_CHARS, TIME_PATTERN } from './parse.ts';
import { operationStatuses, outcomes } from './parse-reports.ts';
import {
  anyText,
  anything,
  boolean,
  described,
  document,
  integer,
  type JsonSchema,
  number,
  object,
  oneOf,
  text,
  version,
} from './schema-parts.ts';
import { queueClasses } from './subjects.ts';

const definitions = {
  error: object(
    {
      code: described('One of docs/errors.md, or a code of the handler.', text()),
      message: anyText,
      retryable: boolean,
      field: described('Path of the field that is wrong, such as input.size.', anyText),
      data: anything,
      stack: anyText,
      userMessage: described('For whoever ordered the operation; message is for operators.', anyText),
      cause: { $ref: '#/$defs/error' },
    },
    ['code', 'message'],
  ),
  address: described('An entity: kind and key.', object({ kind: text(), key: anyText }, ['kind', 'key'])),
  resource: object({ kind: text(ID_LIMIT_CHARS), id: text(ID_LIMIT_CHARS) }, ['kind', 'id']),
  patch: described(
    'What a handler changes on the resource besides its outputs.',
    object({ runtimeState: anyText, backendId: anyText, data: { type: 'object' } }, []),
  ),
  outcome: {
    oneOf: [
      object({ kind: { const: 'succeeded' }, output: anything, patch: { $ref: '#/$defs/patch' } }, ['kind']),
      object({ kind: { const: 'failed' }, error: { $ref: '#/$defs/error' }, retryAfterMs: number(0), userMessage: anyText }, [
        'kind',
        'error',
      ]),
      described(
        'The effect may have happened and may not be repeated: only reconcile can tell.',
        object({ kind: { const: 'unknown' }, error: { $ref: '#/$defs/error' } }, ['kind', 'error']),
      ),
      object({ kind: { const: 'cancelled' } }, ['kind']),
    ],
  },
  task: object(
    {
      v: version,
      id: described('Unique per attempt; of a task sent alone: its id, under which the result lies.', text(1_024)),
      task: text(1_024),
      input: anything,
      attempt: described('Counts from 1; a crash does not raise it.', integer(1)),
      attempts: integer(1),
      replyTo: described('The entity that waits for the outcome; absent for a task sent alone.', { $ref: '#/$defs/address' }),
      step: text(),
      token: described('Random per attempt; an outcome without it is refused.', text(1_024)),
      resource: { $ref: '#/$defs/resource' },
      fence: object({ epoch: integer(0), lease: integer(0) }, ['epoch']),
      idempotencyToken: described('The same for every attempt of a step.', text(1_024)),
      timeLimitMs: number(0),
      deadline: described('Epoch milliseconds, server time: not to be started later.', number()),
      orderedAt: described('Epoch milliseconds, server time.', number()),
      reconcile: boolean,
      resultTtlMs: number(0),
    },
    ['v', 'id', 'task', 'attempt', 'attempts', 'token', 'idempotencyToken', 'timeLimitMs', 'orderedAt'],
  ),
} satisfies Record<string, JsonSchema>;

const ref = (name: keyof typeof definitions): JsonSchema => ({ $ref: `#/$defs/${name}` });
const wire = (name: string, description: string, body: JsonSchema): JsonSchema => document(name, description, body, definitions);

/** On `ns.command.<executor>`. */
export const commandSchema: JsonSchema = wire('command', 'Asks for an operation. Published on ns.command.<executor>.', {
  ...object(
    {
      v: version,
      id: described('Chosen by the sender; the same id again is the same operation.', text(ID_LIMIT_CHARS)),
      executor: text(NAME_LIMIT_CHARS),
      resource: ref('resource'),
      resources: described('Taken all or none.', { type: 'array', items: ref('resource') }),
      input: anything,
      options: {
        ...object({ force: boolean, onConflict: oneOf(conflictPolicies), class: oneOf(queueClasses) }, []),
        additionalProperties: false,
      },
      createdAt: described('RFC 3339.', { type: 'string', format: 'date-time', pattern: TIME_PATTERN }),
      replyTo: described('Where answers go besides ns.answer.<id>.', { type: 'string', maxLength: 256, pattern: INBOX_PATTERN }),
    },
    ['v', 'id', 'executor', 'createdAt'],
  ),
  not: { required: ['resource', 'resources'] },
});

const answered = (answer: string, properties: Readonly<Record<string, JsonSchema>>, required: readonly string[]): JsonSchema =>
  object({ v: version, operation: text(), answer: { const: answer }, ...properties }, ['v', 'operation', 'answer', ...required]);

/** On `ns.answer.<operation>` and on the `replyTo` of its command. */
export const answerSchema: JsonSchema = wire('answer', 'The answer to a command, and later the end of its operation.', {
  oneOf: [
    answered('accepted', {}, []),
    answered('queued', { behind: text() }, ['behind']),
    answered('duplicate', { status: oneOf(operationStatuses), outcome: oneOf(outcomes), output: anything, error: ref('error') }, [
      'status',
    ]),
    answered('rejected', { operation: described('Empty when the command could not be read.', anyText), error: ref('error') }, ['error']),
    answered('ended', { outcome: oneOf(outcomes), output: anything, error: ref('error') }, ['outcome']),
  ],
});

/** In a mailbox: `ns.mail.…` and `ns.due.…`. */
export const mailSchema: JsonSchema = wire(
  'mail',
  'A message to an entity. Published on ns.mail.<kind>.<key>.<from>.',
  object(
    {
      v: version,
      id: described('Unique; the effect id where an entity sent it.', text(512)),
      type: text(128),
      body: anything,
      from: ref('address'),
      timer: text(),
      tries: integer(0),
      sender: text(),
    },
    ['v', 'id', 'type'],
  ),
);

/** On `ns.task.<class>.<pool>.<name>`. */
export const taskSchema: JsonSchema = wire('task', 'One attempt of one step, or a task sent alone.', definitions.task);

/** Body of the mail `task.ended`. */
export const taskEndedSchema: JsonSchema = wire(
  'task-ended',
  'Body of the mail task.ended: how an attempt ended.',
  object(
    {
      step: text(),
      attempt: integer(1),
      token: text(),
      outcome: ref('outcome'),
      worker: text(),
      startedAt: number(),
      endedAt: number(),
      message: described(
        'Of a task sent alone that failed: the message, so that it can be sent again.',
        object({ subject: text(), body: ref('task') }, ['subject', 'body']),
      ),
    },
    ['attempt', 'token', 'outcome', 'worker', 'startedAt', 'endedAt'],
  ),
);

/** On `ns.event.<topic>` and its live copies. */
export const eventSchema: JsonSchema = wire(
  'event',
  'Something that happened. On ns.event.<topic>; live copies on ns.live.<topic>.',
  object({ v: version, id: text(), topic: { type: 'array', items: anyText, minItems: 1 }, at: number(), body: anything }, [
    'v',
    'id',
    'topic',
    'at',
  ]),
);

/** On `ns.dead.<origin>`. */
export const deadLetterSchema: JsonSchema = wire(
  'dead-letter',
  'What could not be handled, with all that is needed to send it again.',
  object(
    {
      v: version,
      reason: text(),
      error: ref('error'),
      attempts: integer(0),
      subject: text(),
      headers: { type: 'object', additionalProperties: anyText },
      body: anyText,
      encoding: { const: 'base64' },
      omittedBytes: integer(0),
      at: number(),
    },
    ['v', 'reason', 'error', 'attempts', 'subject', 'headers', 'body', 'at'],
  ),
);

/** On `ns.result.<id>`. */
export const taskResultSchema: JsonSchema = wire(
  'task-result',
  'The result of a task that was sent alone.',
  object({ v: version, id: text(), task: text(), attempt: integer(1), outcome: ref('outcome'), endedAt: number() }, [
    'v',
    'id',
    'task',
    'attempt',
    'outcome',
    'endedAt',
  ]),
);

/** All of them, by the name in their `$id`. */
export const wireSchemas: Readonly<Record<string, JsonSchema>> = {
  command: commandSchema,
  answer: answerSchema,
  mail: mailSchema,
  task: taskSchema,
  'task-ended': taskEndedSchema,
  event: eventSchema,
  'dead-letter': deadLetterSchema,
  'task-result': taskResultSchema,
};
