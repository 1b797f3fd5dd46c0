/** Requests to the door of throttles and its answers, as version 1 first sent them: see `recorded.ts`. */
import type { Recorded } from './recorded.ts';

const lease = 'backup-17';
const holder = 'backup@host-3';
const scope = 'provider-1/tenant-7';

export const recordedThrottle: Readonly<Record<string, Recorded>> = {
  'throttle-acquire': {
    complete: [
      { v: 1, lease, scope, spend: { call: 3 }, within: 'backup-16' },
      {
        v: 1,
        lease,
        holder,
        scope,
        need: { instance: 1, volume: 2 },
        spend: { call: 3 },
        priority: 1,
        share: 'tenant-7',
        ttlMs: 60_000,
        waitMs: 10_000,
      },
    ],
    bare: [
      { v: 1, lease, scope, need: { instance: 1 } },
      { v: 1, lease, scope, spend: { call: 1 } },
    ],
  },
  'throttle-renew': { complete: [{ v: 1, lease, holder, fence: 3, ttlMs: 60_000 }], bare: [{ v: 1, lease, fence: 3 }] },
  'throttle-release': { complete: [{ v: 1, lease, holder, fence: 3, need: { volume: 2 } }], bare: [{ v: 1, lease }] },
  'throttle-explain': { complete: [{ v: 1, lease }], bare: [{ v: 1 }] },
  'throttle-limit': {
    complete: [{ v: 1, scope, kind: 'instance', limit: 4, by: 'ann' }],
    bare: [{ v: 1, scope, kind: 'instance', limit: null }],
  },
  'throttle-observe': {
    complete: [{ v: 1, lease, holder, fence: 3, refused: true, latencyMs: 12.5 }],
    bare: [{ v: 1, lease, fence: 3 }],
  },
  'throttle-rate': {
    complete: [
      { v: 1, scope, name: 'call', rate: { bucket: 20, refill: 5, every: '1s' }, by: 'ann' },
      { v: 1, scope, name: 'call', rate: { window: '1m', most: 100 } },
    ],
    bare: [{ v: 1, scope, name: 'call', rate: null }],
  },
  'throttle-maintenance': {
    complete: [{ v: 1, scope, on: true, by: 'ann', reason: 'new disks' }],
    bare: [{ v: 1, scope, on: false }],
  },
  'throttle-answer': {
    complete: [
      { v: 1, answer: 'granted', lease, fence: 3, scope, need: { instance: 1 } },
      { v: 1, answer: 'queued', lease, ahead: 2 },
      { v: 1, answer: 'renewed', lease, fence: 3 },
      { v: 1, answer: 'lost', lease },
      { v: 1, answer: 'released', lease, held: true },
      { v: 1, answer: 'observed', lease, held: true },
      { v: 1, answer: 'explained', explanation: { lease, state: 'held', text: 'holds 1 instance of provider-1 for 3 s' } },
      { v: 1, answer: 'refused', error: { code: 'malformed', message: 'acquire: scope must be a path such as a/b', field: 'scope' } },
    ],
    bare: [{ v: 1, answer: 'ordered' }],
  },
};
