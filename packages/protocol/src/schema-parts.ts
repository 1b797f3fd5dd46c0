/** What schemas are made of: shapes of single fields, and the documents that hold them. */
import type { JsonObject } from './json.ts';

export type JsonSchema = JsonObject;

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

export const text = (maxLength?: number): JsonSchema => ({
  type: 'string',
  minLength: 1,
  ...(maxLength === undefined ? {} : { maxLength }),
});
export const anyText: JsonSchema = { type: 'string' };
export const anything: JsonSchema = {};
export const boolean: JsonSchema = { type: 'boolean' };
export const number = (minimum?: number): JsonSchema => ({ type: 'number', ...(minimum === undefined ? {} : { minimum }) });
export const integer = (minimum: number): JsonSchema => ({ type: 'integer', minimum });
export const oneOf = (words: readonly string[]): JsonSchema => ({ enum: words });
export const described = (description: string, schema: JsonSchema): JsonSchema => ({ description, ...schema });
export const version: JsonSchema = { const: 1 };

export function object(properties: Readonly<Record<string, JsonSchema>>, required: readonly string[]): JsonSchema {
  return { type: 'object', properties, required };
}

/** A schema under its own `$id`, with the definitions that it reaches, and no others. */
export function document(
  name: string,
  description: string,
  body: JsonSchema,
  definitions: Readonly<Record<string, JsonSchema>> = {},
): JsonSchema {
  const $defs: Record<string, JsonSchema> = {};
  const collect = (node: unknown): void => {
    for (const match of JSON.stringify(node).matchAll(/#\/\$defs\/(\w+)/g)) {
      const reached = match[1]!;
      if (reached in $defs) continue;
      $defs[reached] = definitions[reached]!;
      collect(definitions[reached]);
    }
  };
  collect(body);
  return {
    $schema: DIALECT,
    $id: `urn:troupe:wire:1:${name}`,
    title: name,
    description,
    ...body,
    ...(Object.keys($defs).length === 0 ? {} : { $defs }),
  };
}
