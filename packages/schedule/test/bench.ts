/** A schedule on virtual time: timers fire when they are due, tasks wait to be answered, the record is kept through JSON. */
import type { Effect, Incoming } from '@troupe/actor';
import type { Json, TaskMessage, TaskOutcome } from '@troupe/protocol';
import {
  defineSchedule,
  explainSchedule,
  type Outcome,
  scheduleBehaviour,
  type ScheduleOptions,
  type ScheduleState,
} from '@troupe/schedule';
import { defineTask } from '@troupe/task';

export const HOUR_MS = 3_600_000;
export const START = Date.parse('2026-06-01T00:30:00Z');

export const sync = defineTask({ name: 'sync', pool: 'app', class: 'background', idempotent: 'yes', retry: { attempts: 1 } });
export const stubborn = defineTask({
  name: 'sync',
  pool: 'app',
  class: 'background',
  idempotent: 'yes',
  retry: { attempts: 3, delays: ['10s'], jitter: 0 },
});

export const hourly = (more: Partial<ScheduleOptions> = {}): ScheduleOptions =>
  ({ cron: '0 * * * *', task: sync, ...more }) as ScheduleOptions;

interface Told {
  readonly code?: string;
  readonly message?: TaskMessage;
  readonly userMessage?: string;
}

export interface BenchOptions {
  /** Every message comes twice, the second time after the next one. */
  readonly twice?: boolean;
  readonly minimumInterval?: '1s' | '1h';
}

export function createBench({ twice = false, minimumInterval = '1s' }: BenchOptions = {}, key = 'backup') {
  const behaviour = scheduleBehaviour({ minimumInterval });
  let state: ScheduleState = behaviour.activate(key, undefined);
  let root: string | undefined;
  let ids = 0;
  let again: Incoming | undefined;
  let timers: { id: string; at: number; type: string }[] = [];
  const bench = {
    now: START,
    tasks: [] as TaskMessage[],
    signals: [] as Json[],
    events: [] as { what: string; body: Json }[],
    ended: 0,
    get root() {
      return state.root!;
    },
    get timers() {
      return timers;
    },
    /** What has been decided, nominal times as hours and minutes: `01:00 ran`. */
    decided: (): string[] => bench.root.outcomes.map(told),
    define: (options: ScheduleOptions): void => bench.verb('define', { definition: defineSchedule(options) as unknown as Json }),
    /** As a scheduler says it at its start: what the code of the app defines, or that it does not any more. */
    byCode(app: string, options: ScheduleOptions | undefined): void {
      const definition = options === undefined ? {} : { definition: defineSchedule(options) as unknown as Json };
      const type = options === undefined ? 'verb.delete' : 'verb.define';
      deliver({ id: `c${ids++}`, type, body: { ...definition, app }, sender: 'entity', context: {}, storedAt: bench.now });
    },
    verb(name: string, body: Json = {}, id = `v${ids++}`): void {
      deliver({ id, type: `verb.${name}`, body, sender: 'verb', context: {}, storedAt: bench.now });
    },
    /** Everything but the record is forgotten. */
    rebuild(): void {
      state = behaviour.activate(key, root === undefined ? undefined : { root: JSON.parse(root) as Json, items: new Map() });
    },
    /** Time passes; with `asleep` nobody is there, and what has become due is stored at its time and comes at the end. */
    advance(ms: number, { asleep = false } = {}): void {
      const end = bench.now + ms;
      for (;;) {
        const [first] = [...timers].sort((a, b) => a.at - b.at);
        if (first === undefined || first.at > end) break;
        timers = timers.filter((one) => one !== first);
        const storedAt: number = Math.max(bench.now, first.at);
        bench.now = asleep ? end : storedAt;
        bench.fire(first.id, first.type, storedAt);
      }
      bench.now = end;
    },
    fire(timer: string, type = 'timer.tick', storedAt?: number): void {
      deliver({ id: timer, type, body: null, sender: 'timer', timer, context: {}, storedAt: storedAt ?? bench.now });
    },
    /** Answers the last task, or the one given. */
    answer(
      how: 'succeeded' | 'failed' | 'cancelled' | 'unknown',
      { code = 'backend', message = bench.tasks.at(-1)!, userMessage }: Told = {},
    ): void {
      const outcomes: Record<typeof how, TaskOutcome> = {
        succeeded: { kind: 'succeeded', output: null },
        failed: { kind: 'failed', error: { code, message: 'it broke' }, ...(userMessage === undefined ? {} : { userMessage }) },
        unknown: { kind: 'unknown', error: { code, message: 'who knows' } },
        cancelled: { kind: 'cancelled' },
      };
      const body = {
        step: message.step!,
        attempt: message.attempt,
        token: message.token,
        outcome: outcomes[how],
        worker: 'w',
        startedAt: 0,
        endedAt: 0,
      };
      deliver({ id: `a${ids++}`, type: 'task.ended', body: body as unknown as Json, sender: 'task-app', context: {}, storedAt: bench.now });
    },
    explain: () => explainSchedule(key, root === undefined ? undefined : { root: JSON.parse(root) as Json, items: new Map() }, bench.now),
  };

  const deliver = (message: Incoming): void => {
    receive(message);
    if (!twice) return;
    bench.rebuild();
    const before = again;
    again = message;
    receive(message);
    if (before !== undefined) receive(before);
  };

  const receive = (message: Incoming): void => {
    const effects = behaviour.receive(state, message, {
      self: { kind: 'schedule', key },
      now: message.storedAt,
      foldedAt: bench.now,
      newId: () => `e${ids++}`,
      token: () => `t${ids++}`,
      random: () => 0.5,
    });
    for (const effect of effects) apply(effect);
    root = state.root === undefined ? undefined : JSON.stringify(behaviour.root(state));
  };

  const apply = (effect: Effect): void => {
    switch (effect.type) {
      case 'send':
        timers.push({ id: effect.id!, at: effect.at!, type: effect.mail.type });
        break;
      case 'cancel':
        timers = timers.filter((one) => one.id !== effect.timer);
        break;
      case 'task':
        bench.tasks.push(effect.message);
        break;
      case 'signal':
        bench.signals.push(effect.body);
        break;
      case 'publish':
        bench.events.push({ what: effect.topic.at(-1)!, body: effect.body });
        break;
      case 'end':
        bench.ended++;
        break;
      case 'reopen':
        bench.ended--;
        break;
      default:
        throw new Error(`a schedule has no effect ${effect.type}`);
    }
  };
  return bench;
}

const clock = (at: number | undefined): string => (at === undefined ? 'asked' : new Date(at).toISOString().slice(11, 16));

function told({ nominal, to, count, what, ended, caughtUp }: Outcome): string {
  const when = count === undefined ? clock(nominal) : `${clock(nominal)}-${clock(to)} (${count})`;
  return `${when} ${what}${caughtUp === true ? ' caughtUp' : ''}${ended === undefined ? '' : ` ${ended}`}`;
}
