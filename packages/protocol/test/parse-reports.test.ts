import { isTroupeError, type Json, parseAnswer, parseDeadLetter, parseEvent, parseTaskEnded, parseTaskResult } from '@troupe/protocol';
import { expect } from 'chai';
import { encode } from './wire-messages.ts';

type Refusal = [what: string, change: object, field: string, rule: string];

const error = { code: 'step_failed', message: 'no' };
const failed = (more: object): object => ({ outcome: { kind: 'failed', error, ...more } });

const answer = { v: 1, operation: 'o-1', answer: 'ended', outcome: 'failed', error };
const ended = { attempt: 1, token: 'k', outcome: { kind: 'cancelled' }, worker: 'w', startedAt: 1, endedAt: 2 };
const event = { v: 1, id: 'e', topic: ['operation', 'o-1'], at: 1 };
const letter = { v: 1, reason: 'malformed', error, attempts: 1, subject: 's', headers: {}, body: '', at: 1 };
const result = { v: 1, id: 't-1', task: 'x', attempt: 1, outcome: { kind: 'succeeded', output: 1 }, endedAt: 1 };

const shapes: Record<string, { good: object; parse: (message: object) => unknown; what: string; wrong: Refusal[] }> = {
  answer: {
    good: answer,
    parse: (message) => parseAnswer(encode(message)),
    what: 'answer',
    wrong: [
      ['says nothing', { answer: undefined }, 'answer', 'one of accepted, queued, duplicate, rejected, ended'],
      ['waits for nobody', { answer: 'queued' }, 'behind', 'text'],
      ['names no operation', { operation: '' }, 'operation', 'must be text, not empty'],
      ['has an outcome that does not exist', { outcome: 'done' }, 'outcome', 'one of succeeded, failed'],
      ['has no outcome', { outcome: undefined }, 'outcome', 'one of succeeded'],
      ['has an error that is text', { error: 'no' }, 'error', 'must be an object'],
      ['has an error without a code', { error: { message: 'm' } }, 'error.code', 'must be text'],
      ['has an error with an empty code', { error: { code: '', message: 'm' } }, 'error.code', 'not empty'],
      ['has an error without a message', { error: { code: 'x' } }, 'error.message', 'must be text'],
      ['has an error that is retryable perhaps', { error: { ...error, retryable: 'perhaps' } }, 'error.retryable', 'true or false'],
      ['has a cause that is a list', { error: { ...error, cause: [] } }, 'error.cause', 'must be an object'],
      [
        'has a wrong cause of a cause',
        { error: { ...error, cause: { ...error, cause: { code: 7, message: '' } } } },
        'error.cause.cause.code',
        'must be text',
      ],
      ['is a duplicate of no status', { answer: 'duplicate' }, 'status', 'one of accepting, running'],
      ['is a duplicate of a status that does not exist', { answer: 'duplicate', status: 'gone' }, 'status', 'parked, ended'],
      ['is a rejection without an error', { answer: 'rejected', error: undefined }, 'error', 'must be an object'],
    ],
  },
  'task.ended': {
    good: ended,
    parse: (message) => parseTaskEnded(message as Json),
    what: 'task.ended',
    wrong: [
      ['counts from 0', { attempt: 0 }, 'attempt', 'a whole number of 1 or more'],
      ['has half an attempt', { attempt: 1.5 }, 'attempt', 'a whole number'],
      ['has no token', { token: '' }, 'token', 'not empty'],
      ['has no outcome', { outcome: undefined }, 'outcome', 'must be an object'],
      ['has an outcome of no kind', { outcome: {} }, 'outcome.kind', 'one of succeeded, failed, unknown, cancelled'],
      ['failed without an error', { outcome: { kind: 'failed' } }, 'outcome.error', 'must be an object'],
      ['is unknown without an error', { outcome: { kind: 'unknown' } }, 'outcome.error', 'must be an object'],
      ['wants to be tried again in the past', failed({ retryAfterMs: -1 }), 'outcome.retryAfterMs', '0 or more'],
      ['wants to be tried again at some time', failed({ retryAfterMs: 'soon' }), 'outcome.retryAfterMs', 'must be a number'],
      ['tells the user a list in its error', failed({ error: { ...error, userMessage: [] } }), 'outcome.error.userMessage', 'must be text'],
      ['tells the user a number', failed({ userMessage: 7 }), 'outcome.userMessage', 'must be text'],
      ['patches with a list', { outcome: { kind: 'succeeded', patch: [] } }, 'outcome.patch', 'must be an object'],
      [
        'patches a state that is no text',
        { outcome: { kind: 'succeeded', patch: { runtimeState: 1 } } },
        'outcome.patch.runtimeState',
        'must be text',
      ],
      [
        'patches an id that is no text',
        { outcome: { kind: 'succeeded', patch: { backendId: null } } },
        'outcome.patch.backendId',
        'must be text',
      ],
      [
        'patches data that is no object',
        { outcome: { kind: 'succeeded', patch: { data: 'x' } } },
        'outcome.patch.data',
        'must be an object',
      ],
      ['comes from nobody', { worker: undefined }, 'worker', 'must be text'],
      ['never began', { startedAt: undefined }, 'startedAt', 'must be a number'],
      ['never ended', { endedAt: null }, 'endedAt', 'must be a number'],
      ['has a message without its subject', { message: { body: {} } }, 'message.subject', 'must be text'],
      ['has a message without its version', { message: { subject: 's', body: {} } }, 'message.body.v', 'must be 1'],
      ['has a message that is no task', { message: { subject: 's', body: { v: 1 } } }, 'message.body.id', 'must be text'],
    ],
  },
  event: {
    good: event,
    parse: (message) => parseEvent(encode(message)),
    what: 'event',
    wrong: [
      ['has no id', { id: undefined }, 'id', 'must be text'],
      ['has no topic', { topic: undefined }, 'topic', 'a list of words'],
      ['has a topic of no words', { topic: [] }, 'topic', 'a list of words'],
      ['has a topic that is text', { topic: 'operation' }, 'topic', 'a list of words'],
      ['has a word that is a number', { topic: ['a', 7] }, 'topic.1', 'must be text'],
      ['has no time', { at: undefined }, 'at', 'must be a number'],
      ['has a time as text', { at: '2026-11-25T10:00:00Z' }, 'at', 'must be a number'],
    ],
  },
  'dead letter': {
    good: letter,
    parse: (message) => parseDeadLetter(encode(message)),
    what: 'dead letter',
    wrong: [
      ['has no reason', { reason: '' }, 'reason', 'not empty'],
      ['has no error', { error: undefined }, 'error', 'must be an object'],
      ['was tried less than never', { attempts: -1 }, 'attempts', '0 or more'],
      ['has no subject', { subject: undefined }, 'subject', 'must be text'],
      ['has no headers', { headers: undefined }, 'headers', 'must be an object'],
      ['has a header that is a list', { headers: { 'Nats-Msg-Id': ['1'] } }, 'headers.Nats-Msg-Id', 'must be text'],
      ['has a body that is an object', { body: {} }, 'body', 'must be text'],
      ['has a body of an encoding that does not exist', { encoding: 'hex' }, 'encoding', 'one of base64'],
      ['has no time', { at: undefined }, 'at', 'must be a number'],
    ],
  },
  result: {
    good: result,
    parse: (message) => parseTaskResult(encode(message)),
    what: 'result',
    wrong: [
      ['has no id', { id: 7 }, 'id', 'must be text'],
      ['names no task', { task: undefined }, 'task', 'must be text'],
      ['counts from 0', { attempt: 0 }, 'attempt', '1 or more'],
      ['has an outcome that is text', { outcome: 'succeeded' }, 'outcome', 'must be an object'],
      ['has an outcome that does not exist', { outcome: { kind: 'done' } }, 'outcome.kind', 'one of succeeded'],
      ['has no end', { endedAt: undefined }, 'endedAt', 'must be a number'],
    ],
  },
};

for (const [name, { good, parse, what, wrong }] of Object.entries(shapes)) {
  describe(`reading: ${name}`, () => {
    it('takes a good one', () => {
      expect(parse(good)).to.deep.include({ ...good });
    });

    for (const [how, change, field, rule] of wrong) {
      it(`refuses one that ${how}, naming ${field}`, () => {
        try {
          parse({ ...good, ...change });
        } catch (thrown) {
          if (!isTroupeError(thrown)) throw thrown;
          expect(thrown).to.include({ code: 'malformed', field, retryable: false });
          expect(thrown.message).to.contain(`${what}: ${field} `).and.contain(rule);
          return;
        }
        throw new Error('was taken');
      });
    }
  });
}

describe('reading a report', () => {
  it('of deep causes costs no stack', () => {
    let deep: object = error;
    for (let i = 0; i < 3_000; i++) deep = { ...error, cause: deep };
    expect(parseAnswer(encode({ ...answer, error: deep }))).to.have.property('outcome', 'failed');
  });

  it('fills in what may be absent', () => {
    expect(parseEvent(encode(event)).body).to.equal(null);
    expect(parseTaskResult(encode({ ...result, outcome: { kind: 'succeeded' } })).outcome).to.deep.equal({
      kind: 'succeeded',
      output: null,
    });
  });

  it('leaves what was given as it was', () => {
    const given = { ...ended, outcome: { kind: 'succeeded' } } as const;
    parseTaskEnded(given);
    expect(given.outcome).to.deep.equal({ kind: 'succeeded' });
  });
});
