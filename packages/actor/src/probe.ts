/**
 * Named points of hosts and workers at which a test may kill, freeze or count. Empty unless something was installed
 * under the global symbol before: production pays one property read.
 */
export type ProbeName =
  | 'turn.started'
  | 'turn.itemsPut'
  | 'turn.committed'
  | 'turn.emitted'
  | 'turn.acknowledged'
  | 'write.applied'
  | 'task.received'
  | 'task.started'
  | 'task.effectDone'
  | 'task.outcomeStored'
  | 'task.acknowledged'
  | 'command.received'
  | 'command.forwarded'
  | 'relay.claimed'
  | 'relay.published'
  | 'relay.deleted';

export type Probe = (name: ProbeName, subject: string) => void | Promise<void>;

const KEY = Symbol.for('troupe.probe');

export function installProbe(probe: Probe | undefined): void {
  (globalThis as Record<symbol, unknown>)[KEY] = probe;
}

export function probe(name: ProbeName, subject: string): void | Promise<void> {
  const installed = (globalThis as Record<symbol, unknown>)[KEY] as Probe | undefined;
  return installed === undefined ? undefined : installed(name, subject);
}
