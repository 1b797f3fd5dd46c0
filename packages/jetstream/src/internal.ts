/** For sibling packages: the parts that hosts are made of. */
export { createRecordStore, readTombstone, type RecordStoreOptions } from './record-store.ts';
export { inboxPrefixOf, watchConnection, type WireConnection } from './connection.ts';
export { readDirect, readLast, type StoredMessage } from './direct-get.ts';
export { encodeMail } from './mail-codec.ts';
export { readPaged } from './paged-read.ts';
export { type ApiError, publishError } from './publish-errors.ts';
export { createDeadLetters, type DeadLetters } from './dead-letters.ts';
export { encodeHeaders } from './wire-headers.ts';
export { createHeartbeats, type Heartbeats, type HeartbeatsOptions } from './heartbeats.ts';
export { parseAckSubject } from './pulled-message.ts';
export { createPuller, type PulledMessage, type Puller, type PullerEvent, type PullerOptions } from './puller.ts';
export { partitionRanks } from './ranks.ts';
export { taskDurable, wantedTopology, type WantedStream } from './topology.ts';
export { type CurrentStream, planTopology } from './topology-plan.ts';
export { createHighWater, type HighWaterMonitor } from './high-water.ts';
export { highWaterMarks, overloads, overloadText } from './marks.ts';
