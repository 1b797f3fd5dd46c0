import { TroupeError } from '@troupe/protocol';

/** Throws `invalid_options` that names the field. */
export function refuse(field: string, why: string): never {
  throw new TroupeError('invalid_options', `${field}: ${why}`, { field });
}

export function isCount(value: unknown, least: number): value is number {
  return Number.isInteger(value) && (value as number) >= least;
}
