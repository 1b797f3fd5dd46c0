import { type CommandOptions, queueClasses, TroupeError } from '@troupe/protocol';

/** Throws `invalid_options` that names the field. */
export function refuse(field: string, why: string): never {
  throw new TroupeError('invalid_options', `${field}: ${why}`, { field });
}

export function isCount(value: unknown, least: number): value is number {
  return Number.isInteger(value) && (value as number) >= least;
}

/** Throws `invalid_options`; `field` says where in what `at` names. */
export function checkCommandOptions({ force, onConflict, class: cls, ...unknown }: CommandOptions, at: string): void {
  for (const field of Object.keys(unknown)) refuse(`${at}.${field}`, 'is not an option');
  if (force !== undefined && typeof force !== 'boolean') refuse(`${at}.force`, 'must be true or false');
  if (onConflict !== undefined && onConflict !== 'reject' && onConflict !== 'queue') refuse(`${at}.onConflict`, 'must be reject or queue');
  if (cls !== undefined && !queueClasses.includes(cls)) refuse(`${at}.class`, `must be one of ${queueClasses.join(', ')}`);
}
