/** How operations ended, as it is told and as it is stored. */
import type { Answer, Json, Outcome, WireError } from '@troupe/protocol';
import { operationInfo, tombstoneInfo } from './operation-info.ts';
import type { Reader } from './reader.ts';

/** The end of an operation. `output` only of one that put something out, `error` only where it went wrong. */
export interface OperationEnd {
  readonly outcome: Outcome;
  readonly output?: Json;
  readonly error?: WireError;
}

/** The end that an answer tells, if it tells one. */
export function endOfAnswer(answer: Answer): OperationEnd | undefined {
  switch (answer.answer) {
    case 'ended':
      return endOf(answer);
    case 'duplicate':
      return answer.status === 'ended' && answer.outcome !== undefined ? endOf({ ...answer, outcome: answer.outcome }) : undefined;
    case 'rejected':
      return { outcome: 'rejected', error: answer.error };
    case 'accepted':
    case 'queued':
      return undefined;
  }
}

export type Found = OperationEnd | 'accepting' | 'running' | 'unknown';

/** What the record says, or what is left of it: one or two reads. Throws `not_permitted`, `unavailable`. */
export async function lookUp(reader: Reader, id: string): Promise<Found> {
  const address = { kind: 'operation', key: id };
  const stored = await reader.root(address);
  const info = stored === undefined ? tombstoneInfo(id, await reader.tombstone(address)) : operationInfo(stored);
  if (info === undefined) return 'unknown';
  if (info.status !== 'ended') return info.status === 'accepting' ? 'accepting' : 'running';
  return endOf({ ...info, outcome: info.outcome ?? 'aborted' });
}

function endOf({ outcome, output, error }: OperationEnd): OperationEnd {
  return { outcome, ...(output === undefined ? {} : { output }), ...(error === undefined ? {} : { error }) };
}
