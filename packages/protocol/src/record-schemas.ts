/**
 * What a reader may rely on in the stored record of an operation: enough to tell its state without our client. Everything
 * else in a record belongs to the host that wrote it, and changes without notice.
 */
import { anyText, described, document, integer, type JsonSchema, number, object, oneOf, text, version } from './schema-parts.ts';
import { outcomes } from './parse-reports.ts';

export const operationPhases = ['accepting', 'givingBack', 'running', 'ending', 'ended'] as const;

const node: JsonSchema = object(
  {
    k: described(
      'What kind of node: step, poll, lease, pause, signal, wait, child, expand, transition; group, attempt and undo only hold others.',
      text(),
    ),
    p: described(
      'Its phase. step: delay, write, run, retry. poll: delay, write, look, pause. lease: ask, held. expand: write, look, parked.',
      text(),
    ),
    s: described('Since, epoch milliseconds.', number()),
    n: described('Attempt of a step, look of a poll.', integer(0)),
  },
  ['k'],
);

export const operationRecordSchema: JsonSchema = document(
  'operation-record',
  'Last message on ns.state.operation.<id>. Empty, or none: no record (any more), see the tombstone.',
  object(
    {
      v: version,
      s: described(
        'Absent while a key without an operation is in quarantine.',
        object(
          {
            v: version,
            phase: oneOf(operationPhases),
            head: object({ executor: anyText, class: text(), createdAt: anyText }, ['executor', 'class', 'createdAt']),
            accepting: object(
              {
                waitFor: described(
                  'It is queued: for this resource, behind the operation that owns it (null: it is not at rest).',
                  object({ ref: object({ kind: text(), id: text() }, ['kind', 'id']), operation: { type: ['string', 'null'] } }, [
                    'ref',
                    'operation',
                  ]),
                ),
              },
              [],
            ),
            progress: object(
              {
                done: described('Steps that have ended.', integer(0)),
                total: integer(0),
                outcome: oneOf(outcomes),
                acceptedAt: number(),
                endedAt: number(),
                deadline: number(),
                failedStep: text(),
                paused: described('Nothing new starts.', object({ at: number(), by: anyText, reason: anyText }, ['at'])),
                stop: described('It is being cancelled, aborted or superseded.', object({ outcome: oneOf(outcomes) }, ['outcome'])),
                output: {},
                error: object({ code: text(), message: anyText }, ['code', 'message']),
              },
              ['done', 'total'],
            ),
            resources: { type: 'array', items: object({ kind: text(), id: text(), state: anyText }, ['kind', 'id', 'state']) },
            active: described('Nodes under way, by their path.', { type: 'object', additionalProperties: node }),
          },
          ['v', 'phase', 'head', 'progress'],
        ),
      ),
      q: described('It is in quarantine.', object({ reason: anyText, at: number(), message: anyText }, ['reason', 'at', 'message'])),
    },
    ['v'],
  ),
);

export const operationTombstoneSchema: JsonSchema = document(
  'operation-tombstone',
  'Last message on ns.tomb.operation.<id>: what is left when the record has expired.',
  object({ id: text(), executor: anyText, outcome: oneOf(outcomes), endedAt: number(), error: described('Its code.', text()) }, [
    'id',
    'executor',
    'outcome',
    'endedAt',
  ]),
);
