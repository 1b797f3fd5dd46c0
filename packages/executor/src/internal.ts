/** For sibling packages: the mail between operations, throttles and front doors, and the stored root. */
export type {
  AcquireMail,
  ChildAnswered,
  ChildEnded,
  ChildMail,
  CommandMail,
  GrantedMail,
  HeldLease,
  LentResource,
  OverMail,
  RefusedMail,
  WatchMail,
} from './mail.ts';
export { commandDigest } from './operation/digest.ts';
export type { OperationRoot } from './operation/record.ts';
export type { OperationState } from './operation/state.ts';
