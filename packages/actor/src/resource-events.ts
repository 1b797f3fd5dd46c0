/** The transition events of a resource: they belong to the write that makes the transition, and leave after it. */
import type { ResourceRef } from '@troupe/protocol';
import type { ResourceChange, ResourceWrite, WriteOutcome } from './store.ts';

export interface ResourceEvent {
  /** Derived from the effect: published again after a crash it is recognisably the same event. */
  readonly id: string;
  /** `resource.<kind>.<id>.<event>` */
  readonly topic: readonly string[];
  readonly body: ResourceEventBody;
}

export interface ResourceEventBody extends Pick<ResourceChange, 'runtimeState' | 'error' | 'action'> {
  readonly resource: ResourceRef;
  readonly event: string;
  /** Null where there was, or is, no record. */
  readonly from: string | null;
  readonly to: string | null;
  readonly operation: string | null;
}

/**
 * The transition events of a write, to be published after it: none unless the state changed, or a pull has found something that it
 * names: what is ERRED and turns out to be missing is news to whoever follows. Made of the write and the states around it alone, so
 * that the answer `already` gives the very same event.
 */
export function resourceEvents(write: ResourceWrite, outcome: WriteOutcome, effect: string): readonly ResourceEvent[] {
  if (!outcome.ok || (outcome.before?.state === outcome.after?.state && !isNews(write, outcome.before))) return [];
  const from = outcome.before?.state ?? null;
  const to = outcome.after?.state ?? null;
  const event = write.event ?? (from === null ? 'created' : to === null ? 'deleted' : 'changed');
  const set: ResourceChange = 'set' in write ? write.set : {};
  const body = {
    resource: { kind: write.ref.kind, id: write.ref.id },
    event,
    from,
    to,
    operation: 'operation' in write ? (write.operation ?? null) : null,
    ...(set.runtimeState === undefined ? {} : { runtimeState: set.runtimeState }),
    ...(set.error === undefined || set.error === null ? {} : { error: set.error }),
    ...(set.action === undefined || set.action === '' ? {} : { action: set.action }),
  };
  return [{ id: `${effect}.event`, topic: ['resource', write.ref.kind, write.ref.id, event], body }];
}

function isNews(write: ResourceWrite, before: { readonly state: string } | undefined): boolean {
  return write.op === 'patch' && write.event !== undefined && before !== undefined;
}
