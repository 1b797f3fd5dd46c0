import { isTroupeError, type Json } from '@troupe/protocol';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { recorded } from './recorded.ts';
import { encode, shapes } from './wire-messages.ts';

const ajv = new Ajv2020({ strict: true, strictRequired: false, validateFormats: false });

type Place = readonly (string | number)[];

/** Every field of a message, its own and those within, lists and free-form values taken as wholes. */
function fieldsOf(value: Json, at: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const free =
    ['input', 'output', 'data', 'body', 'headers'].includes(String(at.at(-1))) && !(at.at(-1) === 'body' && at.at(-2) === 'message');
  if (free) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const place = [...at, Array.isArray(value) ? Number(key) : key];
    return [place, ...fieldsOf(item as Json, place)];
  });
}

function changed(message: Json, place: Place, change: (holder: Record<string | number, unknown>, key: string | number) => void): Json {
  const copy = structuredClone(message) as Json;
  let holder = copy as unknown as Record<string | number, unknown>;
  for (const key of place.slice(0, -1)) holder = holder[key] as Record<string | number, unknown>;
  change(holder, place.at(-1)!);
  return copy;
}

const field = (place: Place): string => place.join('.');
/** Where anything is a value null is one: not in the text of a dead letter, nor where an object must be. */
const isAnything = (name: string, place: Place): boolean => {
  const [holder, key] = [place.at(-2), place.at(-1)];
  if (key === 'body') return name !== 'dead-letter' && holder !== 'message';
  return key === 'input' || key === 'output' || (key === 'data' && holder !== 'patch');
};

for (const [name, shape] of Object.entries(shapes)) {
  const validate = ajv.compile(shape.schema);
  const refusal = (message: Json): { code: string; field: string | undefined } | undefined => {
    try {
      shape.parse(encode(message));
      return undefined;
    } catch (error) {
      if (!isTroupeError(error)) throw error;
      return { code: error.code, field: error.field };
    }
  };
  const { complete, bare } = recorded[name]!;

  describe(`a recorded ${name}`, () => {
    it('is read, and nothing of it is lost', () => {
      for (const message of [...complete, ...bare]) {
        const read = shape.parse(encode(message)) as Record<string, unknown>;
        expect(validate(message), ajv.errorsText(validate.errors)).to.equal(true);
        for (const [key, value] of Object.entries(message as object)) {
          if (key === 'outcome' && typeof value === 'object') expect(read[key]).to.deep.include(value as object);
          else if (key === 'message') expect((read[key] as { body: object }).body).to.deep.include((value as { body: object }).body);
          else expect(read[key], key).to.deep.equal(value);
        }
      }
    });

    it('is read also with fields that a later sender adds', () => {
      for (const message of complete) {
        const more = { ...(message as object), addedLater: { a: [1] } } as Json;
        expect(refusal(more)).to.equal(undefined);
        expect(validate(more)).to.equal(true);
      }
    });

    it('without a field is read when the bare one does without it, and else refused, naming it', () => {
      for (const message of bare) {
        for (const place of fieldsOf(message)) {
          const without = changed(message, place, (holder, key) =>
            Array.isArray(holder) ? holder.splice(Number(key), 1) : delete holder[key],
          );
          const inFreeList = place.some((key) => typeof key === 'number');
          const refused = refusal(without);
          expect(validate(without), field(place)).to.equal(refused === undefined);
          expect(refused, field(place)).to.deep.include({
            code: 'malformed',
            field: inFreeList ? field(place.slice(0, -1)) : field(place),
          });
        }
      }
    });

    it('with null in the place of a value is refused, naming it', () => {
      for (const message of complete) {
        for (const place of fieldsOf(message)) {
          const nulled = changed(message, place, (holder, key) => (holder[key] = null));
          const refused = refusal(nulled);
          expect(validate(nulled), field(place)).to.equal(refused === undefined);
          if (isAnything(name, place)) expect(refused, field(place)).to.equal(undefined);
          else expect(refused, field(place)).to.include({ code: 'malformed', field: field(place) });
        }
      }
    });

    it('with a value of another type is refused, naming it', () => {
      for (const message of complete) {
        for (const place of fieldsOf(message)) {
          if (isAnything(name, place)) continue;
          for (const other of [[[7]], 7.5, { a: 1 }, true, 'text of another meaning']) {
            const odd = changed(message, place, (holder, key) => (holder[key] = Array.isArray(other) ? other[0] : other));
            const refused = refusal(odd);
            expect(validate(odd), `${field(place)} ${JSON.stringify(other)}`).to.equal(refused === undefined);
            // a place below, where the value of another type lacks what belongs there
            if (refused !== undefined)
              expect(
                refused.field === 'v' || refused.field!.startsWith(field(place)) || refused.field === 'resources',
                `${field(place)}: ${refused.field}`,
              ).to.equal(true);
          }
        }
      }
    });

    if (name !== 'task-ended') {
      it('of a newer version is told apart from a broken one', () => {
        for (const message of complete) {
          expect(refusal({ ...(message as object), v: 2 } as Json)).to.include({ code: 'unsupported_version', field: 'v' });
          for (const v of [0, -1, 0.5, '1', null])
            expect(refusal({ ...(message as object), v } as Json), String(v)).to.include({ code: 'malformed', field: 'v' });
        }
      });
    }
  });
}

describe('the recorded messages', () => {
  it('are there for every shape, and name every field that the schema knows', () => {
    expect(Object.keys(recorded)).to.have.members(Object.keys(shapes));
    for (const [name, { schema }] of Object.entries(shapes)) {
      const known = new Set([...JSON.stringify(schema).matchAll(/"properties":\{/g)].length > 0 ? propertyNames(schema) : []);
      const used = new Set(recorded[name]!.complete.flatMap((message) => fieldsOf(message).map((place) => String(place.at(-1)))));
      for (const property of known) expect(used.has(property), `${name}: ${property}`).to.equal(true);
    }
  });
});

function propertyNames(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const own = 'properties' in schema ? Object.keys(schema.properties as object) : [];
  return [...own, ...Object.values(schema).flatMap(propertyNames)];
}
