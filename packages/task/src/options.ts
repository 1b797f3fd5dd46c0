/** Checks of options, made where they are given: an option that nobody reads is a mistake, and silence would hide it (S16). */
import { TroupeError } from '@troupe/protocol';

export function refuse(field: string, rule: string): never {
  throw new TroupeError('invalid_options', `${field} ${rule}`, { field });
}

/** Refuses what is no object, and names outside the list. The list is typed by the options, so that no new one is forgotten. */
export function onlyKnown(options: unknown, known: Readonly<Record<string, true>>, at: string): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) refuse(at === '' ? 'options' : at, 'must be an object');
  for (const name of Object.keys(options)) if (!Object.hasOwn(known, name)) refuse(at === '' ? name : `${at}.${name}`, 'is not an option');
}

export function wholeNumber(value: unknown, field: string, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    refuse(field, `must be a whole number from ${min} to ${max}`);
  }
  return value;
}
