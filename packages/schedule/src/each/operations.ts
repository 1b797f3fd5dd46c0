/** An object whose run is an operation: one command, under an id that the nominal time and the object give it. */
import { createHash } from 'node:crypto';
import type { Effect, TurnContext } from '@troupe/actor';
import type { Json } from '@troupe/protocol';
import { type OperationEnd, operationOf } from '../execute.ts';
import type { EachExecute } from './definition.ts';
import type { ListedObject } from './listing.ts';
import type { FanoutCounts } from './state.ts';

/** The same for the same object of one nominal time; keys with other letters are hashed, so that no two have one id. */
export function objectOperation(schedule: string, run: string, key: string): string {
  const name = /^[A-Za-z0-9_-]+$/.test(key) ? key : `~${createHash('sha256').update(key).digest('base64url').slice(0, 22)}`;
  return operationOf(schedule, `${run}.${name}`);
}

export function objectCommand(
  operation: string,
  { executor, kind, options }: EachExecute,
  { key, input, resource }: ListedObject,
  { self, now }: TurnContext,
): Effect {
  const taken = resource ?? (kind === undefined ? undefined : { kind, id: key });
  const command = {
    v: 1,
    id: operation,
    executor,
    ...(taken === undefined ? {} : { resource: taken }),
    ...(options === undefined ? {} : { options }),
    input,
    createdAt: new Date(now).toISOString(),
  };
  const parent = { kind: self.kind, operation: self.key, node: operation, leases: [] };
  return { type: 'send', to: { kind: 'operation', key: operation }, mail: { type: 'child', body: { command, parent } as unknown as Json } };
}

/** Where its end is counted. */
export function countOf({ ended, code }: OperationEnd): 'succeeded' | 'failed' | 'cancelled' | Extract<keyof FanoutCounts, 'conflicted'> {
  if (ended === 'succeeded' || ended === 'cancelled') return ended;
  return ended === 'rejected' && code === 'conflict' ? 'conflicted' : 'failed';
}
