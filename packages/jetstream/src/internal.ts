/** For sibling packages: the parts that hosts are made of. */
export { createRecordStore, readTombstone, type RecordStoreOptions } from './record-store.ts';
export { inboxPrefixOf, watchConnection, type WireConnection } from './connection.ts';
export { readLast, type StoredMessage } from './direct-get.ts';
export { encodeMail } from './mail-codec.ts';
export { readPaged } from './paged-read.ts';
export { type ApiError, publishError } from './publish-errors.ts';
export { createDeadLetters, type DeadLetters } from './dead-letters.ts';
export { encodeHeaders } from './wire-headers.ts';
