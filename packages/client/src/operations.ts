/** Shows operations: one, many, and why one waits. Needs the right to read STATE. */
import { explainOperation, type Explanation } from '@troupe/executor';
import type { OperationStatus, Outcome } from '@troupe/protocol';
import { unknownOperation } from './errors.ts';
import { Latest } from './latest.ts';
import { entityInfo, type OperationInfo, operationInfo, tombstoneInfo } from './operation-info.ts';
import { limitOf } from './options.ts';
import type { Reader } from './reader.ts';
import type { Session } from './session.ts';

export interface OperationFilter {
  readonly status?: OperationStatus | readonly OperationStatus[];
  readonly outcome?: Outcome | readonly Outcome[];
  readonly executor?: string;
  /** Only operations that ended with an error of this code. */
  readonly error?: string;
  /** Only operations that own, or owned, this resource. */
  readonly resource?: { readonly kind: string; readonly id?: string };
  /** Those that changed last. Default 100. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

const address = (id: string) => ({ kind: 'operation', key: id });

/** What the throttle of a scope says about a waiting lease, if anybody can tell. */
export type LeaseExplainer = (wait: { readonly lease: string; readonly scope: string }, now: number) => Promise<string | undefined>;

export async function getOperation(reader: Reader, id: string): Promise<OperationInfo | undefined> {
  const stored = await reader.entity(address(id));
  return stored === undefined ? tombstoneInfo(id, await reader.tombstone(address(id))) : entityInfo(id, stored);
}

/** Newest change first. Reads all of them page by page, keeps `limit`. */
export async function listOperations(reader: Reader, filter: OperationFilter): Promise<OperationInfo[]> {
  const { signal } = filter;
  const found = new Latest<OperationInfo>(limitOf(filter.limit));
  for await (const stored of reader.roots('operation')) {
    signal?.throwIfAborted();
    const info = operationInfo(stored);
    if (info === undefined || !matches(info, filter)) continue;
    found.push(info);
  }
  return found.newestFirst();
}

export function matches(info: OperationInfo, { status, outcome, executor, error, resource }: OperationFilter): boolean {
  if (executor !== undefined && info.executor !== executor) return false;
  if (status !== undefined && ![status].flat().includes(info.status)) return false;
  if (outcome !== undefined && (info.outcome === undefined || ![outcome].flat().includes(info.outcome))) return false;
  if (error !== undefined && info.error?.code !== error) return false;
  if (resource === undefined) return true;
  return info.resources.some(({ kind, id }) => kind === resource.kind && (resource.id === undefined || id === resource.id));
}

/** Throws `unknown_operation`. */
export async function explain(
  session: Session,
  reader: Reader,
  id: string,
  lease: LeaseExplainer,
): Promise<Explanation & { readonly view: OperationInfo }> {
  const stored = await reader.entity(address(id));
  const view = stored === undefined ? tombstoneInfo(id, await reader.tombstone(address(id))) : entityInfo(id, stored);
  if (view === undefined) throw unknownOperation(id);
  if (stored?.record === undefined) return { view, waits: [], holds: [], summary: shortSummary(view) };
  const now = await session.now();
  const explanation = await explainOperation(id, stored.record, {
    now,
    lease: (wait) => lease(wait, now),
    operation: (other) => summaryOf(reader, other),
  });
  const summary = view.quarantine === undefined ? explanation.summary : `${shortSummary(view)}; before that: ${explanation.summary}`;
  return { ...explanation, view, summary };
}

async function summaryOf(reader: Reader, id: string): Promise<string | undefined> {
  const stored = await reader.root(address(id));
  const info = stored === undefined ? tombstoneInfo(id, await reader.tombstone(address(id))) : operationInfo(stored);
  return info === undefined ? 'there is no record of it' : shortSummary(info);
}

function shortSummary(info: OperationInfo): string {
  if (info.quarantine !== undefined) return `in quarantine since ${new Date(info.quarantine.at).toISOString()}: ${info.quarantine.reason}`;
  if (info.outcome !== undefined)
    return `${info.isExpired === true ? 'expired: ' : ''}ended ${info.outcome}${info.error === undefined ? '' : `: ${info.error.message}`}`;
  return `${info.state}, ${info.steps.done} of ${info.steps.total} steps`;
}
