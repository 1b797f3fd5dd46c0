/**
 * An estimate of the server's time, to judge the age of what it has stored. Hosts may disagree with the server by any
 * amount; among them they then agree to within the round trip.
 */
import type { NatsConnection } from '@nats-io/nats-core';
import { type Clock, createService, type Service, systemClock } from '@troupe/actor';
import { isTroupeError, TroupeError } from '@troupe/protocol';
import { askApi } from './api-request.ts';
import { unavailable } from './publish-errors.ts';

export interface ServerClockOptions {
  readonly nc: NatsConnection;
  /** Any stream this user may read the information of: its answer carries the server's time. */
  readonly stream: string;
  /** Default 30000: two good clocks drift apart by less than a millisecond in that time. */
  readonly refreshMs?: number;
  readonly clock?: Clock;
}

export interface ServerClock extends Service {
  /** Epoch milliseconds on the server. Call `start` before. */
  now(): number;
  /** Half of the round trip of the sample in use: how wrong `now` can be. */
  errorMs(): number;
}

interface Sample {
  /** Server time minus our monotonic time. */
  readonly offset: number;
  readonly errorMs: number;
  readonly at: number;
}

const SAMPLES_AT_START = 3;
const TIMEOUT_MS = 2_000;
const STREAM_NOT_FOUND = 10_059;
/** A sample gets worse with age; a fresh one replaces it when it is better than this. */
const DRIFT_MS_PER_MS = 0.000_1;

export function createServerClock(options: ServerClockOptions): ServerClock {
  const clock = options.clock ?? systemClock;
  const { nc, stream } = options;
  let best: Sample | undefined;
  let cancel: (() => void) | undefined;
  let stopped = false;

  const errorAt = (sample: Sample, at: number): number => sample.errorMs + (at - sample.at) * DRIFT_MS_PER_MS;

  const measure = async (): Promise<void> => {
    const sent = clock.monotonic();
    const answer = await askApi(nc, `$JS.API.STREAM.INFO.${stream}`, '', TIMEOUT_MS);
    const received = clock.monotonic();
    const { ts, error } = answer.json<{ ts?: string; error?: { description?: string; err_code?: number } }>();
    if (error?.err_code === STREAM_NOT_FOUND) {
      const message = `there is no stream ${stream}: \`troupe topology apply\`, or --apply-topology of a service, makes the streams of a namespace`;
      throw new TroupeError('topology_mismatch', message, { field: stream });
    }
    const time = ts === undefined ? Number.NaN : Date.parse(ts);
    if (Number.isNaN(time)) throw unavailable(`no time in the information of ${stream}: ${error?.description ?? 'unknown form'}`);
    const errorMs = (received - sent) / 2;
    const sample = { offset: time - (sent + received) / 2, errorMs, at: received };
    if (best === undefined || errorMs <= errorAt(best, received)) best = sample;
  };

  const refresh = (): void => {
    cancel = clock.setTimer(options.refreshMs ?? 30_000, () => {
      // an outage: the last sample holds, monotonic time goes on
      measure()
        .catch(() => undefined)
        .finally(() => {
          if (!stopped) refresh();
        });
    });
  };

  const service = createService('server clock', {
    async start() {
      try {
        for (let i = 0; i < SAMPLES_AT_START; i++) await measure();
      } catch (cause) {
        if (isTroupeError(cause) && cause.code === 'topology_mismatch') throw cause;
        throw unavailable(`cannot read the server's time from ${stream}`, cause);
      }
      refresh();
    },
    stop() {
      stopped = true;
      cancel?.();
      return Promise.resolve();
    },
  });

  return Object.assign(service, {
    now() {
      if (best === undefined) throw unavailable('the server clock was not started');
      return Math.round(clock.monotonic() + best.offset);
    },
    errorMs: () => (best === undefined ? Infinity : errorAt(best, clock.monotonic())),
  });
}
