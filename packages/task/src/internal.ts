/** For sibling packages. */
export { Slots } from './slots.ts';
