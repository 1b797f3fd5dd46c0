/** Reads what tells about something that has happened: answers, outcomes, events, dead letters, results. */
import type { WireError } from './errors.ts';
import { asAnyText, asBoolean, asInteger, asNumber, asObject, asOneOf, asText, type Fields, wrong } from './fields.ts';
import type { Json } from './json.ts';
import type { Answer, DeadLetter, EventMessage, OperationStatus, Outcome, TaskEnded, TaskOutcome, TaskResult } from './messages.ts';
import { checkTask, decodeObject } from './parse.ts';

export const outcomes = ['succeeded', 'failed', 'cancelled', 'superseded', 'aborted', 'rejected'] as const satisfies readonly Outcome[];
export const operationStatuses = [
  'accepting',
  'running',
  'cancelling',
  'paused',
  'parked',
  'ended',
] as const satisfies readonly OperationStatus[];
export const answerKinds = ['accepted', 'queued', 'duplicate', 'rejected', 'ended'] as const satisfies readonly Answer['answer'][];
export const taskOutcomeKinds = ['succeeded', 'failed', 'unknown', 'cancelled'] as const satisfies readonly TaskOutcome['kind'][];

/** Reads an answer. Throws `malformed` or `unsupported_version`. */
export function parseAnswer(data: Uint8Array): Answer {
  const f = decodeObject(data, 'answer');
  const kind = asOneOf(f['answer'], answerKinds, 'answer', 'answer');
  // a rejection of what could not be read names no operation
  if (kind === 'rejected') asAnyText(f['operation'], 'answer', 'operation');
  else asText(f['operation'], 'answer', 'operation');
  switch (kind) {
    case 'accepted':
      break;
    case 'queued':
      asText(f['behind'], 'answer', 'behind');
      break;
    case 'duplicate':
      asOneOf(f['status'], operationStatuses, 'answer', 'status');
      if (f['outcome'] !== undefined) asOneOf(f['outcome'], outcomes, 'answer', 'outcome');
      if (f['error'] !== undefined) checkError(f['error'], 'answer', 'error');
      break;
    case 'rejected':
      checkError(f['error'], 'answer', 'error');
      break;
    case 'ended':
      asOneOf(f['outcome'], outcomes, 'answer', 'outcome');
      if (f['error'] !== undefined) checkError(f['error'], 'answer', 'error');
  }
  return f as unknown as Answer;
}

/** Reads the body of the mail `task.ended`. Throws `malformed`. */
export function parseTaskEnded(body: Json): TaskEnded {
  const f = asObject(body, 'task.ended', '');
  if (f['step'] !== undefined) asText(f['step'], 'task.ended', 'step');
  asInteger(f['attempt'], 'task.ended', 'attempt', 1);
  asText(f['token'], 'task.ended', 'token');
  const outcome = checkOutcome(f['outcome'], 'task.ended', 'outcome');
  asText(f['worker'], 'task.ended', 'worker');
  asNumber(f['startedAt'], 'task.ended', 'startedAt');
  asNumber(f['endedAt'], 'task.ended', 'endedAt');
  const message = f['message'] === undefined ? undefined : checkLoneMessage(f['message']);
  return { ...f, outcome, ...(message === undefined ? {} : { message }) } as unknown as TaskEnded;
}

function checkLoneMessage(value: unknown): TaskEnded['message'] {
  const m = asObject(value, 'task.ended', 'message');
  const subject = asText(m['subject'], 'task.ended', 'message.subject');
  const body = asObject(m['body'], 'task.ended', 'message.body');
  if (body['v'] !== 1) throw wrong('task.ended', 'message.body.v', 'must be 1');
  return { subject, body: checkTask(body, 'task.ended', 'message.body.') };
}

/** Reads an event. Throws `malformed` or `unsupported_version`. */
export function parseEvent(data: Uint8Array): EventMessage {
  const f = decodeObject(data, 'event');
  asText(f['id'], 'event', 'id');
  const topic = f['topic'];
  if (!Array.isArray(topic) || topic.length === 0) throw wrong('event', 'topic', 'must be a list of words');
  for (const [i, word] of topic.entries()) asAnyText(word, 'event', `topic.${i}`);
  asNumber(f['at'], 'event', 'at');
  return { ...f, body: f['body'] ?? null } as unknown as EventMessage;
}

/** Reads a dead letter. Throws `malformed` or `unsupported_version`. */
export function parseDeadLetter(data: Uint8Array): DeadLetter {
  const f = decodeObject(data, 'dead letter');
  asText(f['reason'], 'dead letter', 'reason');
  checkError(f['error'], 'dead letter', 'error');
  asInteger(f['attempts'], 'dead letter', 'attempts', 0);
  asText(f['subject'], 'dead letter', 'subject');
  const names = asObject(f['headers'], 'dead letter', 'headers');
  for (const name of Object.keys(names)) asAnyText(names[name], 'dead letter', `headers.${name}`);
  asAnyText(f['body'], 'dead letter', 'body');
  if (f['encoding'] !== undefined) asOneOf(f['encoding'], ['base64'], 'dead letter', 'encoding');
  if (f['omittedBytes'] !== undefined) asInteger(f['omittedBytes'], 'dead letter', 'omittedBytes', 0);
  asNumber(f['at'], 'dead letter', 'at');
  return f as unknown as DeadLetter;
}

/** Reads the result of a task that was sent alone. Throws `malformed` or `unsupported_version`. */
export function parseTaskResult(data: Uint8Array): TaskResult {
  const f = decodeObject(data, 'result');
  asText(f['id'], 'result', 'id');
  asText(f['task'], 'result', 'task');
  asInteger(f['attempt'], 'result', 'attempt', 1);
  const outcome = checkOutcome(f['outcome'], 'result', 'outcome');
  asNumber(f['endedAt'], 'result', 'endedAt');
  return { ...f, outcome } as unknown as TaskResult;
}

function checkOutcome(value: unknown, what: string, field: string): TaskOutcome {
  const o = asObject(value, what, field);
  const kind = asOneOf(o['kind'], taskOutcomeKinds, what, `${field}.kind`);
  switch (kind) {
    case 'succeeded':
      if (o['patch'] !== undefined) checkPatch(o['patch'], what, `${field}.patch`);
      return { ...o, output: o['output'] ?? null } as unknown as TaskOutcome;
    case 'failed':
      checkError(o['error'], what, `${field}.error`);
      if (o['retryAfterMs'] !== undefined) asNumber(o['retryAfterMs'], what, `${field}.retryAfterMs`, 0);
      if (o['userMessage'] !== undefined) asAnyText(o['userMessage'], what, `${field}.userMessage`);
      break;
    case 'unknown':
      checkError(o['error'], what, `${field}.error`);
      break;
    case 'cancelled':
  }
  return o as unknown as TaskOutcome;
}

function checkPatch(value: unknown, what: string, field: string): void {
  const p = asObject(value, what, field);
  if (p['runtimeState'] !== undefined) asAnyText(p['runtimeState'], what, `${field}.runtimeState`);
  if (p['backendId'] !== undefined) asAnyText(p['backendId'], what, `${field}.backendId`);
  if (p['data'] !== undefined) asObject(p['data'], what, `${field}.data`);
}

/** Codes are not checked against the catalogue: handlers have their own, and a newer sender has more. */
function checkError(value: unknown, what: string, field: string): WireError {
  let at = field;
  for (let error: unknown = value; ; at = `${at}.cause`) {
    const e: Fields = asObject(error, what, at);
    asText(e['code'], what, `${at}.code`);
    asAnyText(e['message'], what, `${at}.message`);
    if (e['retryable'] !== undefined) asBoolean(e['retryable'], what, `${at}.retryable`);
    if (e['field'] !== undefined) asAnyText(e['field'], what, `${at}.field`);
    if (e['stack'] !== undefined) asAnyText(e['stack'], what, `${at}.stack`);
    if (e['userMessage'] !== undefined) asAnyText(e['userMessage'], what, `${at}.userMessage`);
    if (e['cause'] === undefined) return value as WireError;
    error = e['cause'];
  }
}
