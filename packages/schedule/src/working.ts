/** What the parts of a schedule's turn share. */
import type { Effect, TurnContext } from '@troupe/actor';
import type { ScheduleRoot } from './state.ts';

export interface Working {
  readonly root: ScheduleRoot;
  readonly key: string;
  readonly context: TurnContext;
  readonly effects: Effect[];
  publish(what: string, body: object): void;
  timer(type: string, at: number, id: string): Effect;
}
