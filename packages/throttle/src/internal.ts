/** For sibling packages. */
export { Ledger } from './ledger.ts';
