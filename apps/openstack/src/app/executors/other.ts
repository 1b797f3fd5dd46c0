/** How an operation deals with rows that it does not own. */
import { attempt, chain, child, type ExecutorDefinition, nothing, type PlanNode, wait } from '@troupe/executor';
import type { Json, ResourceRef } from '@troupe/protocol';

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
