/** For sibling packages. */
export { isDenied } from './errors.ts';
