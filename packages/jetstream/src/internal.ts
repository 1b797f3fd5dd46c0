/** For sibling packages: the parts that hosts are made of. */
export { createRecordStore, readTombstone, type RecordStoreOptions } from './record-store.ts';
