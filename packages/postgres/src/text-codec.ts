/**
 * PostgreSQL's text holds every character but U+0000, and its jsonb no half of a surrogate pair; errors of backends hold
 * both. Such a unit is written as U+2400 (the symbol for null) and four hexadecimal digits, and that symbol itself twice.
 */
import type { Json } from '@troupe/protocol';

const ESCAPE = '\u2400';
const UNHOLDABLE = /\u2400|\u0000|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;
const WRITTEN = /\u2400(\u2400|0000|d[89a-f][0-9a-f]{2})/g;

export function encodeText(text: string): string {
  return text.replace(UNHOLDABLE, (unit) => ESCAPE + (unit === ESCAPE ? ESCAPE : unit.charCodeAt(0).toString(16).padStart(4, '0')));
}

export function decodeText(text: string): string {
  if (!text.includes(ESCAPE)) return text;
  return text.replace(WRITTEN, (_, unit: string) => (unit === ESCAPE ? ESCAPE : String.fromCharCode(Number.parseInt(unit, 16))));
}

/** JSON text for a json column; null stays SQL's NULL. */
export function encodeValue(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return JSON.stringify(mapText(value as Json, encodeText));
}

export function decodeValue<T>(value: unknown): T {
  return mapText((value ?? null) as Json, decodeText) as T;
}

function mapText(value: Json, change: (text: string) => string): Json {
  if (typeof value === 'string') return change(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((one: Json) => mapText(one, change));
  return Object.fromEntries(Object.entries(value as Record<string, Json>).map(([key, one]) => [change(key), mapText(one, change)]));
}
