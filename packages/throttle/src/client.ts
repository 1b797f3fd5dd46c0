/**
 * The client of a throttle that runs elsewhere, for programs that want nothing else. It is given a connection to NATS, whatever client made it,
 * and needs no right but that to ask (`holder` in docs/permissions.md).
 *
 * A lease lives for its TTL from the last request that kept it *was sent*, by the clock that never jumps and by that of the day, which goes on while a machine sleeps; the throttle counts from when that
 * request was stored, which is later. So its signal aborts before anybody else can be granted the tokens, if this process runs at all:
 * one that stood still finds `isHeld` false, and the backend finds its fence old.
 */
import { type Clock, type Random, sleep, systemClock, systemRandom } from '@troupe/actor';
import {
  asScope,
  createSubjects,
  type Duration,
  durationMs,
  encodeJson,
  fromWireError,
  type Json,
  parseThrottleAnswer,
  type ThrottleAnswer,
  type ThrottleRequestKind,
  throttleTimes,
  TroupeError,
} from '@troupe/protocol';
import type { LeaseExplanation } from './explain.ts';
import { HeldLease, type RemoteLease } from './held-lease.ts';
import { type Need, rootOf } from './limits.ts';
import { checkRate, type Rate } from './rates.ts';
import type { ThrottleStatus } from './status.ts';

/** As much of a connection as is used: that of `@nats-io/transport-node`, `@nats-io/nats-core` or `nats` 2.x. */
export interface ThrottleConnection {
  request(subject: string, payload: Uint8Array, options: { timeout: number }): Promise<{ readonly data: Uint8Array }>;
  isClosed(): boolean;
}

export interface ThrottleClientOptions {
  /** Namespace of the throttle. Default `troupe`. */
  readonly ns?: string;
  /** Shown to people as the holder, such as `backup@host-3`. Default: a drawn name. */
  readonly holder?: string;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface RemoteAcquireOptions {
  /** Gives the place up. */
  readonly signal?: AbortSignal;
  /** Higher goes first. Default 0. */
  readonly priority?: number;
  /** Shares that wait get equal turns. Default: none. */
  readonly share?: string;
  /** What it spends of rates when it is granted. */
  readonly spend?: Need;
  /** How long the lease lives without a renewal, 1 s to 1 h; it is renewed three times as often. Default 60 s. */
  readonly ttl?: Duration;
  /** Name of the lease: the same again, by the same holder, is the same lease. Default: a drawn one. */
  readonly lease?: string;
  /** Told while it waits how many wait before it. */
  readonly onQueued?: (ahead: number) => void;
}

export interface ThrottleClient {
  /**
   * Resolves when granted; waits through restarts of the throttle and of the server, for ever unless a signal aborts. Rejects with
   * `cancelled`, `need_exceeds_limit`, `malformed`, `id_reused`, `invalid_options`, `not_permitted`, or `unavailable` when the connection is closed.
   */
  acquire(scope: string, need: Need, options?: RemoteAcquireOptions): Promise<RemoteLease>;
  /**
   * Runs `work` while it holds the tokens, and gives them back however it ends. If the lease is lost meanwhile its signal aborts, and this
   * rejects with `lease_lost` as soon as `work` has ended, whatever came of it. Else it ends as `work` does.
   */
  withTokens<T>(scope: string, need: Need, work: (lease: RemoteLease) => Promise<T>, options?: RemoteAcquireOptions): Promise<T>;
  /** Waits until so much may be spent of rates; holds nothing after it. Rejects as `acquire` does. */
  spend(scope: string, units: Need, options?: Omit<RemoteAcquireOptions, 'spend'>): Promise<void>;
  /** Why a lease waits, in words and fields. */
  explain(scope: string, lease: string): Promise<LeaseExplanation>;
  /** How full a root is, and who waits. */
  status(root: string): Promise<ThrottleStatus>;
  /** 0 pauses; null is what is configured. Needs the right of an operator. */
  setLimit(scope: string, kind: string, limit: number | null, by?: string): Promise<void>;
  /** Null is what is configured. Needs the right of an operator. */
  setRate(scope: string, name: string, rate: Rate | null, by?: string): Promise<void>;
  /**
   * Maintenance: grants nothing more at a path and below. Resolves when nobody holds anything there any more; rejects with `cancelled` if it
   * is opened before, or the signal aborts, which ends the wait and not the maintenance. Needs the right of an operator.
   */
  drain(scope: string, options?: DrainOptions): Promise<void>;
  /** Ends the maintenance. Needs the right of an operator. */
  open(scope: string, by?: string): Promise<void>;
}

export interface DrainOptions {
  readonly by?: string;
  /** Shown to whoever asks why it waits. */
  readonly reason?: string;
  readonly signal?: AbortSignal;
}

/** Above what the door waits for, until a request counts as lost. */
const LOST_AFTER_MS = 5_000;
/** An order has been done by then, unless no host serves its throttle. */
const DONE_AFTER_MS = 30_000;
const AGAIN_MS = 100;
const AGAIN_AT_MOST_MS = 2_000;

export function createThrottleClient(connection: ThrottleConnection, options: ThrottleClientOptions = {}): ThrottleClient {
  const subjects = createSubjects(options.ns);
  const clock = options.clock ?? systemClock;
  const random = options.random ?? systemRandom;
  const holder = options.holder ?? random.token();

  /** One request, one answer. Throws `unavailable` where asking again may help. */
  const ask = async (root: string, kind: ThrottleRequestKind, body: object, timeoutMs: number): Promise<ThrottleAnswer> => {
    // a server closes the connection of whoever sends a subject that is too long
    asScope(root, kind);
    if (connection.isClosed()) throw new TroupeError('unavailable', 'the connection is closed');
    let data: Uint8Array;
    try {
      const payload = new TextEncoder().encode(encodeJson({ v: 1, ...body } as Json));
      data = (await connection.request(subjects.throttle(root, kind), payload, { timeout: Math.ceil(timeoutMs) })).data;
    } catch (cause) {
      if (isDenied(cause)) throw new TroupeError('not_permitted', `this user may not ask a throttle to ${kind}`, { cause });
      throw new TroupeError('unavailable', `no throttle answered: ${kind} of ${root}`, { retryable: !connection.isClosed(), cause });
    }
    const answer = parseThrottleAnswer(data);
    if (answer.answer === 'refused') throw fromWireError(answer.error);
    return answer;
  };

  /** Again and again until there is an answer. */
  const insist = async (signal: AbortSignal | undefined, once: () => Promise<ThrottleAnswer>): Promise<ThrottleAnswer | undefined> => {
    for (let pauseMs = AGAIN_MS; signal?.aborted !== true; pauseMs = Math.min(pauseMs * 2, AGAIN_AT_MOST_MS)) {
      try {
        return await once();
      } catch (error) {
        if (!(error as Partial<TroupeError>).retryable) throw error;
      }
      await sleep(clock, pauseMs * (0.5 + random.next() / 2), signal);
    }
    return undefined;
  };

  const acquire = async (
    scope: string,
    need: Need,
    given: RemoteAcquireOptions & { readonly within?: string } = {},
  ): Promise<HeldLease> => {
    const { signal, ttl, lease = random.token(), onQueued, ...more } = given;
    const ttlMs = durationMs(ttl ?? `${throttleTimes.ttlMs}ms`, 'ttl');
    if (ttlMs < throttleTimes.leastTtlMs || ttlMs > throttleTimes.mostTtlMs)
      throw new TroupeError('invalid_options', `ttl must be ${throttleTimes.leastTtlMs} to ${throttleTimes.mostTtlMs} ms, not ${ttlMs}`, {
        field: 'ttl',
      });
    const root = rootOf(scope);
    // when it is granted most of its time must be left, though it counts from when it was asked for
    const mostWaitMs = Math.min(throttleTimes.waitMs, Math.floor(ttlMs / 6));
    const wanted = { lease, holder, scope, ...(Object.keys(need).length === 0 ? {} : { need }), ...more, ttlMs };
    const identity = { lease, holder };
    // what is cut short is known to the server, perhaps: it may be granted any moment
    const giveUp = (): void => void ask(root, 'release', identity, LOST_AFTER_MS).catch(() => undefined);
    const cancelled = (): TroupeError => new TroupeError('cancelled', `the wait for ${scope} was aborted`);
    if (signal?.aborted) throw cancelled();
    for (;;) {
      let askedAt = 0;
      let askedAtMs = 0;
      const answer = await raced(
        signal,
        insist(signal, () => {
          askedAt = clock.monotonic();
          askedAtMs = clock.now();
          // those that came together would ask again together, and whatever is given back would wait behind them
          const waitMs = Math.floor(mostWaitMs * (1 - random.next() / 3));
          return ask(root, 'acquire', { ...wanted, waitMs }, waitMs + Math.min(LOST_AFTER_MS, Math.max(1_000, ttlMs / 6)));
        }),
      );
      if (answer === undefined || signal?.aborted) {
        giveUp();
        throw cancelled();
      }
      if (answer.answer === 'queued') tell(() => onQueued?.(answer.ahead));
      else if (answer.answer === 'granted') {
        const held = { ...identity, scope, need: answer.need, fence: answer.fence, ttlMs, askedAt, askedAtMs, clock };
        const tellAbout = (kind: ThrottleRequestKind, about: object, timeoutMs: number): Promise<ThrottleAnswer> =>
          ask(root, kind, { ...identity, ...about }, timeoutMs);
        return new HeldLease(held, tellAbout, (units, until) => spend(scope, units, { signal: until, within: lease }));
      }
    }
  };

  const spend = async (scope: string, units: Need, given: RemoteAcquireOptions & { readonly within?: string } = {}): Promise<void> => {
    const lease = await acquire(scope, {}, { ...given, spend: units });
    await lease.release();
  };

  const order = async (scope: string, kind: ThrottleRequestKind, body: object, by: string | undefined): Promise<void> => {
    await ask(rootOf(scope), kind, { scope, ...body, ...(by === undefined ? {} : { by }) }, LOST_AFTER_MS);
  };

  const statusOf = async (root: string): Promise<ThrottleStatus> =>
    explanationOf(await ask(rootOf(root), 'explain', {}, LOST_AFTER_MS)) as ThrottleStatus;

  /** Until nobody holds anything there, by what the throttle says again and again. */
  const drained = async (scope: string, signal: AbortSignal | undefined): Promise<void> => {
    let wasClosed = false;
    const orderedAt = clock.monotonic();
    for (let pauseMs = AGAIN_MS; signal?.aborted !== true; pauseMs = Math.min(pauseMs * 2, AGAIN_AT_MOST_MS)) {
      const status = await statusOf(scope).catch((error: Partial<TroupeError>) => {
        if (error.retryable !== true) throw error;
      });
      const closed = status?.maintenance.find(({ path }) => path === scope);
      if (closed?.leases === 0) return;
      if (status !== undefined && closed === undefined && wasClosed)
        throw new TroupeError('cancelled', `the maintenance of ${scope} ended before it was empty`);
      // what was ordered a moment ago may not have been done yet; or it was opened again before the first look
      wasClosed ||= closed !== undefined || clock.monotonic() - orderedAt > DONE_AFTER_MS;
      await sleep(clock, pauseMs, signal);
    }
    throw new TroupeError('cancelled', `the wait for ${scope} to be empty was aborted`);
  };

  return {
    acquire,
    spend,
    async withTokens(scope, need, work, given) {
      const lease = await acquire(scope, need, given);
      try {
        const [result] = await Promise.allSettled([Promise.resolve().then(() => work(lease))]);
        // looks at the clock first: this process may have stood still until now
        if (!lease.isHeld && lease.signal.aborted) throw lease.lostBecause(result.status === 'rejected' ? result.reason : undefined);
        if (result.status === 'rejected') throw result.reason;
        return result.value;
      } finally {
        await lease.release();
      }
    },
    async explain(scope, lease) {
      return explanationOf(await ask(rootOf(scope), 'explain', { lease }, LOST_AFTER_MS)) as LeaseExplanation;
    },
    status: statusOf,
    setLimit: (scope, kind, limit, by) => order(scope, 'limit', { kind, limit }, by),
    setRate: async (scope, name, rate, by) => order(scope, 'rate', { name, rate: rate === null ? null : onTheWire(rate) }, by),
    async drain(scope, { by, reason, signal } = {}) {
      await order(scope, 'maintenance', { on: true, ...(reason === undefined ? {} : { reason }) }, by);
      await drained(scope, signal);
    },
    open: (scope, by) => order(scope, 'maintenance', { on: false }, by),
  };
}

/** Undefined as soon as the signal aborts; what goes on is not waited for. */
async function raced<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T | undefined> {
  if (signal === undefined) return work;
  work.catch(() => undefined);
  let stop = (): void => undefined;
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** A listener that throws never breaks the wait. */
function tell(listener: () => void): void {
  try {
    listener();
  } catch {
    // its own affair
  }
}

/** Durations there are whole. Throws `invalid_options`. */
function onTheWire(given: Rate): Rate {
  const rate = checkRate('rate', given);
  return 'window' in rate
    ? { window: `${durationMs(rate.window)}ms`, most: rate.most }
    : { bucket: rate.bucket, refill: rate.refill, every: `${durationMs(rate.every)}ms` };
}

function explanationOf(answer: ThrottleAnswer): unknown {
  return answer.answer === 'explained' ? answer.explanation : undefined;
}

/** By name: an error of another copy, or version, of the client of NATS. */
function isDenied(error: unknown): boolean {
  const { name, code, cause } = error as { name?: unknown; code?: unknown; cause?: unknown };
  return (
    name === 'PermissionViolationError' || code === 'PERMISSIONS_VIOLATION' || (cause !== undefined && cause !== null && isDenied(cause))
  );
}
