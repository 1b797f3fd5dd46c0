/** For sibling packages. */
export { Ledger } from './ledger.ts';
export { SortedList } from './sorted-list.ts';
export { readThrottle } from './status.ts';
