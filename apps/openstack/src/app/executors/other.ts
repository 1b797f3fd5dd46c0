/** What several operations share: when a machine is given up, and how they deal with rows that they do not own. */
import { attempt, chain, child, type ExecutorDefinition, nothing, type PlanNode, wait } from '@troupe/executor';
import type { Json, ResourceRef } from '@troupe/protocol';

/** Where polls of a machine give up: one that is gone will not come to anything, and that is a failure. */
export const untilBroken = {
  fail: { runtimeState: ['ERROR'] },
  gone: { runtimeState: ['DELETED', 'SOFT_DELETED'], means: 'failure' },
} as const;

/** Waits until the resource rests, then runs an operation on it. Somebody may take it in between: then the child queues. */
export function restThen(id: string, executor: ExecutorDefinition, resource: ResourceRef, input?: Json): PlanNode {
  return chain(
    wait(`rest ${id}`, { resource, until: ['OK', 'ERRED'], deadline: '24h' }),
    child(id, executor, { resource, ...(input === undefined ? {} : { input }) }),
  );
}

/** The same, where a row that is not there any more is as good. */
export function restThenUnlessGone(id: string, executor: ExecutorDefinition, resource: ResourceRef, input?: Json): PlanNode {
  return attempt({
    body: restThen(id, executor, resource, input),
    catch: [{ code: ['resource_gone', 'unknown_resource'], do: nothing() }],
  });
}

/** The same, where its failure is no reason to stop. */
export function restThenWhatever(id: string, executor: ExecutorDefinition, resource: ResourceRef, input?: Json): PlanNode {
  return attempt({ body: restThen(id, executor, resource, input), catch: [{ code: 'any', do: nothing() }] });
}
