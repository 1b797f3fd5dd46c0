/** Bodies of verbs and of what workers say, as version 1 first sent them, and records as its readers find them: see `recorded.ts`. */
import type { Recorded } from './recorded.ts';

const by = 'ann';
const reason = 'the cloud is under repair';
const head = { executor: 'volume.create', family: 'create', digest: 'Zm9v', class: 'regular', createdAt: '2026-11-25T10:00:00.000Z' };
const fromHost = { w: 'kd7aoqjzpvm3t2xw.4', fx: [], in: [], nx: {} };

export const recordedBodies: Readonly<Record<string, Recorded>> = {
  'verb.cancel': { complete: [{ by, reason, compensate: false }], bare: [{}] },
  'verb.pause': { complete: [{ by, reason }], bare: [{}] },
  'verb.resume': { complete: [{ by, reason }], bare: [{}] },
  'verb.skip': { complete: [{ by, reason, step: 'create', output: { id: 'v-1' } }], bare: [{ step: 'create' }] },
  'verb.kill': { complete: [{ by, reason }], bare: [{}] },
  'verb.retry': { complete: [{ by, reason, step: 'attach', output: null }], bare: [{}] },
  'verb.signal': { complete: [{ by, name: 'approved', data: { size: 10 } }], bare: [{ name: 'approved' }] },
  'verb.define': {
    complete: [{ by, definition: { timing: { cron: '0 2 * * *', zone: 'UTC' }, missed: 'latest', task: { name: 'sync' } } }],
    bare: [{ definition: { timing: { every: '1h' } } }],
  },
  'verb.runNow': { complete: [{ by, reason }], bare: [{}] },
  'verb.delete': { complete: [{ by, reason }], bare: [{}] },
  'verb.release': { complete: [{ by }], bare: [{}] },
  setLimit: {
    complete: [{ by, scope: 'provider-1/tenant-7', kind: 'instance', limit: 4 }],
    bare: [{ scope: 'provider-1', kind: 'instance', limit: null }],
  },
  setRate: {
    complete: [
      { by, scope: 'provider-1/tenant-7', name: 'call', rate: { bucket: 20, refill: 5, every: '1s' } },
      { by, scope: 'provider-1', name: 'call', rate: { window: '1m', most: 100 } },
    ],
    bare: [{ scope: 'provider-1', name: 'call', rate: null }],
  },
  setMaintenance: { complete: [{ by, reason, scope: 'provider-1/tenant-7', on: true }], bare: [{ scope: 'provider-1', on: false }] },
  'task-progress': {
    complete: [{ step: '0.1', attempt: 2, token: 'n5wlfx27ahqkd3me', progress: { percent: 40 } }],
    bare: [{ step: null, attempt: 1, token: 'a', progress: null }],
  },
  'operation-record': {
    complete: [
      {
        v: 1,
        ...fromHost,
        s: {
          v: 1,
          phase: 'accepting',
          head: { ...head, queue: true },
          accepting: { index: 0, tries: 1, waitFor: { ref: { kind: 'volume', id: '17' }, operation: 'o-0' } },
          progress: { done: 0, total: 0, logged: 0 },
          resources: [{ kind: 'volume', id: '17', family: 'create', epoch: 0, before: '', state: 'OK', runtimeState: '', backendId: '' }],
        },
      },
      {
        v: 1,
        ...fromHost,
        s: {
          v: 1,
          phase: 'running',
          head,
          progress: {
            done: 1,
            total: 3,
            logged: 0,
            acceptedAt: 1_795_590_000_000,
            deadline: 1_795_590_600_000,
            paused: { at: 1_795_590_100_000, by, reason, starts: [], timers: [] },
            stop: { outcome: 'cancelled', error: { code: 'cancelled', message: 'cancelled by ann' } },
          },
          active: {
            '0.1': { k: 'step', p: 'retry', s: 1_795_590_000_100, n: 2, t: ['a', 'b'], id: 'x' },
            '0.2': { k: 'signal', s: 1_795_590_000_100 },
          },
        },
      },
      {
        v: 1,
        ...fromHost,
        s: {
          v: 1,
          phase: 'ended',
          head,
          progress: {
            done: 1,
            total: 3,
            logged: 1,
            outcome: 'failed',
            endedAt: 1_795_590_000_000,
            failedStep: 'create',
            output: null,
            error: { code: 'step_failed', message: 'no quota' },
          },
        },
      },
      { v: 1, ...fromHost, q: { reason: 'its turns fail', at: 1_795_590_000_000, message: 'operation/o-1@n.4' } },
    ],
    bare: [
      { v: 1, s: { v: 1, phase: 'running', head: { executor: '', class: 'regular', createdAt: '' }, progress: { done: 0, total: 0 } } },
    ],
  },
  'operation-tombstone': {
    complete: [
      { id: 'o-1', executor: 'volume.create', outcome: 'failed', digest: 'Zm9v', endedAt: 1_795_590_000_000, error: 'step_failed' },
    ],
    bare: [{ id: 'o-1', executor: '', outcome: 'succeeded', endedAt: 0 }],
  },
};
