/** What the scheduler role hosts: one row per kind of entity. A new kind is a row here, and a word in the roles of the topology. */
import type { Behaviour } from '@troupe/actor';
import type { Json, TaskMessage } from '@troupe/protocol';
import { scheduleBehaviour, type ScheduleBehaviourOptions, wantsRun } from './behaviour.ts';
import { breakerBehaviour } from './breaker/behaviour.ts';
import { fanoutBehaviour, wantsObject } from './each/behaviour.ts';
import { retentionBehaviour, wantsRetention } from './retain/behaviour.ts';

export type SchedulerOptions = ScheduleBehaviourOptions;

type Attempt = Pick<TaskMessage, 'step' | 'attempt' | 'token'>;

interface HostedKind {
  readonly kind: string;
  behaviour(options: SchedulerOptions): Behaviour;
  /** Whether a record of the kind still waits for an attempt. Absent where the kind sends no tasks. */
  wants?(root: Json, message: Attempt): boolean;
}

const hosted: readonly HostedKind[] = [
  { kind: 'schedule', behaviour: (options) => scheduleBehaviour(options) as unknown as Behaviour, wants: wantsRun },
  { kind: 'fanout', behaviour: () => fanoutBehaviour() as unknown as Behaviour, wants: wantsObject },
  { kind: 'retention', behaviour: () => retentionBehaviour() as unknown as Behaviour, wants: wantsRetention },
  { kind: 'breaker', behaviour: () => breakerBehaviour() as unknown as Behaviour },
];

/** A behaviour for each kind of entity that schedulers host. Throws `invalid_options`. */
export function schedulerBehaviours(options: SchedulerOptions = {}): readonly Behaviour[] {
  return hosted.map((one) => one.behaviour(options));
}

/** Whether an entity that schedulers host still waits for an attempt; undefined: another role hosts entities of this kind. */
export function wantsScheduled(kind: string, root: Json, message: Attempt): boolean | undefined {
  const found = hosted.find((one) => one.kind === kind);
  return found === undefined ? undefined : (found.wants?.(root, message) ?? false);
}
