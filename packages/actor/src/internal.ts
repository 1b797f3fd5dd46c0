/** For sibling packages: the ports that adapters implement. */
export type {
  CommitOutcome,
  Delivery,
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
