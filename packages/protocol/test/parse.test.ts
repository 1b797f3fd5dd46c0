import { decodeObject, type Json, parseAnswer, parseCommand, parseMail, parseTask, parseTaskEnded, TroupeError } from '@troupe/protocol';
import { expect } from 'chai';
import { encode } from './wire-messages.ts';

const command = { v: 1, id: 'o-1', executor: 'volume.create', createdAt: '2026-11-25T10:00:00Z' };
const task = {
  v: 1,
  id: 't',
  task: 'volume.create',
  attempt: 1,
  attempts: 3,
  token: 'k',
  idempotencyToken: 'i',
  timeLimitMs: 1_000,
  orderedAt: 1,
};

function refusal(run: () => unknown): TroupeError {
  try {
    run();
  } catch (error) {
    expect(error).to.be.instanceOf(TroupeError);
    return error as TroupeError;
  }
  throw new Error('was taken');
}

describe('a command that cannot be read', () => {
  const wrong: [string, object, string, string][] = [
    ['has no id', { id: undefined }, 'id', 'must be text of 1 to 128 characters'],
    ['has an id that is a number', { id: 7 }, 'id', 'must be text'],
    ['has an id that is too long', { id: 'x'.repeat(129) }, 'id', '128'],
    ['has no executor', { executor: '' }, 'executor', 'must be text of 1 to 128 characters'],
    ['has no time', { createdAt: undefined }, 'createdAt', 'must be text'],
    ['has a time of another form', { createdAt: 'Wed, 25 Nov 2026 10:00:00 GMT' }, 'createdAt', 'RFC 3339'],
    ['has a time without its zone', { createdAt: '2026-11-25T10:00:00' }, 'createdAt', 'RFC 3339'],
    ['wants its answer on a subject of others', { replyTo: 'troupe.command.x' }, 'replyTo', 'below _INBOX.'],
    ['wants its answer on a wildcard', { replyTo: '_INBOX.>' }, 'replyTo', 'literal'],
    ['has a resource that is text', { resource: 'volume/1' }, 'resource', 'must be an object'],
    ['has a resource without its id', { resource: { kind: 'volume' } }, 'resource.id', 'must be text'],
    ['has resources that are no list', { resources: {} }, 'resources', 'must be an array'],
    [
      'has a wrong one among its resources',
      {
        resources: [
          { kind: 'a', id: 'b' },
          { kind: 'a', id: '' },
        ],
      },
      'resources.1.id',
      'must be text',
    ],
    ['has both resource and resources', { resource: { kind: 'a', id: 'b' }, resources: [] }, 'resources', 'excludes resource'],
    ['has an option that nobody reads', { options: { forse: true } }, 'options.forse', 'is not known'],
    ['has an option of the wrong type', { options: { force: 'yes' } }, 'options.force', 'true or false'],
    ['has a policy that does not exist', { options: { onConflict: 'wait' } }, 'options.onConflict', 'reject, queue'],
    ['has a class that does not exist', { options: { class: 'light' } }, 'options.class', 'regular, heavy, background'],
    ['has no version', { v: undefined }, 'v', 'must be 1'],
    ['has its version as text', { v: '1' }, 'v', 'must be 1'],
  ];
  for (const [what, change, field, rule] of wrong) {
    it(`because it ${what} is refused, naming ${field}`, () => {
      const error = refusal(() => parseCommand(encode({ ...command, ...change })));
      expect(error).to.include({ code: 'malformed', field, retryable: false });
      expect(error.message).to.contain(`command: ${field} `).and.contain(rule);
    });
  }

  it('because its version is newer can be read by somebody else later', () => {
    const error = refusal(() => parseCommand(encode({ ...command, v: 2 })));
    expect(error).to.include({ code: 'unsupported_version', field: 'v', retryable: true });
  });

  const bytes: [string, Uint8Array][] = [
    ['nothing', new Uint8Array(0)],
    ['text that is no JSON', new TextEncoder().encode('volume.create')],
    ['JSON that is cut off', encode(command).slice(0, -1)],
    ['bytes that are no UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)],
    ['a list', encode([command])],
    ['null', encode(null)],
    ['a number', encode(1)],
  ];
  for (const [what, data] of bytes) {
    it(`because it is ${what} is refused`, () => {
      expect(refusal(() => parseCommand(data))).to.include({ code: 'malformed', field: '', retryable: false });
    });
  }
});

describe('a command that can be read', () => {
  it('has null for an input that is absent, and nothing that nobody knows', () => {
    expect(parseCommand(encode({ ...command, note: 'x' }))).to.deep.equal({ ...command, input: null });
  });

  it('keeps resources, options, input and the place of the answer', () => {
    const full = {
      ...command,
      resources: [{ kind: 'vm', id: '1' }],
      options: { force: true, onConflict: 'queue', class: 'heavy' },
      input: { size: [1, null] },
      replyTo: '_INBOX_producer.abc',
    };
    expect(parseCommand(encode(full))).to.deep.equal(full);
  });

  it('may have an id of 128 characters of any language', () => {
    expect(parseCommand(encode({ ...command, id: '😀'.repeat(128) })).id).to.equal('😀'.repeat(128));
  });

  it('may begin with a byte order mark', () => {
    const data = Uint8Array.of(0xef, 0xbb, 0xbf, ...encode(command));
    expect(parseCommand(data).id).to.equal('o-1');
  });

  for (const createdAt of ['2026-11-25T10:00:00.123456+00:00', '2026-11-25T10:00:00.123456789Z', '2026-11-25T10:00:00-05:30']) {
    it(`may be made at ${createdAt}`, () => {
      expect(parseCommand(encode({ ...command, createdAt })).createdAt).to.equal(createdAt);
    });
  }
});

describe('mail and tasks', () => {
  it('name the field that is wrong', () => {
    expect(refusal(() => parseMail(encode({ v: 1, id: 'm', type: '' })))).to.include({ code: 'malformed', field: 'type' });
    expect(refusal(() => parseMail(encode({ v: 1, id: 'm', type: 't', from: { kind: 'k' } })))).to.include({ field: 'from.key' });
    expect(refusal(() => parseMail(encode({ v: 1, id: 'm', type: 't', tries: 0.5 })))).to.include({ field: 'tries' });
    expect(refusal(() => parseTask(encode({ ...task, attempt: 0 })))).to.include({ code: 'malformed', field: 'attempt' });
    expect(refusal(() => parseTask(encode({ ...task, fence: { epoch: -1 } })))).to.include({ field: 'fence.epoch' });
    expect(refusal(() => parseTask(encode({ ...task, replyTo: { kind: '', key: '' } })))).to.include({ field: 'replyTo.kind' });
  });

  it('keep fields that are not known: a newer sender of this version may add some', () => {
    expect(parseMail(encode({ v: 1, id: 'm', type: 't', later: 1 }))).to.deep.equal({ v: 1, id: 'm', type: 't', body: null, later: 1 });
    expect(parseTask(encode({ ...task, later: 1 }))).to.deep.equal({ ...task, input: null, later: 1 });
  });
});

describe('an outcome within the message that carries it', () => {
  const ended = { attempt: 1, token: 'k', outcome: { kind: 'cancelled' }, worker: 'w', startedAt: 1, endedAt: 2 };

  it('is named by its path', () => {
    const failed = { kind: 'failed', error: { code: 'x', message: 'm', cause: { code: 'y' } } };
    expect(refusal(() => parseTaskEnded({ ...ended, outcome: failed } as Json))).to.include({ field: 'outcome.error.cause.message' });
    expect(refusal(() => parseTaskEnded({ ...ended, outcome: { kind: 'done' } }))).to.include({ field: 'outcome.kind' });
    const message = { subject: 's', body: { ...task, token: 1 } };
    expect(refusal(() => parseTaskEnded({ ...ended, message }))).to.include({ field: 'message.body.token' });
  });

  it('of a success without an output has the output null', () => {
    expect(parseTaskEnded({ ...ended, outcome: { kind: 'succeeded' } }).outcome).to.deep.equal({ kind: 'succeeded', output: null });
  });
});

describe('an answer', () => {
  it('may name no operation only when it rejects', () => {
    const error = { code: 'malformed', message: 'm' };
    expect(parseAnswer(encode({ v: 1, operation: '', answer: 'rejected', error }))).to.include({ operation: '' });
    expect(refusal(() => parseAnswer(encode({ v: 1, operation: '', answer: 'accepted' })))).to.include({ field: 'operation' });
  });

  it('of a kind that does not exist is refused', () => {
    expect(refusal(() => parseAnswer(encode({ v: 1, operation: 'o', answer: 'maybe' })))).to.include({ field: 'answer' });
  });
});

describe('decoding', () => {
  it('names what it was about to read', () => {
    expect(refusal(() => decodeObject(encode(7), 'invoice')).message).to.equal('invoice must be a JSON object');
  });
});
