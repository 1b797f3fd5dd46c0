/**
 * What goes through memory instead of a wire must look as if it had: a copy, made of JSON. Production encodes
 * tolerantly, because an encoding problem must not become a retry; a test should hear of it instead.
 */
import type { Json } from '@troupe/protocol';

/** A deep copy by way of JSON. Throws a `TypeError` that names the place of whatever would not arrive as it was sent. */
export function travel<T>(value: T, what: string): T {
  check(value, what, []);
  return JSON.parse(JSON.stringify(value ?? null)) as T;
}

/** The same for encoded text. */
export function travelText(text: string, what: string): Json {
  const value = JSON.parse(text) as Json;
  check(value, what, []);
  return value;
}

function check(value: unknown, at: string, within: readonly object[]): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw lost(at, `the number ${value}`);
    return;
  }
  if (typeof value !== 'object') throw lost(at, typeof value);
  if (within.includes(value)) throw lost(at, 'a circle');
  const inside = [...within, value];
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) check(value[i], `${at}.${i}`, inside);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw lost(at, `a ${value.constructor?.name ?? 'class instance'}`);
  for (const [name, item] of Object.entries(value)) {
    // an absent field and an undefined one are the same on the wire
    if (item !== undefined) check(item, `${at}.${name}`, inside);
  }
}

function lost(at: string, what: string): TypeError {
  return new TypeError(`${at}: ${what} does not survive JSON`);
}
