/**
 * One subject token for any key.
 *
 * Keys and scopes may hold any character; a NATS subject token may not hold a dot, a wildcard or white space, and a KV
 * key allows fewer still. `=XX` (a byte of UTF-8 in hexadecimal) is legal in both, so one encoding serves both. Half of
 * a surrogate pair has no UTF-8; it becomes `=uXXXX`, because a key that cannot be told from another is worse than an ugly one.
 */

const PLAIN = /^[A-Za-z0-9_-]+$/;
const HALF_PAIR = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;
const encoder = new TextEncoder();
// a byte order mark is a character of the key like any other
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function isPlainByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a) || byte === 0x2d || byte === 0x5f
  );
}

/** Encodes any string into one subject token, reversibly. The empty string becomes `=`. */
export function encodeToken(text: string): string {
  if (PLAIN.test(text)) return text;
  if (text === '') return '=';
  let out = '';
  let from = 0;
  for (const half of text.matchAll(HALF_PAIR)) {
    out += `${encodeBytes(text.slice(from, half.index))}=u${half[0].charCodeAt(0).toString(16).toUpperCase()}`;
    from = half.index + 1;
  }
  return out + encodeBytes(text.slice(from));
}

function encodeBytes(text: string): string {
  let out = '';
  for (const byte of encoder.encode(text)) {
    out += isPlainByte(byte) ? String.fromCharCode(byte) : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

/** Reverses {@link encodeToken}. Throws a `RangeError` on a token that it did not make. */
export function decodeToken(token: string): string {
  if (PLAIN.test(token)) return token;
  if (token === '=') return '';
  let out = '';
  let bytes: number[] = [];
  const flush = (): void => {
    out += decodeBytes(token, bytes);
    bytes = [];
  };
  for (let i = 0; i < token.length; i++) {
    if (token[i] !== '=') {
      bytes.push(token.charCodeAt(i));
    } else if (token[i + 1] === 'u') {
      flush();
      const hex = token.slice(i + 2, i + 6);
      if (!/^D[89A-F][0-9A-F]{2}$/.test(hex)) throw notMade(token);
      out += String.fromCharCode(Number.parseInt(hex, 16));
      i += 5;
    } else {
      const hex = token.slice(i + 1, i + 3);
      if (!/^[0-9A-F]{2}$/.test(hex)) throw notMade(token);
      bytes.push(Number.parseInt(hex, 16));
      i += 2;
    }
  }
  flush();
  // one key, one token: `=41` reads as A, but two tokens for one key would be two entities
  if (encodeToken(out) !== token) throw notMade(token);
  return out;
}

function decodeBytes(token: string, bytes: readonly number[]): string {
  try {
    return decoder.decode(Uint8Array.from(bytes));
  } catch {
    throw notMade(token);
  }
}

function notMade(token: string): RangeError {
  return new RangeError(`not an encoded token: ${JSON.stringify(token)}`);
}
