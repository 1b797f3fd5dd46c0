/** For sibling packages: the ports that adapters implement. */
export { entityRecordOf } from './entity-record.ts';
export type {
  CommitOutcome,
  Delivery,
  EffectEnded,
  EffectSink,
  EmitContext,
  InputRef,
  InputStreams,
  ItemName,
  LoadedRecord,
  RecordStore,
  RootRecord,
  StoredItem,
} from './ports.ts';
export { type ResourceEvent, type ResourceEventBody, resourceEvents } from './resource-events.ts';
export {
  decideWrite,
  isTombstone,
  REMEMBERED_WRITES,
  type ResourceTombstone,
  type StoredResource,
  untouched,
  type WriteDecision,
  type WriteStamp,
} from './resource-rules.ts';
export type {
  PullRequest,
  StartMark,
  TaskDelivery,
  TaskQueue,
  TaskReceiver,
  TaskRecords,
  TaskReply,
  TaskSource,
  WaiterRecord,
} from './task-port.ts';
