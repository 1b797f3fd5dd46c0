import { isTroupeError, type TroupeError, wireSchemas } from '@troupe/protocol';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import fc from 'fast-check';
import { mutated } from './mutations.ts';
import { encode, type Shape, shapes } from './wire-messages.ts';

// a time is held by its pattern; `format` tells people and code generators what it is
const ajv = new Ajv2020({ strict: true, strictRequired: false, allErrors: true, validateFormats: false });

function compile(shape: Shape): ValidateFunction {
  return ajv.getSchema(shape.schema['$id'] as string) ?? ajv.compile(shape.schema);
}

function parsed(shape: Shape, message: unknown): { value: unknown } | { error: TroupeError } {
  try {
    return { value: shape.parse(encode(message)) };
  } catch (error) {
    if (!isTroupeError(error)) throw error;
    return { error };
  }
}

/** `/a/0` and what is missing or too much there, as the path `a.0.name`. */
function places(errors: readonly ErrorObject[]): string[] {
  return errors.flatMap((e) => {
    const at = e.instancePath.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~');
    const names = [e.params['missingProperty'], e.params['additionalProperty']].filter((name) => typeof name === 'string');
    return [at, ...names.map((name) => (at === '' ? name : `${at}.${name}`))];
  });
}

for (const [name, shape] of Object.entries(shapes)) {
  describe(`the schema and the parse function of ${name}`, () => {
    it('both take every valid message, and reading it loses nothing', () => {
      const validate = compile(shape);
      fc.assert(
        fc.property(shape.valid, (message) => {
          expect(validate(JSON.parse(JSON.stringify(message))), JSON.stringify(validate.errors)).to.equal(true);
          const result = parsed(shape, message);
          expect(result).to.have.property('value');
          const read: unknown = JSON.parse(JSON.stringify((result as { value: unknown }).value));
          expect(differences(JSON.parse(JSON.stringify(message)), read)).to.deep.equal([]);
        }),
        { numRuns: 300 },
      );
    });

    it('agree on every damaged message', () => {
      const validate = compile(shape);
      let refused = 0;
      let taken = 0;
      fc.assert(
        fc.property(shape.valid.chain(mutated), (message) => {
          const result = parsed(shape, message);
          const valid = validate(JSON.parse(JSON.stringify(message)));
          if ('error' in result) refused++;
          else taken++;
          expect(
            'value' in result,
            `parse: ${'error' in result ? result.error.message : 'taken'}; schema: ${ajv.errorsText(validate.errors)}`,
          ).to.equal(valid);
        }),
        { numRuns: 2_000 },
      );
      // the test would say nothing if damage never or always mattered
      expect(refused).to.be.above(200);
      expect(taken).to.be.above(200);
    });

    it('find the fault at the same place', () => {
      const validate = compile(shape);
      fc.assert(
        fc.property(shape.valid.chain(mutated), (message) => {
          const result = parsed(shape, message);
          if (!('error' in result)) return;
          validate(JSON.parse(JSON.stringify(message)));
          const field = result.error.field;
          expect(field).to.be.a('string');
          // two fields that exclude each other are a fault of the whole for a schema
          if (field !== 'resources') expect(places(validate.errors ?? [])).to.include(field);
        }),
        { numRuns: 1_000 },
      );
    });
  });
}

describe('the schemas', () => {
  it('have one entry per shape, each under its own id and in the dialect 2020-12', () => {
    expect(Object.keys(wireSchemas)).to.have.members(Object.keys(shapes));
    for (const [name, schema] of Object.entries(wireSchemas)) {
      expect(schema).to.include({ $id: `urn:troupe:wire:1:${name}`, $schema: 'https://json-schema.org/draft/2020-12/schema', title: name });
      expect(schema).to.equal(shapes[name]!.schema);
    }
  });

  it('stand alone: every reference is answered within, and every definition is used', () => {
    for (const [name, schema] of Object.entries(wireSchemas)) {
      const text = JSON.stringify(schema);
      const used = new Set([...text.matchAll(/"\$ref":"#\/\$defs\/(\w+)"/g)].map((match) => match[1]));
      expect(Object.keys((schema['$defs'] as object | undefined) ?? {}), name).to.have.members([...used]);
      expect(text.match(/"\$ref"/g)?.length ?? 0, name).to.equal([...text.matchAll(/"\$ref":"#\/\$defs\/\w+"/g)].length);
      new Ajv2020({ strict: true, strictRequired: false, validateFormats: false }).compile(JSON.parse(text) as object);
    }
  });
});

/** Where two messages differ. What may be absent and reads as null (a body, an input, an output) is no difference. */
function differences(sent: unknown, read: unknown, at = ''): string[] {
  if (typeof sent !== 'object' || sent === null || typeof read !== 'object' || read === null) return Object.is(sent, read) ? [] : [at];
  const a = new Map(Object.entries(sent));
  const b = new Map(Object.entries(read));
  const lost = [...a.keys()].filter((key) => !b.has(key));
  const added = [...b].flatMap(([key, value]) =>
    a.has(key) || (value === null && ['body', 'input', 'output'].includes(key)) ? [] : [key],
  );
  const changed = [...a].flatMap(([key, value]) => (b.has(key) ? differences(value, b.get(key), `${at}.${key}`) : []));
  return [...[...lost, ...added].map((key) => `${at}.${key}`), ...changed];
}
