import { expect } from 'chai';
import fc from 'fast-check';
import { isTroupeError, type TroupeError } from '@troupe/protocol';
import {
  acceptWrite,
  ACTION_LIMIT_CHARS,
  BACKEND_ID_LIMIT_CHARS,
  endWrite,
  findingWrite,
  insertWrite,
  patchWrite,
  RUNTIME_STATE_LIMIT_CHARS,
  transitionWrite,
} from '@troupe/resource';
import { checkFields } from '@troupe/resource/internal';

const ref = { kind: 'volume', id: 'v' };
const hold = { ref, operation: 'o', epoch: 1 };

function refusal(run: () => unknown): TroupeError | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (isTroupeError(error)) return error;
    throw error;
  }
}

describe('the limits of a resource', () => {
  it('are those that tables elsewhere have', () => {
    expect([RUNTIME_STATE_LIMIT_CHARS, ACTION_LIMIT_CHARS, BACKEND_ID_LIMIT_CHARS]).to.deep.equal([150, 50, 255]);
  });

  const fields = [
    ['runtimeState', RUNTIME_STATE_LIMIT_CHARS],
    ['action', ACTION_LIMIT_CHARS],
    ['backendId', BACKEND_ID_LIMIT_CHARS],
  ] as const;
  for (const [name, limit] of fields) {
    it(`let ${name} have up to ${limit} characters, and name it when it has more`, () => {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 2 * limit }), (length) => {
          const error = refusal(() => checkFields({ [name]: 'x'.repeat(length) }, 'at'));
          if (length <= limit) expect(error).to.equal(undefined);
          else expect(error).to.include({ code: 'invalid_options', field: `at.${name}` });
        }),
      );
    });

    it(`take nothing but text for ${name}`, () => {
      for (const value of [1, null, {}, [], true]) {
        expect(
          refusal(() => checkFields({ [name]: value } as never, 'at')),
          JSON.stringify(value),
        ).to.include({ field: `at.${name}` });
      }
    });
  }

  it('say whose mistake it is by the code', () => {
    expect(refusal(() => checkFields({ action: 'x'.repeat(51) }, 'at', 'invalid_output'))?.code).to.equal('invalid_output');
  });

  it('leave alone what has none', () => {
    expect(refusal(() => checkFields({ data: { any: 'x'.repeat(1_000) }, error: null, actionDetails: [1] }, 'at'))).to.equal(undefined);
  });

  describe('hold for every write that is built', () => {
    const long = 'x'.repeat(400);
    const cases: [string, () => unknown, string, string][] = [
      ['accept', () => acceptWrite('action', { ref, operation: 'o', action: long }), 'accept.action', 'invalid_options'],
      [
        'a transition',
        () => transitionWrite('beginCreating', hold, { runtimeState: long }),
        'beginCreating.runtimeState',
        'invalid_options',
      ],
      ['a patch', () => patchWrite(hold, { patch: { backendId: long } }), 'patch.backendId', 'invalid_output'],
      [
        'an end',
        () => endWrite('update', 'succeeded', hold, { state: 'UPDATING', runtimeState: long }),
        'end.runtimeState',
        'invalid_options',
      ],
      ['a finding', () => findingWrite('seen', { ref, revision: 1 }, { runtimeState: long }), 'finding.runtimeState', 'invalid_output'],
      ['an insert', () => insertWrite(ref, {}, { backendId: long }), 'insert.backendId', 'invalid_options'],
    ];
    for (const [what, build, field, code] of cases) {
      it(`${what} is refused with its place`, () => expect(refusal(build)).to.include({ field, code }));
    }
  });
});
