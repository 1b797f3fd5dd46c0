/** Where a process is hit: every named point of every role that a plan reaches; the first time, in the middle and the last time. */
import type { ProbeName } from '@troupe/actor';
import type { PlanName } from './app.ts';
import type { RoleName } from './start-role.ts';

type Points = Partial<Record<ProbeName, number>>;
export type Reached = Partial<Record<RoleName, Points>>;

/**
 * How often a process of the role comes to its points in an undisturbed run, at least: answers that come at once are folded by
 * one turn, or by two. `cuts.test.ts` counts.
 */
export const reached: Record<PlanName, Reached> = {
  chain: { supervisor: supervisor(8, 5, 3), worker: worker(4) },
  group: { supervisor: { ...supervisor(7, 4, 3), 'turn.itemsPut': 1 }, worker: worker(5) },
  poll: { supervisor: supervisor(15, 11, 4), worker: worker(6) },
  throttled: {
    supervisor: supervisor(9, 6, 3),
    throttle: { 'turn.started': 4, 'turn.itemsPut': 2, 'turn.committed': 4, 'turn.emitted': 4, 'turn.acknowledged': 4 },
    worker: worker(3),
  },
};

function supervisor(turns: number, acknowledged: number, writes: number): Points {
  return {
    'command.received': 1,
    'command.forwarded': 1,
    'turn.started': turns,
    'turn.committed': turns,
    'turn.emitted': turns,
    // a turn that orders writes is acknowledged with the one that folds their outcome
    'turn.acknowledged': acknowledged,
    'write.applied': writes,
  };
}

function worker(tasks: number): Points {
  return {
    'task.received': tasks,
    'task.started': tasks,
    'task.effectDone': tasks,
    'task.outcomeStored': tasks,
    'task.acknowledged': tasks,
  };
}

export interface Cut {
  readonly role: RoleName;
  readonly point: ProbeName;
  /** The n-th time that a process of the role comes there. */
  readonly nth: number;
}

type Time = 'first' | 'middle' | 'last';

export function cutsOf(plan: PlanName, times: readonly Time[] = ['first', 'middle', 'last']): Cut[] {
  return Object.entries(reached[plan]).flatMap(([role, points]) =>
    Object.entries(points).flatMap(([point, count]) => {
      const nths: Record<Time, number> = { first: 1, middle: Math.ceil(count / 2), last: count };
      return [...new Set(times.map((time) => nths[time]))].map((nth): Cut => ({ role: role as RoleName, point: point as ProbeName, nth }));
    }),
  );
}
