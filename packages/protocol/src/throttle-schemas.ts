/** JSON Schemas of `throttle-requests.ts`. A test holds both against each other. */
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
import { NAME_PATTERN, SCOPE_PATTERN, throttleBounds } from './throttle-fields.ts';
import { LEASE_LIMIT_CHARS, SPAN_PATTERN, throttleAnswers, throttleTimes } from './throttle-requests.ts';

const name: JsonSchema = { ...text(throttleBounds.nameChars), pattern: NAME_PATTERN };
const tokens: JsonSchema = {
  type: 'object',
  minProperties: 1,
  maxProperties: throttleBounds.kinds,
  propertyNames: name,
  additionalProperties: { ...integer(1), maximum: throttleBounds.tokens },
};
const lease = described('Chosen by the holder: the same again is the same lease.', text(LEASE_LIMIT_CHARS));
const holder = described('Who holds it, for people. Whoever names another one is another. Default: the lease.', text(LEASE_LIMIT_CHARS));
const scope = described('Path such as provider-1/tenant-7; its first part is the root in the subject.', {
  type: 'string',
  maxLength: throttleBounds.scopeChars,
  pattern: SCOPE_PATTERN,
});
const ttlMs = described(`Ends unless it is renewed for so long. Default ${throttleTimes.ttlMs}.`, {
  type: 'integer',
  minimum: throttleTimes.leastTtlMs,
  maximum: throttleTimes.mostTtlMs,
});

const by = described('Who wants it, for people.', text(LEASE_LIMIT_CHARS));
const count: JsonSchema = { ...integer(0), maximum: throttleBounds.tokens };
const span = described('A whole duration such as 30s.', { ...text(), pattern: SPAN_PATTERN });
const rate: JsonSchema = {
  anyOf: [
    { type: 'null' },
    object({ window: span, most: count }, ['window', 'most']),
    { ...object({ bucket: count, refill: count, every: span }, ['bucket', 'refill', 'every']), not: { required: ['window'] } },
  ],
};

/** By the name in their `$id`. */
export const throttleSchemas: Readonly<Record<string, JsonSchema>> = {
  'throttle-acquire': document('throttle-acquire', 'Asks for tokens, rates or both; the same again keeps the place, and renews.', {
    ...object(
      {
        v: version,
        lease,
        holder,
        scope,
        need: described('Tokens by kind: all or none.', tokens),
        spend: described('Units by the name of a rate, taken with the need.', tokens),
        priority: described('Higher goes first. Default 0.', number()),
        share: described('Shares that wait get equal turns.', text(LEASE_LIMIT_CHARS)),
        within: described(
          'A lease of the same holder and root that is held: the need must be covered by it, and for rates it goes before others.',
          text(LEASE_LIMIT_CHARS),
        ),
        ttlMs,
        waitMs: described(`The answer comes after so long at the latest. Default ${throttleTimes.waitMs}.`, {
          type: 'integer',
          minimum: 0,
          maximum: throttleTimes.mostWaitMs,
        }),
      },
      ['v', 'lease', 'scope'],
    ),
    anyOf: [{ required: ['need'] }, { required: ['spend'] }],
  }),
  'throttle-renew': document(
    'throttle-renew',
    'Keeps a lease for its time to live again, from when this was sent.',
    object({ v: version, lease, holder, fence: integer(1), ttlMs }, ['v', 'lease', 'fence']),
  ),
  'throttle-release': document(
    'throttle-release',
    'Gives a lease back, or a part of it, or a place in the queue. A second one is harmless.',
    object(
      {
        v: version,
        lease,
        holder,
        fence: described('Without it whatever is under that name is given back.', integer(1)),
        need: described('Only this part.', tokens),
      },
      ['v', 'lease'],
    ),
  ),
  'throttle-observe': document(
    'throttle-observe',
    'How the backend did, for limits that adapt themselves.',
    object(
      {
        v: version,
        lease,
        holder,
        fence: integer(1),
        refused: described('It said that it has too much to do.', boolean),
        latencyMs: described('How long it took.', number(0)),
      },
      ['v', 'lease', 'fence'],
    ),
  ),
  'throttle-explain': document(
    'throttle-explain',
    'Why a lease waits; without a lease: how full the root is, and who waits.',
    object({ v: version, lease: text(LEASE_LIMIT_CHARS) }, ['v']),
  ),
  'throttle-limit': document(
    'throttle-limit',
    'Changes a limit, with the right to.',
    object(
      {
        v: version,
        scope,
        kind: name,
        limit: described('0 pauses; null is what is configured.', {
          type: ['integer', 'null'],
          minimum: 0,
          maximum: throttleBounds.tokens,
        }),
        by,
      },
      ['v', 'scope', 'kind', 'limit'],
    ),
  ),
  'throttle-rate': document(
    'throttle-rate',
    'Changes a rate, with the right to.',
    object({ v: version, scope, name, rate: described('A bucket or a sliding window; null is what is configured.', rate), by }, [
      'v',
      'scope',
      'name',
      'rate',
    ]),
  ),
  'throttle-maintenance': document(
    'throttle-maintenance',
    'A scope and what is below grants nothing more, or goes on; with the right to.',
    object(
      {
        v: version,
        scope,
        on: described('True: grant nothing more. What is held ends as it would.', boolean),
        by,
        reason: described('Shown to whoever asks why it waits.', text(LEASE_LIMIT_CHARS)),
      },
      ['v', 'scope', 'on'],
    ),
  ),
  'throttle-answer': document(
    'throttle-answer',
    'What the door of throttles answers. Which fields there are, says docs/open-wire.md.',
    object(
      {
        v: version,
        answer: oneOf(throttleAnswers),
        lease: anyText,
        fence: described('Grows with every grant of a root. Hand it to the backend.', integer(1)),
        scope: anyText,
        need: { type: 'object' },
        ahead: described('How many wait for the same before it.', integer(0)),
        held: described('It was held until now, under that fence.', boolean),
        explanation: anything,
        error: object({ code: text(), message: anyText, field: anyText, retryable: boolean, data: anything }, ['code', 'message']),
      },
      ['v', 'answer'],
    ),
  ),
};
