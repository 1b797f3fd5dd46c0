/**
 * One subject token for any key.
 *
 * Keys and scopes may hold any character; a NATS subject token may not hold a dot, a wildcard or white space, and a KV
 * key allows fewer still. `=XX` (a byte of UTF-8 in hexadecimal) is legal in both, so one encoding serves both.
 */

const PLAIN = /^[A-Za-z0-9_-]+$/;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

function isPlainByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2d ||
    byte === 0x5f
  );
}

/** Encodes any string into one subject token, reversibly. The empty string becomes `=`. */
export function encodeToken(text: string): string {
  if (PLAIN.test(text)) return text;
  if (text === '') return '=';
  let out = '';
  for (const byte of encoder.encode(text)) {
    out += isPlainByte(byte) ? String.fromCharCode(byte) : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

/** Reverses {@link encodeToken}. Throws a `RangeError` on a token that it did not make. */
export function decodeToken(token: string): string {
  if (token === '=') return '';
  if (!token.includes('=')) {
    if (!PLAIN.test(token)) throw new RangeError(`not an encoded token: ${JSON.stringify(token)}`);
    return token;
  }
  const bytes: number[] = [];
  for (let i = 0; i < token.length; i++) {
    if (token[i] !== '=') {
      bytes.push(token.charCodeAt(i));
      continue;
    }
    const hex = token.slice(i + 1, i + 3);
    if (!/^[0-9A-F]{2}$/.test(hex)) throw new RangeError(`not an encoded token: ${JSON.stringify(token)}`);
    bytes.push(Number.parseInt(hex, 16));
    i += 2;
  }
  try {
    return decoder.decode(Uint8Array.from(bytes));
  } catch {
    throw new RangeError(`not an encoded token: ${JSON.stringify(token)}`);
  }
}
