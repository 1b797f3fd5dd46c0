/** For sibling packages. */
export { Slots } from './slots.ts';
export { checkNow } from './schema.ts';
