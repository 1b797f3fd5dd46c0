/**
 * Secrets do not travel: inputs are stored in records, streams and dead letters, and shown to whoever may look (S13). What
 * calls itself one, or is a private key, is refused; a reference to it (`passwordRef`, `{ vault: … }`) passes.
 */
import type { Json } from '@troupe/protocol';

const NAMED = /(?:password|passwd|passphrase|secret|private_?key|api_?key)$/i;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

/** Path of the first secret in a value, such as `user.password`; undefined = there is none. */
export function secretIn(value: Json, at = ''): string | undefined {
  if (typeof value === 'string') return PRIVATE_KEY.test(value) ? at : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const place = at === '' ? key : `${at}.${key}`;
    if (typeof inner === 'string' && inner !== '' && NAMED.test(key)) return place;
    const found = secretIn(inner as Json, place);
    if (found !== undefined) return found;
  }
  return undefined;
}

export const SECRET_REFUSED = 'is a secret: inputs are stored and shown, so give a reference to it';
