/** The wire of Troupe: subjects, messages, headers, error codes. No I/O, no dependency. */
export { asyncApi } from './async-api.ts';
export { decodeToken, encodeToken } from './encoding.ts';
export { type Duration, durationMs, formatMs } from './duration.ts';
export {
  type ErrorCode,
  errorCodes,
  type ErrorPlace,
  isTroupeError,
  TroupeError,
  type TroupeErrorOptions,
  type WireError,
} from './errors.ts';
export { isLonger } from './fields.ts';
export { cleanContext, type Context, contextFromHeaders, contextToHeaders, headers } from './headers.ts';
export { encodeJson, type Json, type JsonObject, toJson } from './json.ts';
export {
  type Answer,
  type Command,
  type CommandOptions,
  type DeadLetter,
  type EventMessage,
  type Mail,
  type OperationStatus,
  type Outcome,
  type ResourcePatch,
  type ResourceRef,
  type StepOutcomeKind,
  type TaskEnded,
  type TaskMessage,
  taskMailTypes,
  type TaskOutcome,
  type TaskResult,
  WIRE_VERSION,
} from './messages.ts';
export { decodeObject, ID_LIMIT_CHARS, isInbox, NAME_LIMIT_CHARS, parseCommand, parseMail, parseTask } from './parse.ts';
export { parseAnswer, parseDeadLetter, parseEvent, parseTaskEnded, parseTaskResult } from './parse-reports.ts';
export { operationRecordSchema, operationTombstoneSchema } from './record-schemas.ts';
export type { JsonSchema } from './schema-parts.ts';
export {
  answerSchema,
  commandSchema,
  deadLetterSchema,
  eventSchema,
  mailSchema,
  taskEndedSchema,
  taskResultSchema,
  taskSchema,
  wireSchemas,
} from './schemas.ts';
export { type Address, createSubjects, isKey, type QueueClass, queueClasses, type Sender, type Subjects } from './subjects.ts';
export { asKind, asNeed, asScope, asTokens, throttleBounds } from './throttle-fields.ts';
export {
  type AcquireRequest,
  type ExplainRequest,
  LEASE_LIMIT_CHARS,
  type LimitRequest,
  type MaintenanceRequest,
  type ObserveRequest,
  parseThrottleAnswer,
  parseThrottleRequest,
  type RateRequest,
  type ReleaseRequest,
  type RenewRequest,
  type ThrottleAnswer,
  type ThrottleOrder,
  type ThrottleRequest,
  type ThrottleRequestKind,
  throttleRequests,
  throttleTimes,
} from './throttle-requests.ts';
export { throttleSchemas } from './throttle-schemas.ts';
export { taskProgressSchema, verbSchemas } from './verb-schemas.ts';
export { fromWireError, toWireError } from './wire-error.ts';
