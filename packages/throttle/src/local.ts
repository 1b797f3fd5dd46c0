/**
 * The throttle within one process, without a server: the same behaviour, driven by hand. For programs that want strict and
 * fair limits and nothing else.
 */
import { type Clock, systemClock, type TurnContext } from '@troupe/actor';
import { asKind, asScope, fromWireError, type Json, TroupeError, type WireError } from '@troupe/protocol';
import type { Observation } from './adaptive.ts';
import { throttleBehaviour } from './behaviour.ts';
import { explainIn, type LeaseExplanation, type Occupancy, occupancyIn } from './explain.ts';
import { checkCount, type LimitOptions, type Need, rootOf } from './limits.ts';
import { checkRate, type Rate } from './rates.ts';
import { activate, type ThrottleState } from './state.ts';

export interface LocalThrottleOptions {
  readonly limits?: LimitOptions;
  readonly clock?: Clock;
}

export interface LocalLease {
  readonly id: string;
  /** Grows with every grant of a root: hand it to the backend, so that it can refuse an older holder. */
  readonly fence: number;
  /** How the backend did, for limits that adapt themselves. */
  observe(seen: Observation): void;
  /** Waits for a rate of the same root, before those who hold nothing of it. Rejects as `acquire` does. */
  spend(units: Need, options?: Pick<AcquireOptions, 'signal'>): Promise<void>;
  /** Gives part of it back before its end. */
  giveBack(need: Need): void;
  /** May be called twice. */
  release(): void;
}

export interface AcquireOptions {
  readonly signal?: AbortSignal;
  /** Higher goes first. Default 0. */
  readonly priority?: number;
  /** Whom it counts for: shares that wait get equal turns within a priority, however many wait for one of them. Default: nobody. */
  readonly share?: string;
  /** What it spends of rates when it is granted, together with the need or not at all. It does not come back with the lease. */
  readonly spend?: Need;
  /** Name of the lease, to ask for while it waits. Default: a drawn one. Taken by a live lease or a waiter: `invalid_options`. */
  readonly lease?: string;
}

export interface LocalThrottle {
  /**
   * Resolves when granted. Rejects with `need_exceeds_limit`, `malformed`, `invalid_options`, or `cancelled` when the signal aborts
   * first. Do not wait for a lease of a root while you hold one of it: ask for everything at once.
   */
  acquire(scope: string, need: Need, options?: AcquireOptions): Promise<LocalLease>;
  /** Runs `work` while holding the tokens, and releases them however it ends. */
  withTokens<T>(scope: string, need: Need, work: (lease: LocalLease) => Promise<T>, options?: AcquireOptions): Promise<T>;
  /** Waits until so much may be spent of rates; nothing is held after it. Rejects as `acquire` does. */
  spend(scope: string, units: Need, options?: Omit<AcquireOptions, 'spend'>): Promise<void>;
  /** At run time: 0 pauses, null takes the override back, lowering below use only stops grants. Throws `invalid_options`, `malformed`. */
  setLimit(scope: string, kind: string, limit: number | null): void;
  /** At run time; null is what is configured. Throws `invalid_options`, `malformed`. */
  setRate(scope: string, name: string, rate: Rate | null): void;
  /**
   * Maintenance: grants nothing at a path and below from now on. Resolves when nobody holds anything there any more; rejects with
   * `cancelled` if it is opened before.
   */
  drain(scope: string, why?: { readonly by?: string; readonly reason?: string }): Promise<void>;
  /** Ends the maintenance. */
  open(scope: string): void;
  explain(scope: string, lease: string): LeaseExplanation;
  occupancy(): Occupancy[];
}

interface Pending {
  readonly resolve: (lease: LocalLease) => void;
  readonly reject: (error: Error) => void;
  readonly scope: string;
}

export function createLocalThrottle(options: LocalThrottleOptions = {}): LocalThrottle {
  const limits = options.limits ?? {};
  const clock = options.clock ?? systemClock;
  const behaviour = throttleBehaviour({ limits });
  const roots = new Map<string, ThrottleState>();
  const pending = new Map<string, Pending>();
  let next = 0;
  let effectId = 0;

  /** Cancels the timer of a root. */
  const wakes = new Map<string, () => void>();
  const drains = new Map<string, { resolve: () => void; reject: (error: Error) => void }[]>();

  const say = (scope: string, type: string, body: Json, { verb = false, timer }: { verb?: boolean; timer?: string } = {}): void => {
    const root = rootOf(scope);
    let state = roots.get(root);
    if (state === undefined) roots.set(root, (state = activate(root, undefined, limits)));
    const now = clock.now();
    const context: TurnContext = {
      self: { kind: 'throttle', key: root },
      now,
      newId: () => `local.${effectId++}`,
      token: () => `${effectId++}`,
      random: () => 0,
    };
    // each lease holds for itself: whoever waits is told the name of the lease in his way
    const from = { kind: 'local', key: (body as { readonly lease?: string } | null)?.lease ?? 'local' };
    const message = {
      id: `${effectId++}`,
      type,
      body,
      sender: verb ? ('verb' as const) : timer === undefined ? ('entity' as const) : ('timer' as const),
      ...(timer === undefined ? {} : { timer }),
      from,
      context: {},
      storedAt: now,
    };
    for (const effect of behaviour.receive(state, message, context)) {
      if (effect.type === 'publish') hear(effect.topic.at(-1)!, effect.body as never);
      else if (effect.type === 'send' && effect.at === undefined) answer(effect.mail.type, effect.mail.body as never);
      else if (effect.type === 'send' && effect.mail.type === 'timer.rate') {
        const { id } = effect;
        wakes.get(root)?.();
        wakes.set(
          root,
          clock.setTimer(Math.max(0, effect.at! - now), () => say(root, 'timer.rate', null, { timer: id! })),
        );
      }
    }
    if (state.wake === undefined) {
      wakes.get(root)?.();
      wakes.delete(root);
    }
  };

  const hear = (what: string, { scope }: { scope: string }): void => {
    if (what !== 'drained' && what !== 'opened') return;
    const waiting = drains.get(scope) ?? [];
    drains.delete(scope);
    for (const { resolve, reject } of waiting) {
      if (what === 'drained') resolve();
      else reject(new TroupeError('cancelled', `the maintenance of ${scope} ended before it was empty`));
    }
  };

  const answer = (type: string, body: { lease: string; fence: number; scope: string; error: WireError }): void => {
    const waiting = pending.get(body.lease);
    if (waiting === undefined) return;
    if (type === 'throttle.refused') {
      pending.delete(body.lease);
      waiting.reject(fromWireError(body.error));
    } else if (type === 'throttle.granted') {
      pending.delete(body.lease);
      waiting.resolve(leaseOf(body.lease, waiting.scope, body.fence));
    }
  };

  const leaseOf = (id: string, scope: string, fence: number): LocalLease => ({
    id,
    fence,
    spend: async (units, { signal } = {}) => {
      (await enter(scope, {}, { spend: units, ...(signal === undefined ? {} : { signal }) }, [{ lease: id, scope }])).release();
    },
    observe: (seen) => say(scope, 'observed', { lease: id, ...seen }),
    giveBack: (need) => say(scope, 'giveBack', { lease: id, need }),
    release: () => say(scope, 'release', { lease: id }),
  });

  const enter = (
    scope: string,
    need: Need,
    { signal, priority = 0, spend, share, lease = `local-${next++}` }: AcquireOptions,
    held: { readonly lease: string; readonly scope: string }[],
  ): Promise<LocalLease> => {
    const known = roots.get(rootOf(scope))?.ledger;
    if (pending.has(lease) || known?.leases.has(lease) === true) {
      return Promise.reject(new TroupeError('invalid_options', `lease ${lease} is taken`, { field: 'lease' }));
    }
    return new Promise<LocalLease>((resolve, reject) => {
      const cancelled = (): TroupeError => new TroupeError('cancelled', `the wait for ${scope} was aborted`);
      if (signal?.aborted) return reject(cancelled());
      const abort = (): void => {
        if (!pending.delete(lease)) return;
        say(scope, 'release', { lease });
        reject(cancelled());
      };
      signal?.addEventListener('abort', abort, { once: true });
      const settle = (): void => signal?.removeEventListener('abort', abort);
      pending.set(lease, {
        scope,
        resolve: (granted) => {
          settle();
          resolve(granted);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      });
      const more = { ...(spend === undefined ? {} : { spend }), ...(share === undefined ? {} : { share }) };
      say(scope, 'acquire', { lease, scope, need, priority, held, ...more });
    });
  };

  const throttle: LocalThrottle = {
    acquire: (scope, need, acquireOptions = {}) => enter(scope, need, acquireOptions, []),
    async withTokens(scope, need, work, acquireOptions) {
      const lease = await throttle.acquire(scope, need, acquireOptions);
      try {
        return await work(lease);
      } finally {
        lease.release();
      }
    },
    setLimit(scope, kind, limit) {
      if (limit !== null) checkCount('limit', limit);
      asKind(kind, 'setLimit');
      say(asScope(scope, 'setLimit'), 'setLimit', { scope, kind, limit }, { verb: true });
    },
    async spend(scope, units, acquireOptions) {
      (await throttle.acquire(scope, {}, { ...acquireOptions, spend: units })).release();
    },
    setRate(scope, name, rate) {
      asKind(name, 'setRate', 'name');
      say(asScope(scope, 'setRate'), 'setRate', { scope, name, rate: rate === null ? null : checkRate('rate', rate) }, { verb: true });
    },
    async drain(scope, why = {}) {
      asScope(scope, 'drain');
      const isEmpty = (): boolean => roots.get(rootOf(scope))?.closed[scope]?.isEmpty === true;
      return new Promise((resolve, reject) => {
        if (isEmpty()) return resolve();
        drains.set(scope, [...(drains.get(scope) ?? []), { resolve, reject }]);
        say(scope, 'setMaintenance', { scope, on: true, ...why }, { verb: true });
      });
    },
    open: (scope) => say(asScope(scope, 'open'), 'setMaintenance', { scope, on: false }, { verb: true }),
    explain(scope, lease) {
      return explainIn(roots.get(rootOf(scope)) ?? activate(rootOf(scope), undefined, limits), lease, clock.now());
    },
    occupancy: () => [...roots.values()].flatMap((state) => occupancyIn(state)),
  };
  return throttle;
}
