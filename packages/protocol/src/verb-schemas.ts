/**
 * Bodies of the mail on `ns.mail.<kind>.<key>.verb`: what people do to an operation, a throttle, a schedule, an entity. Senders hold to
 * them; a receiver leaves alone what it does not know, and writes what it cannot do into the log of the operation.
 */
import { anyText, anything, boolean, described, document, type JsonSchema, object, text } from './schema-parts.ts';

const by: JsonSchema = described('Who wants it; kept with the operation, as its first 200 characters.', anyText);
const reason: JsonSchema = described('Why; kept with the operation.', anyText);
const step: JsonSchema = described('Id of a step in the plan.', text());
const output: JsonSchema = described('What later steps find as the output of the step that is passed over. Default null.', anything);

const verb = (
  name: string,
  description: string,
  fields: Readonly<Record<string, JsonSchema>>,
  required: readonly string[] = [],
): JsonSchema => document(name, `Body of the mail ${name}: ${description}`, object(fields, required));

/** By the type of the mail. */
export const verbSchemas: Readonly<Record<string, JsonSchema>> = {
  'verb.cancel': verb('verb.cancel', 'orders the end of an operation.', {
    by,
    reason,
    compensate: described('False: what is undoable stays done. Default: it is taken back.', boolean),
  }),
  'verb.pause': verb('verb.pause', 'nothing new of an operation or a schedule starts any more.', { by, reason }),
  'verb.resume': verb('verb.resume', 'ends a pause of an operation or a schedule, and asks a parked operation to look again.', {
    by,
    reason,
  }),
  'verb.skip': verb('verb.skip', 'passes over a step as if it had succeeded.', { by, reason, step, output }, ['step']),
  'verb.kill': verb('verb.kill', 'ends it at once, without handlers and without taking anything back.', { by, reason }),
  'verb.retry': verb('verb.retry', 'an operation that did not end well goes on from where it stood.', {
    by,
    reason,
    step: described('Passes over this step instead of running it again.', text()),
    output,
  }),
  'verb.signal': verb(
    'verb.signal',
    'answers a wait for a signal; one that comes before it waits is kept.',
    {
      by,
      name: described('The signal that the plan waits for.', text(64)),
      data: described('At most 16 KB encoded; the output of the wait. Default null.', anything),
    },
    ['name'],
  ),
  'verb.define': verb(
    'verb.define',
    'makes or changes a schedule. Its entity is schedule/<key>; a refusal is the event schedule.<key>.refused.',
    {
      by,
      definition: described('As defineSchedule of @troupe/schedule makes it: timing, policies, and what a run does.', { type: 'object' }),
    },
    ['definition'],
  ),
  'verb.runNow': verb('verb.runNow', 'runs a schedule once, unless a run of it lives.', { by, reason }),
  'verb.delete': verb('verb.delete', 'deletes a schedule; a run that lives is cancelled.', { by, reason }),
  'verb.release': verb('verb.release', 'ends the quarantine of an entity of any kind.', { by }),
  setLimit: verb(
    'setLimit',
    'changes a limit of a scope. Its entity is throttle/<first part of the scope>.',
    {
      by,
      scope: described('Path such as provider-1/tenant-7.', text()),
      kind: described('Kind of token, such as instance.', text()),
      limit: described('0 pauses; null takes the override back.', { type: ['integer', 'null'], minimum: 0 }),
    },
    ['scope', 'kind', 'limit'],
  ),
  setRate: verb(
    'setRate',
    'changes a rate of a scope. Its entity is throttle/<first part of the scope>.',
    {
      by,
      scope: described('Path such as provider-1/tenant-7.', text()),
      name: described('Name of the rate, such as call.', text()),
      rate: described(
        'A bucket { bucket, refill, every } or a sliding window { window, most }, with whole numbers and durations such as 30s; null is what is configured.',
        { type: ['object', 'null'] },
      ),
    },
    ['scope', 'name', 'rate'],
  ),
  setMaintenance: verb(
    'setMaintenance',
    'a scope grants nothing more, or goes on. Its entity is throttle/<first part of the scope>.',
    {
      by,
      reason: described('Shown to whoever asks why it waits, as its first 200 characters.', anyText),
      scope: described('Path such as provider-1/tenant-7.', text()),
      on: described('True: grant nothing more. What is held ends as it would.', boolean),
    },
    ['scope', 'on'],
  ),
};

/** Body of the mail `task.progress`. */
export const taskProgressSchema: JsonSchema = document(
  'task-progress',
  'Body of the mail task.progress: what a handler says of an attempt that runs.',
  object({ step: { type: ['string', 'null'] }, attempt: { type: 'integer', minimum: 1 }, token: text(), progress: anything }, [
    'step',
    'attempt',
    'token',
    'progress',
  ]),
);
