/**
 * The throttle within one process, without a server: the same behaviour, driven by hand. For programs that want strict and
 * fair limits and nothing else.
 */
import { type Clock, systemClock, type TurnContext } from '@troupe/actor';
import { fromWireError, type Json, TroupeError, type WireError } from '@troupe/protocol';
import { activate, throttleBehaviour, type ThrottleState } from './behaviour.ts';
import { explainIn, type LeaseExplanation, type Occupancy, occupancyIn } from './explain.ts';
import { type LimitOptions, type Need, rootOf } from './limits.ts';

export interface LocalThrottleOptions {
  readonly limits?: LimitOptions;
  readonly clock?: Clock;
}

export interface LocalLease {
  readonly id: string;
  /** Grows with every grant of a root: hand it to the backend, so that it can refuse an older holder. */
  readonly fence: number;
  /** Gives part of it back before its end. */
  giveBack(need: Need): void;
  /** May be called twice. */
  release(): void;
}

export interface AcquireOptions {
  readonly signal?: AbortSignal;
  /** Higher goes first. Default 0. */
  readonly priority?: number;
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
  /** At run time: 0 pauses, null takes the override back, lowering below use only stops grants. */
  setLimit(scope: string, kind: string, limit: number | null): void;
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

  const say = (scope: string, type: string, body: Json, verb = false): void => {
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
    const from = { kind: 'local', key: 'local' };
    const message = {
      id: `${effectId++}`,
      type,
      body,
      sender: verb ? ('verb' as const) : ('entity' as const),
      from,
      context: {},
      storedAt: now,
    };
    for (const effect of behaviour.receive(state, message, context)) {
      if (effect.type === 'send' && effect.at === undefined) answer(effect.mail.type, effect.mail.body as never);
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
    giveBack: (need) => say(scope, 'giveBack', { lease: id, need }),
    release: () => say(scope, 'release', { lease: id }),
  });

  const throttle: LocalThrottle = {
    acquire(scope, need, { signal, priority = 0, lease = `local-${next++}` } = {}) {
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
        say(scope, 'acquire', { lease, scope, need, priority, held: [] });
      });
    },
    async withTokens(scope, need, work, acquireOptions) {
      const lease = await throttle.acquire(scope, need, acquireOptions);
      try {
        return await work(lease);
      } finally {
        lease.release();
      }
    },
    setLimit(scope, kind, limit) {
      if (limit !== null && (!Number.isInteger(limit) || limit < 0)) {
        throw new TroupeError('invalid_options', `limit must be a whole number of at least 0 or null, not ${limit}`, { field: 'limit' });
      }
      say(scope, 'setLimit', { scope, kind, limit }, true);
    },
    explain(scope, lease) {
      return explainIn(roots.get(rootOf(scope)) ?? activate(rootOf(scope), undefined, limits), lease, clock.now(), limits);
    },
    occupancy: () => [...roots.values()].flatMap((state) => occupancyIn(state, limits)),
  };
  return throttle;
}
