/** Valid messages of every shape for property tests, and the parse function and schema that judge each. */
import {
  type Answer,
  answerSchema,
  type Command,
  commandSchema,
  type DeadLetter,
  deadLetterSchema,
  type EventMessage,
  eventSchema,
  type Json,
  type JsonSchema,
  type Mail,
  mailSchema,
  parseAnswer,
  parseCommand,
  parseDeadLetter,
  parseEvent,
  parseMail,
  parseTask,
  parseTaskEnded,
  parseTaskResult,
  queueClasses,
  type TaskEnded,
  taskEndedSchema,
  type TaskMessage,
  type TaskOutcome,
  type TaskResult,
  taskResultSchema,
  taskSchema,
  type WireError,
} from '@troupe/protocol';
import fc from 'fast-check';

const text = (maxLength = 20): fc.Arbitrary<string> => fc.string({ unit: 'binary', minLength: 1, maxLength });
const anyText = fc.string({ unit: 'grapheme', maxLength: 20 });
const json = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>;
const jsonObject = fc.dictionary(fc.string(), json, { maxKeys: 3 }) as fc.Arbitrary<Record<string, Json>>;
const time = fc.integer({ min: 0, max: 4e12 });
const some = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }, required: (keyof T)[]): fc.Arbitrary<T> =>
  fc.record(model, { requiredKeys: required as never }) as unknown as fc.Arbitrary<T>;
const v = fc.constant(1 as const);
const ref = fc.record({ kind: text(), id: text() });
const address = fc.record({ kind: text(), key: anyText });

const error: fc.Arbitrary<WireError> = fc.letrec<{ error: WireError }>((tie) => ({
  error: some<WireError>(
    {
      code: fc.oneof(fc.constantFrom('conflict', 'internal'), text()),
      message: anyText,
      retryable: fc.boolean(),
      field: anyText,
      data: json as fc.Arbitrary<NonNullable<Json>>,
      stack: anyText,
      userMessage: anyText,
      cause: fc.oneof(
        { maxDepth: 2, depthIdentifier: 'cause' },
        fc.record({ code: text(), message: anyText }),
        tie('error'),
      ) as fc.Arbitrary<WireError>,
    } as never,
    ['code', 'message'],
  ),
})).error;

const outcome = fc.oneof(
  some<TaskOutcome & { kind: 'succeeded' }>(
    {
      kind: fc.constant('succeeded' as const),
      output: json,
      patch: some({ runtimeState: anyText, backendId: anyText, data: jsonObject }, []),
    } as never,
    ['kind'],
  ),
  some<TaskOutcome & { kind: 'failed' }>(
    { kind: fc.constant('failed' as const), error, retryAfterMs: fc.nat(), userMessage: anyText } as never,
    ['kind', 'error'],
  ),
  fc.record({ kind: fc.constant('unknown' as const), error }),
  fc.record({ kind: fc.constant('cancelled' as const) }),
) as fc.Arbitrary<TaskOutcome>;

const createdAt = fc
  .tuple(
    fc.date({ min: new Date('1971-01-01'), max: new Date('9998-12-31'), noInvalidDate: true }),
    fc.constantFrom('Z', '+02:00', '-00:30', '.5Z', '.123456789+05:45'),
  )
  .map(([date, end]) => date.toISOString().slice(0, 19) + end);

const replyTo = fc.constantFrom('_INBOX.abc', '_INBOX_producer.X-1.0_2');

const plainCommand = {
  v,
  id: text(),
  executor: text(),
  createdAt,
  input: json,
  options: some({ force: fc.boolean(), onConflict: fc.constantFrom('reject', 'queue'), class: fc.constantFrom(...queueClasses) }, []),
  replyTo,
};
export const command = fc.oneof(
  some(plainCommand as never, ['v', 'id', 'executor', 'createdAt'] as never),
  some({ ...plainCommand, resource: ref } as never, ['v', 'id', 'executor', 'createdAt', 'resource'] as never),
  some(
    { ...plainCommand, resources: fc.array(ref, { maxLength: 3 }) } as never,
    ['v', 'id', 'executor', 'createdAt', 'resources'] as never,
  ),
) as fc.Arbitrary<Command>;

const outcomeWord = fc.constantFrom('succeeded', 'failed', 'cancelled', 'superseded', 'aborted', 'rejected');
const status = fc.constantFrom('accepting', 'running', 'cancelling', 'paused', 'parked', 'ended');
const is = (answer: string): object => ({ v, operation: text(), answer: fc.constant(answer) });
export const answer = fc.oneof(
  some(is('accepted') as never, ['v', 'operation', 'answer'] as never),
  some({ ...is('queued'), behind: text() } as never, ['v', 'operation', 'answer', 'behind'] as never),
  some({ ...is('duplicate'), status, outcome: outcomeWord, output: json, error } as never, ['v', 'operation', 'answer', 'status'] as never),
  some({ ...is('rejected'), operation: anyText, error } as never, ['v', 'operation', 'answer', 'error'] as never),
  some({ ...is('ended'), outcome: outcomeWord, output: json, error } as never, ['v', 'operation', 'answer', 'outcome'] as never),
) as unknown as fc.Arbitrary<Answer>;

export const mail = some<Mail>(
  { v, id: text(), type: text(), body: json, from: address, timer: text(), tries: fc.nat(), sender: text() } as never,
  ['v', 'id', 'type'],
);

export const task = some<TaskMessage>(
  {
    v,
    id: text(),
    task: text(),
    input: json,
    attempt: fc.integer({ min: 1 }),
    attempts: fc.integer({ min: 1 }),
    replyTo: address,
    step: text(),
    token: text(),
    resource: ref,
    fence: some({ epoch: fc.nat(), lease: fc.nat() }, ['epoch']),
    idempotencyToken: text(),
    timeLimitMs: fc.nat(),
    deadline: time,
    orderedAt: time,
    reconcile: fc.boolean(),
    resultTtlMs: fc.nat(),
  } as never,
  ['v', 'id', 'task', 'attempt', 'attempts', 'token', 'idempotencyToken', 'timeLimitMs', 'orderedAt'],
);

export const taskEnded = some<TaskEnded>(
  {
    step: text(),
    attempt: fc.integer({ min: 1 }),
    token: text(),
    outcome,
    worker: text(),
    startedAt: time,
    endedAt: time,
    message: fc.record({ subject: text(), body: task }),
  } as never,
  ['attempt', 'token', 'outcome', 'worker', 'startedAt', 'endedAt'],
);

export const event = some<EventMessage>(
  { v, id: text(), topic: fc.array(anyText, { minLength: 1, maxLength: 4 }), at: time, body: json } as never,
  ['v', 'id', 'topic', 'at'],
);

export const deadLetter = some<DeadLetter>(
  {
    v,
    reason: text(),
    error,
    attempts: fc.nat(),
    subject: text(),
    headers: fc.dictionary(text(), anyText, { maxKeys: 3 }),
    body: anyText,
    encoding: fc.constant('base64' as const),
    omittedBytes: fc.nat(),
    at: time,
  } as never,
  ['v', 'reason', 'error', 'attempts', 'subject', 'headers', 'body', 'at'],
);

export const taskResult: fc.Arbitrary<TaskResult> = fc.record({
  v,
  id: text(),
  task: text(),
  attempt: fc.integer({ min: 1 }),
  outcome,
  endedAt: time,
});

export interface Shape {
  readonly valid: fc.Arbitrary<unknown>;
  readonly schema: JsonSchema;
  readonly parse: (data: Uint8Array) => unknown;
}

export const shapes: Readonly<Record<string, Shape>> = {
  command: { valid: command, schema: commandSchema, parse: parseCommand },
  answer: { valid: answer, schema: answerSchema, parse: parseAnswer },
  mail: { valid: mail, schema: mailSchema, parse: parseMail },
  task: { valid: task, schema: taskSchema, parse: parseTask },
  'task-ended': {
    valid: taskEnded,
    schema: taskEndedSchema,
    parse: (data) => parseTaskEnded(JSON.parse(new TextDecoder().decode(data)) as Json),
  },
  event: { valid: event, schema: eventSchema, parse: parseEvent },
  'dead-letter': { valid: deadLetter, schema: deadLetterSchema, parse: parseDeadLetter },
  'task-result': { valid: taskResult, schema: taskResultSchema, parse: parseTaskResult },
};

export const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
