/**
 * Looks at TASKS, MAIL and the storage at an interval, and says when they go over their marks and when they are below
 * again. What cannot be looked at leaves the last judgement as it was: an outage is no reason to stop, nor to go on.
 */
import type { NatsConnection } from '@nats-io/nats-core';
import { type Clock, createService, type Service, systemClock } from '@troupe/actor';
import type { Subjects } from '@troupe/protocol';
import { isRefusal } from './api-request.ts';
import { type HighWaterOptions, highWaterMarks, type Overload, overloads, type Reading } from './marks.ts';
import { unavailable } from './publish-errors.ts';

export interface HighWaterMonitorOptions {
  readonly nc: NatsConnection;
  readonly subjects: Subjects;
  readonly marks?: HighWaterOptions | undefined;
  /** Called when something goes over its mark or comes below it, with all that is over now. */
  readonly onChange: (over: readonly Overload[]) => void;
  readonly clock?: Clock | undefined;
}

export interface HighWaterMonitor extends Service {
  /** What is over its mark, by the last look. */
  readonly over: readonly Overload[];
  /** Milliseconds since the last look that got an answer; undefined before the first. */
  lookedAgoMs(): number | undefined;
}

interface StreamInfo {
  readonly error?: { readonly err_code?: number; readonly description?: string };
  readonly config?: { readonly max_bytes: number };
  readonly state?: { readonly messages: number; readonly bytes: number };
}

interface Tier {
  readonly memory?: number;
  readonly storage?: number;
  readonly limits?: { readonly max_memory?: number; readonly max_storage?: number };
}

const TIMEOUT_MS = 2_000;
const STREAM_NOT_FOUND = 10_059;

/** Throws `invalid_options` for marks that make no sense. `start` resolves after the first look. */
export function createHighWater(options: HighWaterMonitorOptions): HighWaterMonitor {
  const { nc, subjects } = options;
  const { streams } = subjects;
  const clock = options.clock ?? systemClock;
  const marks = highWaterMarks(options.marks);
  // what must not be lost; EVENTS and DEAD are full by design, and drop their oldest
  const kept = [streams.tasks, streams.mail, streams.timers, streams.state, streams.results];
  let over: readonly Overload[] = [];
  let lookedAt: number | undefined;
  let mayAskAccount = true;
  let cancel: (() => void) | undefined;
  let stopped = false;

  const ask = async (api: string): Promise<unknown> => (await nc.request(api, '', { timeout: TIMEOUT_MS })).json();

  const ofStream = async (name: string): Promise<Reading[]> => {
    const { config, state, error } = (await ask(`$JS.API.STREAM.INFO.${name}`)) as StreamInfo;
    if (error?.err_code === STREAM_NOT_FOUND) return [];
    if (config === undefined || state === undefined) throw unavailable(`no state of ${name}: ${error?.description ?? 'unknown form'}`);
    const readings: Reading[] = [];
    if (name === streams.tasks) readings.push({ what: 'tasks', where: name, value: state.messages });
    if (name === streams.mail) readings.push({ what: 'mail', where: name, value: state.messages });
    if (config.max_bytes > 0) readings.push({ what: 'storage', where: name, value: state.bytes / config.max_bytes });
    return readings;
  };

  const ofAccount = async (): Promise<Reading[]> => {
    if (!mayAskAccount) return [];
    try {
      const info = (await ask('$JS.API.INFO')) as Tier & { readonly tiers?: Readonly<Record<string, Tier>> };
      // an account has limits of its own, or some per number of replicas
      return [['account', info] as const, ...Object.entries(info.tiers ?? {}).map(([name, tier]) => [`account ${name}`, tier] as const)]
        .flatMap(([where, { limits, storage = 0, memory = 0 }]) => [
          { where: `${where} file`, used: storage, limit: limits?.max_storage ?? -1 },
          { where: `${where} memory`, used: memory, limit: limits?.max_memory ?? -1 },
        ])
        .filter(({ limit }) => limit > 0)
        .map(({ where, used, limit }) => ({ what: 'storage', where, value: used / limit }));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // the right will not come by asking, and each refusal is logged there
      mayAskAccount = false;
      return [];
    }
  };

  const look = async (): Promise<void> => {
    const readings = (await Promise.all([...kept.map(ofStream), ofAccount()])).flat();
    if (stopped) return;
    lookedAt = clock.monotonic();
    const now = overloads(readings, marks, over);
    const changed = names(now) !== names(over);
    over = now;
    if (!changed) return;
    try {
      options.onChange(over);
    } catch {
      // a listener that throws never breaks the monitor
    }
  };

  const lookLater = (): void => {
    cancel = clock.setTimer(marks.everyMs, () => {
      void look()
        .catch(() => undefined)
        .finally(() => {
          if (!stopped) lookLater();
        });
    });
  };

  const service = createService('high-water marks', {
    async start() {
      await look().catch(() => undefined);
      if (!stopped) lookLater();
    },
    stop() {
      stopped = true;
      cancel?.();
      return Promise.resolve();
    },
  });
  const members = { lookedAgoMs: () => (lookedAt === undefined ? undefined : clock.monotonic() - lookedAt) };
  return Object.defineProperty(Object.assign(service, members), 'over', { get: () => over }) as HighWaterMonitor;
}

function names(over: readonly Overload[]): string {
  return over
    .map(({ what, where }) => `${what} ${where}`)
    .sort()
    .join();
}
