/**
 * Messages of version 1 as they were first sent, one complete and one bare of each shape. They are never changed: what
 * was on a wire or in a stream once must be read for as long as version 1 is.
 */
import type { Json } from '@troupe/protocol';

const task = {
  v: 1,
  id: 'operation/o-1@kd7aoqjzpvm3t2xw.4',
  task: 'volume.create',
  input: { size: 10, name: 'data' },
  attempt: 2,
  attempts: 5,
  replyTo: { kind: 'operation', key: 'o-1' },
  step: '0.1',
  token: 'n5wlfx27ahqkd3me',
  resource: { kind: 'volume', id: '17' },
  fence: { epoch: 3, lease: 41 },
  idempotencyToken: 'o-1:0.1',
  timeLimitMs: 60_000,
  deadline: 1_795_600_000_000,
  orderedAt: 1_795_590_000_123,
  reconcile: true,
  resultTtlMs: 86_400_000,
};
const bareTask = {
  v: 1,
  id: 't-1',
  task: 'report.send',
  attempt: 1,
  attempts: 1,
  token: 'a',
  idempotencyToken: 't-1',
  timeLimitMs: 1_000,
  orderedAt: 1_795_590_000_000,
};
const error = {
  code: 'step_failed',
  message: 'the step create failed after 5 attempts',
  retryable: false,
  userMessage: 'There is no such address.',
  field: 'input.size',
  data: { step: 'create', attempts: 5 },
  stack: 'Error: no quota\n    at run',
  cause: { code: 'quota_exceeded', message: 'no quota', cause: { code: 'internal', message: '' } },
};
const bareError = { code: 'x', message: '' };

export interface Recorded {
  /** Every field that version 1 knows. */
  readonly complete: readonly Json[];
  /** Only what is required. */
  readonly bare: readonly Json[];
}

export const recorded: Readonly<Record<string, Recorded>> = {
  command: {
    complete: [
      {
        v: 1,
        id: 'o-1',
        executor: 'volume.create',
        resource: { kind: 'volume', id: '17' },
        input: { size: 10 },
        options: { force: true, onConflict: 'queue', class: 'heavy' },
        createdAt: '2026-11-25T10:00:00.123Z',
        replyTo: '_INBOX_producer.NATSQ5X0.1',
      },
      {
        v: 1,
        id: 'größe 😀 a.b/c*>',
        executor: 'backup.all',
        resources: [
          { kind: 'volume', id: '17' },
          { kind: 'instance', id: 'i.1' },
        ],
        input: [1, 'two', null],
        createdAt: '2026-11-25T12:00:00+02:00',
        replyTo: '_INBOX.abc',
      },
    ],
    bare: [{ v: 1, id: 'o', executor: 'x', createdAt: '2026-11-25T10:00:00Z' }],
  },
  answer: {
    complete: [
      { v: 1, operation: 'o-1', answer: 'accepted' },
      { v: 1, operation: 'o-1', answer: 'queued', behind: 'o-0' },
      { v: 1, operation: 'o-1', answer: 'duplicate', status: 'ended', outcome: 'succeeded', output: { volume: 'v-1' }, error },
      { v: 1, operation: '', answer: 'rejected', error },
      { v: 1, operation: 'o-1', answer: 'ended', outcome: 'failed', output: null, error },
    ],
    bare: [
      { v: 1, operation: 'o-1', answer: 'duplicate', status: 'running' },
      { v: 1, operation: 'o-1', answer: 'rejected', error: bareError },
      { v: 1, operation: 'o-1', answer: 'ended', outcome: 'cancelled' },
    ],
  },
  mail: {
    complete: [
      {
        v: 1,
        id: 'operation/o-1@kd7aoqjzpvm3t2xw.7',
        type: 'timer.poll',
        body: { node: '0.1' },
        from: { kind: 'operation', key: 'o-1' },
        timer: 'operation/o-1@kd7aoqjzpvm3t2xw.7',
        tries: 2,
        sender: 'timer',
      },
    ],
    bare: [{ v: 1, id: 'm', type: 'release' }],
  },
  task: { complete: [task], bare: [bareTask] },
  'task-ended': {
    complete: [
      {
        step: '0.1',
        attempt: 2,
        token: 'n5wlfx27ahqkd3me',
        outcome: { kind: 'succeeded', output: { id: 'v-1' }, patch: { runtimeState: 'creating', backendId: 'v-1', data: { size: 10 } } },
        worker: 'host-1/default',
        startedAt: 1_795_590_000_200,
        endedAt: 1_795_590_001_000,
        message: { subject: 'troupe.task.regular.default.volume=2Ecreate', body: task },
      },
      {
        step: '0.1',
        attempt: 1,
        token: 'a',
        outcome: { kind: 'failed', error, retryAfterMs: 5_000, userMessage: 'The quota is used up.' },
        worker: 'w',
        startedAt: 1,
        endedAt: 2,
        message: { subject: 's', body: bareTask },
      },
    ],
    bare: [
      { attempt: 1, token: 'a', outcome: { kind: 'cancelled' }, worker: 'w', startedAt: 1, endedAt: 2 },
      { attempt: 1, token: 'a', outcome: { kind: 'unknown', error: bareError }, worker: 'w', startedAt: 1, endedAt: 2 },
      { attempt: 1, token: 'a', outcome: { kind: 'failed', error: bareError }, worker: 'w', startedAt: 1, endedAt: 2 },
    ],
  },
  event: {
    complete: [
      {
        v: 1,
        id: 'operation/o-1@n.3',
        topic: ['operation', 'volume.create', 'o-1', 'ended'],
        at: 1_795_590_000_000,
        body: { outcome: 'succeeded' },
      },
    ],
    bare: [{ v: 1, id: 'e', topic: [''], at: 0 }],
  },
  'dead-letter': {
    complete: [
      {
        v: 1,
        reason: 'malformed',
        error,
        attempts: 3,
        subject: 'troupe.command.x',
        headers: { 'Nats-Msg-Id': '7', 'Troupe-Context-user': 'ann' },
        body: '/w==',
        encoding: 'base64',
        at: 1_795_590_000_000,
      },
      { v: 1, reason: 'x', error, attempts: 5, subject: 's', headers: {}, body: '', omittedBytes: 900_000, at: 1_795_590_000_000 },
    ],
    bare: [{ v: 1, reason: 'x', error: bareError, attempts: 0, subject: 's', headers: {}, body: '', at: 0 }],
  },
  'task-result': {
    complete: [
      {
        v: 1,
        id: 't-1',
        task: 'report.send',
        attempt: 2,
        outcome: { kind: 'succeeded', output: { pages: 3 }, patch: { runtimeState: 'sent', backendId: 'r-1', data: { pages: 3 } } },
        endedAt: 1_795_590_000_000,
      },
      {
        v: 1,
        id: 't-2',
        task: 'report.send',
        attempt: 5,
        outcome: { kind: 'failed', error, retryAfterMs: 1_000, userMessage: 'There is no such address.' },
        endedAt: 1_795_590_000_000,
      },
    ],
    bare: [{ v: 1, id: 't', task: 'x', attempt: 1, outcome: { kind: 'cancelled' }, endedAt: 0 }],
  },
};
