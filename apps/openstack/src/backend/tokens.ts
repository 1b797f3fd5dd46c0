import { createHash } from 'node:crypto';

/**
 * Where a create leaves its token, so that whoever repeats it finds the object that is there already. The token is the caller's: derived
 * from its operation, the same for every attempt, different for every object.
 */
const key = 'troupe_token';

/** Volumes and servers carry the token as metadata. */
export function withToken(metadata: Readonly<Record<string, string>> | undefined, token: string): Record<string, string> {
  return { ...metadata, [key]: token };
}

export function tokenOf(metadata: Readonly<Record<string, string>>): string | undefined {
  return metadata[key];
}

/** Cinder's filter for volumes with this token. It reads a Python literal, of which this is one. */
export function volumeTokenFilter(token: string): string {
  return JSON.stringify({ [key]: token });
}

/**
 * Nova cannot filter by metadata, but by tags, which a server may be born with. A tag holds at most 60 characters and no slash or comma:
 * hence the digest. It narrows the listing; the metadata decides.
 */
export function tokenTag(token: string): string {
  return `troupe-${createHash('sha256').update(token).digest('hex').slice(0, 40)}`;
}

/** Neutron's objects have neither metadata nor tags at birth, but a description that one can filter by. */
export function tokenDescription(token: string): string {
  return `${key}=${token}`;
}

export interface Made<T> {
  readonly item: T;
  /** False if an earlier attempt had made it. */
  readonly isNew: boolean;
}

/** Looks first, creates otherwise. Two at the same time may both find nothing: attempts of one step follow one another. */
export async function findOrCreate<T>(find: () => Promise<T | undefined>, create: () => Promise<T>): Promise<Made<T>> {
  const found = await find();
  return found === undefined ? { item: await create(), isNew: true } : { item: found, isNew: false };
}
