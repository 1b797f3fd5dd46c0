/**
 * What operators do to resources, as operations like any other: durable, audited, and theirs alone who may publish these
 * commands. They touch no backend.
 */
import type { JsonObject } from '@troupe/protocol';
import type { ResourceKind } from '@troupe/resource';
import { createExecutor, type ExecutorDefinition } from './executor.ts';
import { nothing, transition } from './plan/build.ts';

/**
 * `<kind>.unlink`: removes a resource in any state. Whoever has it is killed: leases released, nothing taken back. What lies on
 * the backend stays there.
 */
export function createUnlink<Data extends JsonObject>(kind: ResourceKind<Data>): ExecutorDefinition {
  return createExecutor({
    name: `${kind.kind}.unlink`,
    family: 'delete',
    resource: kind,
    seize: true,
    neverCreated: 'plan',
    plan: () => nothing(),
    ends: { succeeded: 'remove' },
  });
}

/** `<kind>.recover`: takes an ERRED resource for fine again; its error, message and trace, is cleared. */
export function createRecover<Data extends JsonObject>(kind: ResourceKind<Data>): ExecutorDefinition {
  return createExecutor({
    name: `${kind.kind}.recover`,
    family: 'free',
    resource: kind,
    guard: { states: ['ERRED'] },
    plan: () => transition(undefined, { from: ['ERRED'], to: 'OK' }),
  });
}
