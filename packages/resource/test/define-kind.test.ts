import { expect } from 'chai';
import fc from 'fast-check';
import { z } from 'zod';
import { isTroupeError, type TroupeError } from '@troupe/protocol';
import { defineKind, kindsByName, RUNTIME_STATE_LIMIT_CHARS } from '@troupe/resource';

function setup() {
  return defineKind({
    kind: 'volume',
    runtimeStates: ['creating', 'available', 'error'],
    data: z.object({ sizeGb: z.number().int().positive(), bootable: z.boolean().optional() }),
  });
}

function refusal(run: () => unknown): TroupeError {
  try {
    run();
  } catch (error) {
    if (isTroupeError(error)) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('a resource kind', () => {
  it('makes references of its own kind', () => {
    expect(setup().ref('v 1.a')).to.deep.equal({ kind: 'volume', id: 'v 1.a' });
  });

  it('refuses an id that no command could carry', () => {
    expect(refusal(() => setup().ref(''))).to.include({ code: 'invalid_options', field: 'id' });
    expect(refusal(() => setup().ref('x'.repeat(129)))).to.include({ code: 'invalid_options', field: 'id' });
    // characters as the wire counts them, not units of UTF-16
    expect(setup().ref('😀'.repeat(128)).id).to.have.lengthOf(256);
  });

  it('is refused without a name, or with one that is too long', () => {
    for (const kind of ['', 'k'.repeat(129)])
      expect(refusal(() => defineKind({ kind }))).to.include({ code: 'invalid_options', field: 'kind' });
  });

  it('is refused when a word of its vocabulary could never be stored', () => {
    const tooLong = 'x'.repeat(RUNTIME_STATE_LIMIT_CHARS + 1);
    for (const word of ['', tooLong]) {
      const error = refusal(() => defineKind({ kind: 'volume', runtimeStates: ['available', word] }));
      expect(error).to.include({ code: 'invalid_options', field: 'runtimeStates.1' });
    }
  });

  describe('its vocabulary', () => {
    it('lets its own words through', () => {
      setup().checkRuntimeStates(['available', 'error'], 'poll.until');
    });

    it('refuses the word that the backend never says, with the place and the words it does say', () => {
      const error = refusal(() => setup().checkRuntimeStates(['available', 'ERRED'], 'poll.fail'));
      expect(error).to.include({ code: 'invalid_options', field: 'poll.fail' });
      expect(error.message).to.include('"ERRED"').and.to.include('creating, available, error');
    });

    it('is any text if none was given', () => {
      defineKind({ kind: 'volume' }).checkRuntimeStates(['whatever'], 'poll.until');
    });
  });

  describe('its data', () => {
    it('comes out as the schema returns it, undeclared fields dropped', () => {
      expect(setup().parseData({ sizeGb: 4, colour: 'red' })).to.deep.equal({ sizeGb: 4 });
    });

    it('is refused with the field that does not fit', () => {
      expect(refusal(() => setup().parseData({ sizeGb: -1 }, 'input'))).to.include({ code: 'invalid_input', field: 'input.sizeGb' });
      expect(refusal(() => setup().parseData(undefined))).to.include({ code: 'invalid_input', field: 'data' });
    });

    it('is any object if there is no schema, and nothing but an object', () => {
      const loose = defineKind({ kind: 'volume' });
      expect(loose.parseData({ a: 1 })).to.deep.equal({ a: 1 });
      for (const value of [null, 1, 'a', [], undefined]) expect(refusal(() => loose.parseData(value)).code).to.equal('invalid_input');
    });

    it('cannot have a schema that validates later, for a turn cannot wait', () => {
      const later = defineKind({ kind: 'volume', data: z.object({ a: z.string().refine(async () => true) }) });
      expect(refusal(() => later.parseData({ a: 'x' }, 'input'))).to.include({ code: 'invalid_options', field: 'input' });
    });
  });

  describe('a patch', () => {
    it('passes with declared fields that fit the data as it is', () => {
      const patch = { runtimeState: 'available', backendId: 'b-1', data: { sizeGb: 8 } };
      expect(setup().checkPatch(patch, { sizeGb: 4 })).to.deep.equal(patch);
    });

    it('carries only its own fields, never the whole data, so that a newer value of another field survives', () => {
      expect(setup().checkPatch({ data: { bootable: true } }, { sizeGb: 4 }).data).to.deep.equal({ bootable: true });
    });

    it('is refused for a field that the schema does not declare', () => {
      const error = refusal(() => setup().checkPatch({ data: { colour: 'red' } }, { sizeGb: 4 }));
      expect(error).to.include({ code: 'invalid_output', field: 'patch.data.colour' });
    });

    it('is refused for a value that does not fit', () => {
      const error = refusal(() => setup().checkPatch({ data: { sizeGb: 'big' } }, { sizeGb: 4 }));
      expect(error).to.include({ code: 'invalid_output', field: 'patch.data.sizeGb' });
    });

    it('is refused for text over its limit instead of being cut', () => {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 400 }), (length) => {
          const run = (): unknown => setup().checkPatch({ runtimeState: 'x'.repeat(length) }, {});
          if (length <= RUNTIME_STATE_LIMIT_CHARS) run();
          else expect(refusal(run)).to.include({ code: 'invalid_output', field: 'patch.runtimeState' });
        }),
      );
    });

    it('is refused for a text field that is not text', () => {
      const error = refusal(() => setup().checkPatch({ backendId: 7 } as never, {}));
      expect(error).to.include({ code: 'invalid_output', field: 'patch.backendId' });
    });

    it('may carry any data where there is no schema', () => {
      expect(defineKind({ kind: 'volume' }).checkPatch({ data: { any: 1 } }, {})).to.deep.equal({ data: { any: 1 } });
    });
  });
});

describe('a list of kinds', () => {
  it('is found by name', () => {
    const kind = setup();
    expect(kindsByName([kind]).get('volume')).to.equal(kind);
  });

  it('may hold one kind twice, as two executors name it, but not two kinds of one name', () => {
    const kind = setup();
    expect(kindsByName([kind, kind]).size).to.equal(1);
    expect(refusal(() => kindsByName([kind, setup()]))).to.include({ code: 'duplicate_name', field: 'volume' });
  });
});
