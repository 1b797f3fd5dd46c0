/** The files that describe the wire to other languages, by name: one JSON Schema each, and the AsyncAPI document. */
import { allSchemas, asyncApi } from './async-api.ts';

export function wireFiles(): Readonly<Record<string, string>> {
  const text = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
  return {
    'asyncapi.json': text(asyncApi()),
    ...Object.fromEntries(Object.entries(allSchemas).map(([name, schema]) => [`${name}.schema.json`, text(schema)])),
  };
}
