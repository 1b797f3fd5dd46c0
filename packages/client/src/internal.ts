/** For sibling packages. */
export { isDenied } from './errors.ts';
export { checkPlace } from './subscription-place.ts';
