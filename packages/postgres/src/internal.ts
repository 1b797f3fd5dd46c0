/** For sibling packages. */
export { decodeText, decodeValue, encodeText, encodeValue } from './text-codec.ts';
