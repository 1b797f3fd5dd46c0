/**
 * How a resource lies in its bucket: the record as JSON, or a KV delete marker whose body says who removed it. To any
 * other client of the bucket a removed key looks removed. What others have put there is read as far as it goes.
 */
import type { AppliedWrite, Fence, ResourceRecord } from '@troupe/actor';
import { isTombstone, type StoredResource } from '@troupe/actor/internal';
import { encodeJson, type Json, type JsonObject, type ResourceRef, type WireError } from '@troupe/protocol';

const OPERATION = 'KV-Operation';
const NO_HEADERS: [string, string][] = [];

export function encodeResource(
  stored: StoredResource,
  tombstoneTtlMs: number,
): { body: string; headers: [string, string][]; ttlMs?: number } {
  if (isTombstone(stored)) return { body: encodeJson({ v: 1, ...stored }), headers: [[OPERATION, 'DEL']], ttlMs: tombstoneTtlMs };
  // the revision is the sequence of the message, known only after it was stored
  const { revision: _, ...fields } = stored;
  return { body: encodeJson({ v: 1, ...fields }), headers: NO_HEADERS };
}

/** Undefined for a key that is purged, expired or holds what is no JSON object. */
export function decodeResource(
  ref: ResourceRef,
  text: string,
  header: (name: string) => string,
  revision: number,
): StoredResource | undefined {
  const f = parseObject(text);
  if (f === undefined) return undefined;
  const { kind, id } = ref;
  const epoch = number(f['epoch']);
  const fence = decodeFence(f['fence'], epoch);
  if (header(OPERATION) !== '') {
    if (typeof f['removedBy'] !== 'string') return undefined;
    return { kind, id, removedBy: f['removedBy'], fence, modified: number(f['modified']) };
  }
  return {
    kind,
    id,
    state: textOf(f['state']),
    runtimeState: textOf(f['runtimeState']),
    backendId: textOf(f['backendId']),
    error: isObject(f['error']) ? (f['error'] as unknown as WireError) : null,
    action: textOf(f['action']),
    actionDetails: (f['actionDetails'] ?? null) as Json,
    currentOperation: typeof f['currentOperation'] === 'string' ? f['currentOperation'] : null,
    epoch,
    data: isObject(f['data']) ? (f['data'] as JsonObject) : {},
    modified: number(f['modified']),
    revision,
    rested: isObject(f['rested']) ? (f['rested'] as unknown as ResourceRecord['rested']) : null,
    fence,
  };
}

function decodeFence(value: unknown, epoch: number): Fence {
  const f = isObject(value) ? value : {};
  const applied = Array.isArray(f['applied']) ? (f['applied'] as AppliedWrite[]) : [];
  return {
    epoch: f['epoch'] === undefined ? epoch : number(f['epoch']),
    turn: number(f['turn']),
    applied,
    forgotten: number(f['forgotten']),
    ...(typeof f['promised'] === 'string' ? { promised: f['promised'] } : {}),
  };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
