import type { ResourceWrite } from '@troupe/actor';
import type { ResourceRef } from '@troupe/protocol';
import type { Run } from './run.ts';

/** Reads a resource: a write under an epoch that never was is always refused, and the refusal shows the record. */
export function lookAt(run: Run, ref: ResourceRef): ResourceWrite {
  return { op: 'change', ref: { kind: ref.kind, id: ref.id }, operation: run.op.key, epoch: -1, set: {} };
}
