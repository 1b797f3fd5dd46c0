/** Throttles in memory: all-or-nothing, first come first served, idempotent by lease. Notes the peak of what was granted. */
import type { Address } from '@troupe/protocol';
import type { AcquireMail, HeldLease } from '@troupe/executor/internal';

interface Holder extends AcquireMail {
  readonly from: Address;
  readonly fence: number;
  /** What it takes from the limits: nothing if it is covered by a lease around it. */
  left: Record<string, number>;
}

export interface Scopes {
  receive(type: string, body: never, from: Address): void;
  readonly held: readonly string[];
  readonly waiting: readonly string[];
  /** Highest number of tokens of a kind that were granted at once. */
  peak(scope: string, kind: string): number;
  /** Leases acquired, by how often each was released while it was held. */
  readonly releases: ReadonlyMap<string, number>;
  readonly acquired: readonly AcquireMail[];
  /** What holders told of the backend. */
  readonly observed: readonly object[];
  setLimit(scope: string, kind: string, limit: number): void;
  ask(lease: string, to: Address): void;
  refuse(lease: string, to: Address, code: string): void;
  /** Does what the scope of a lease says when it holds back all grants. */
  pause(): void;
  resume(): void;
  readonly answers: readonly { readonly lease: string; readonly holds: boolean }[];
}

export function createScopes(
  limits: Readonly<Record<string, Readonly<Record<string, number>>>>,
  send: (to: Address, type: string, body: object, scope: Address) => void,
): Scopes {
  const caps = new Map<string, Map<string, number>>(
    Object.entries(limits).map(([scope, kinds]) => [scope, new Map(Object.entries(kinds))]),
  );
  const holders = new Map<string, Holder>();
  const waiters = new Map<string, Omit<Holder, 'fence'>>();
  const peaks = new Map<string, number>();
  const releases = new Map<string, number>();
  const acquired: AcquireMail[] = [];
  const observed: object[] = [];
  const answers: { lease: string; holds: boolean }[] = [];
  let fence = 0;
  let paused = false;

  const addressOf = (scope: string): Address => ({ kind: 'throttle', key: scope.split('/')[0]! });
  const used = (scope: string, kind: string): number =>
    [...holders.values()].reduce((sum, h) => sum + (h.scope === scope ? (h.left[kind] ?? 0) : 0), 0);
  const fits = (scope: string, need: Readonly<Record<string, number>>): boolean =>
    Object.entries(need).every(([kind, n]) => used(scope, kind) + n <= (caps.get(scope)?.get(kind) ?? Infinity));
  const covered = (body: AcquireMail): boolean =>
    body.held.some((one: HeldLease) => holders.has(one.lease) && one.scope.split('/')[0] === body.scope.split('/')[0]);

  const serve = (): void => {
    if (paused) return;
    const blocked = new Set<string>();
    for (const [lease, waiter] of waiters) {
      if (blocked.has(waiter.scope)) continue;
      if (!fits(waiter.scope, waiter.left)) {
        blocked.add(waiter.scope);
        continue;
      }
      waiters.delete(lease);
      const holder = { ...waiter, fence: ++fence };
      holders.set(lease, holder);
      for (const kind of Object.keys(holder.left)) {
        const key = `${holder.scope} ${kind}`;
        peaks.set(key, Math.max(peaks.get(key) ?? 0, used(holder.scope, kind)));
      }
      grant(holder);
    }
  };
  const grant = (holder: Holder): void =>
    send(
      holder.from,
      'throttle.granted',
      { lease: holder.lease, fence: holder.fence, scope: holder.scope, need: holder.need },
      addressOf(holder.scope),
    );

  return {
    receive(type, body, from) {
      const mail = body as AcquireMail & { need: Record<string, number>; holds: boolean };
      const holder = holders.get(mail.lease);
      switch (type) {
        case 'acquire':
          acquired.push(mail);
          if (holder !== undefined) return grant(holder);
          waiters.set(mail.lease, { ...mail, from, left: covered(mail) ? {} : { ...mail.need } });
          return serve();
        case 'release':
          waiters.delete(mail.lease);
          if (holder === undefined) return;
          releases.set(mail.lease, (releases.get(mail.lease) ?? 0) + 1);
          holders.delete(mail.lease);
          return serve();
        case 'giveBack':
          if (holder !== undefined)
            for (const [kind, n] of Object.entries(mail.need)) holder.left[kind] = Math.max(0, (holder.left[kind] ?? 0) - n);
          return serve();
        case 'holding':
          answers.push({ lease: mail.lease, holds: mail.holds });
          if (!mail.holds) holders.delete(mail.lease);
          return serve();
        case 'observed':
          return void observed.push(body);
        default:
          throw new Error(`a throttle has no business with ${type}`);
      }
    },
    get held() {
      return [...holders.keys()];
    },
    get waiting() {
      return [...waiters.keys()];
    },
    peak: (scope, kind) => peaks.get(`${scope} ${kind}`) ?? 0,
    releases,
    acquired,
    observed,
    answers,
    setLimit(scope, kind, limit) {
      const kinds = caps.get(scope) ?? new Map<string, number>();
      caps.set(scope, kinds.set(kind, limit));
      serve();
    },
    ask: (lease, to) => send(to, 'throttle.asked', { lease }, { kind: 'throttle', key: 'p' }),
    refuse(lease, to, code) {
      waiters.delete(lease);
      send(to, 'throttle.refused', { lease, error: { code, message: code } }, { kind: 'throttle', key: 'p' });
    },
    pause: () => void (paused = true),
    resume() {
      paused = false;
      serve();
    },
  };
}
