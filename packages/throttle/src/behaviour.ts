/**
 * The throttle entity: one per scope root, holding the tree of limits below it. Grants are all or nothing over kinds and
 * levels, strictly within the limits, in order of arrival within a priority. Waiting costs nothing but an item.
 */
import type { Behaviour, Effect, Incoming, TurnContext } from '@troupe/actor';
import type { Address, Context, Json } from '@troupe/protocol';
import { refusal } from './acquire-rules.ts';
import { noteHold } from './estimate.ts';
import type { Lease, Waiter } from './ledger.ts';
import { checkLimits, type LimitOptions, levelsOf, limitsOfRoot, type Need } from './limits.ts';
import { parseAcquire, parseGiveBack, parseObserved } from './mail.ts';
import { noteEmpty, noteEntered, setLimit, setMaintenance, setRate } from './orders.ts';
import { armLapse, lapseDue, OUTSIDE, receiveOutside, tellOutside } from './outside.ts';
import { bare, own } from './own.ts';
import { activate, LIMITS_ITEM, rootOfState, type ThrottleState } from './state.ts';

export interface ThrottleOptions {
  readonly limits?: LimitOptions;
  /** Holders are asked whether they still hold, only while somebody waits, first after so long. Default 30000. */
  readonly askAfterMs?: number;
  /** Holders asked at once, the oldest first. Default 8. */
  readonly askAtOnce?: number;
}

export const throttleDefaults = Object.freeze({ askAfterMs: 30_000, askAtOnce: 8, askBackoffLimitMs: 600_000 });

export function throttleBehaviour(options: ThrottleOptions = {}): Behaviour<ThrottleState> {
  const limits = checkLimits(options.limits ?? {});
  const askAfterMs = options.askAfterMs ?? throttleDefaults.askAfterMs;
  return {
    kind: 'throttle',
    mayReceive: (message) => !message.sender.startsWith('task-'),
    activate: (key, record) => activate(key, record, limits),
    receive(state, message, context) {
      const turn = new Turn(state, limits, message, context);
      if (!state.limitsKept) turn.keepLimits();
      receive(turn, message);
      turn.grantDue();
      armLapse(turn);
      if (state.ledger.waitingCount > 0 && state.ask === null) turn.armAsk(askAfterMs, 0);
      if (message.type === 'timer.ask' && message.timer === state.ask?.timer)
        turn.askHolders(options.askAtOnce ?? throttleDefaults.askAtOnce, askAfterMs);
      return turn.effects;
    },
    root: rootOfState,
  };
}

function receive(turn: Turn, message: Incoming): void {
  if (message.from?.kind === OUTSIDE) return receiveOutside(turn, message);
  switch (message.type) {
    case 'acquire':
      return turn.acquire(message);
    case 'release':
      return turn.release(leaseOf(message.body), message.from, 'released');
    case 'giveBack':
      return turn.giveBack(message);
    case 'holding':
      // only an explicit no reclaims; silence never does
      if ((message.body as { holds?: boolean } | null)?.holds === false) turn.release(leaseOf(message.body), message.from, 'reclaimed');
      return;
    case 'observed':
      return turn.observed(message);
    case 'setLimit':
    case 'setRate':
    case 'setMaintenance':
      return turn.order(message);
    case 'timer.lapse':
      if (message.timer !== turn.state.lapse?.timer) return;
      turn.state.lapse = undefined;
      return lapseDue(turn);
    default:
  }
}

class Turn {
  readonly effects: Effect[] = [];
  readonly state: ThrottleState;
  private readonly limits: LimitOptions;
  private readonly message: Incoming;
  readonly context: TurnContext;
  /** Never before what counted already. */
  readonly now: number;

  constructor(state: ThrottleState, limits: LimitOptions, message: Incoming, context: TurnContext) {
    this.state = state;
    this.limits = limits;
    this.message = message;
    this.context = context;
    this.now = Math.max(state.clock, context.now);
  }

  /** At the first message, and at the first after a host was configured anew. */
  keepLimits(): void {
    this.state.limitsKept = true;
    this.effects.push({ type: 'putItem', item: LIMITS_ITEM, body: limitsOfRoot(this.limits, this.state.root) as unknown as Json });
  }

  acquire(message: Incoming): void {
    const { state } = this;
    const holder = message.from;
    if (holder === undefined) return;
    const parsed = parseAcquire(message.body);
    if ('error' in parsed) {
      this.send(holder, 'throttle.refused', { lease: parsed.lease, error: parsed.error });
      return;
    }
    const held = state.ledger.leases.get(parsed.lease);
    // asked again: the answer is in the state
    if (held !== undefined) {
      this.tellGranted(held);
      return;
    }
    if (state.ledger.waiter(parsed.lease) !== undefined) return;
    const refused = refusal(parsed, state.root, state.mostOf, (path, name) => state.spent.rateOf(path, name), state.ledger.leases);
    if (refused !== undefined && 'error' in refused) {
      this.send(holder, 'throttle.refused', { lease: parsed.lease, error: refused.error });
      return;
    }
    state.clock = this.now;
    const isCovered = refused?.reentrant === true;
    const isInside = isCovered && parsed.spend !== undefined;
    const { turn, effects } = state.shares.take(isCovered ? undefined : parsed.share, parsed.priority, parsed.need);
    this.effects.push(...effects);
    const waiter: Waiter = {
      lease: parsed.lease,
      scope: parsed.scope,
      need: parsed.need,
      ...(parsed.spend === undefined ? {} : { spend: parsed.spend }),
      holder,
      priority: parsed.priority,
      ...(parsed.share === undefined ? {} : { share: parsed.share }),
      ...(turn === 0 ? {} : { turn }),
      seq: ++state.seq,
      since: this.now,
      ...(isInside ? { inside: true as const } : {}),
      ...(hasContext(message) ? { context: message.context } : {}),
    };
    if ((isCovered && !isInside) || state.ledger.enter(waiter, this.now)) {
      this.grant(waiter, isCovered);
    } else {
      this.effects.push({ type: 'putItem', item: `w:${waiter.lease}`, body: waiter as unknown as Json });
      this.publish('queued', waiter, {});
    }
  }

  release(lease: string | undefined, from: Address | undefined, how: 'released' | 'reclaimed' | 'expired'): void {
    const { ledger } = this.state;
    if (lease === undefined) return;
    const held = ledger.leases.get(lease);
    const waiter = ledger.waiter(lease);
    const owner = held?.holder ?? waiter?.holder;
    // late, double, unknown, or somebody else's: changes nothing
    if (owner === undefined || from === undefined || from.kind !== owner.kind || from.key !== owner.key) return;
    this.effects.push(...this.state.outside.forget(lease));
    if (held !== undefined) {
      this.effects.push({ type: 'removeItem', item: `l:${lease}` });
      if (how === 'released' && held.reentrant !== true) noteHold(this.state.holds, held.need, this.now - held.grantedAt);
      this.publish(how, held, { heldMs: this.now - held.grantedAt });
      this.offer(ledger.removeLease(lease));
      noteEmpty(this.state, held.scope, this.effects);
    } else if (waiter !== undefined) {
      this.effects.push({ type: 'removeItem', item: `w:${lease}` });
      this.publish('withdrawn', waiter, {});
      this.offer(ledger.withdraw(lease));
    }
  }

  giveBack(message: Incoming): void {
    const parsed = parseGiveBack(message.body);
    const held = parsed === undefined ? undefined : this.state.ledger.leases.get(parsed.lease);
    const { from } = message;
    if (parsed === undefined || held === undefined || from?.kind !== held.holder.kind || from.key !== held.holder.key) return;
    const need = bare<number>({});
    const gone = bare<number>({});
    for (const [kind, tokens] of Object.entries(held.need)) {
      const rest = tokens - Math.min(tokens, own(parsed.need, kind) ?? 0);
      (rest > 0 ? need : gone)[kind] = rest;
    }
    if (held.reentrant !== true) noteHold(this.state.holds, gone, this.now - held.grantedAt);
    if (sameNeed(need, held.need)) return;
    const next: Lease = { ...held, need };
    this.effects.push({ type: 'putItem', item: `l:${held.lease}`, body: next as unknown as Json });
    this.publish('givenBack', held, { left: need });
    this.offer(this.state.ledger.replaceLease(next));
  }

  /** How the backend did, said by a holder: limits that adapt themselves go by it. */
  observed(message: Incoming): void {
    const parsed = parseObserved(message.body);
    const held = parsed === undefined ? undefined : this.state.ledger.leases.get(parsed.lease);
    if (parsed === undefined || held === undefined || !isOf(message.from, held.holder)) return;
    const { adaptive, ledger, limitOf, overrides, root } = this.state;
    for (const path of levelsOf(held.scope)) {
      for (const kind of Object.keys(held.need)) {
        const isUsed = ledger.used(path, kind) >= limitOf(path, kind) || ledger.isWaitedFor(path, kind);
        const { isNew, effects } = adaptive.observe(path, kind, parsed.seen, isUsed, this.now);
        this.effects.push(...effects);
        if (!isNew || overrides[path]?.[kind] !== undefined) continue;
        const body = { scope: path, kind, limit: limitOf(path, kind) };
        this.effects.push({ type: 'publish', topic: ['throttle', root, 'limitAdapted'], body });
        this.offer(ledger.pairsBelow(path, kind));
      }
    }
  }

  /** Of an operator. */
  order(message: Incoming): void {
    if (message.sender !== 'verb') return;
    const { state, effects, now } = this;
    const change = message.type === 'setLimit' ? setLimit : message.type === 'setRate' ? setRate : setMaintenance;
    this.offer(change(state, message.body, now, effects));
  }

  /** Whoever has waited long enough for a rate; and the timer for who comes next. */
  grantDue(): void {
    const { state, now } = this;
    const { ledger, wake } = state;
    if (this.message.type === 'timer.rate' && this.message.timer === wake?.timer) state.wake = undefined;
    for (let due = ledger.takeDue(now); due.length > 0; due = ledger.takeDue(now)) this.offer(due);
    // nobody to wake: a timer that comes all the same finds nothing to do
    if (ledger.waitingCount === 0) state.wake = undefined;
    const next = ledger.waitingCount === 0 ? undefined : ledger.nextDue;
    if (next === undefined || (state.wake !== undefined && state.wake.at <= next)) return;
    const timer = this.context.newId();
    state.wake = { timer, at: next };
    this.effects.push({ type: 'send', to: this.context.self, mail: { type: 'timer.rate', body: null }, at: next, id: timer });
  }

  armAsk(afterMs: number, from: number): void {
    const timer = this.context.newId();
    this.state.ask = { timer, everyMs: afterMs, from };
    this.effects.push({
      type: 'send',
      to: this.context.self,
      mail: { type: 'timer.ask', body: null },
      at: this.context.now + afterMs,
      id: timer,
    });
  }

  /** Asks the next few holders by age, and comes back later and later while nothing changes. */
  askHolders(atOnce: number, askAfterMs: number): void {
    const ask = this.state.ask!;
    this.state.ask = null;
    if (this.state.ledger.waitingCount === 0) return;
    const leases = [...this.state.ledger.leases.values()].sort((a, b) => a.fence - b.fence);
    const start = ask.from < leases.length ? ask.from : 0;
    for (const lease of leases.slice(start, start + atOnce)) this.send(lease.holder, 'throttle.asked', { lease: lease.lease }, lease);
    const next = start + atOnce;
    const around = next >= leases.length;
    const everyMs = around ? Math.min(ask.everyMs * 2, throttleDefaults.askBackoffLimitMs) : Math.max(ask.everyMs, askAfterMs);
    this.armAsk(everyMs, around ? 0 : next);
  }

  private offer(pairs: readonly string[]): void {
    this.state.ledger.offer(pairs, this.now, (waiter) => {
      this.effects.push({ type: 'removeItem', item: `w:${waiter.lease}` });
      this.grant(waiter, waiter.inside === true);
    });
  }

  private grant(waiter: Waiter, reentrant: boolean): void {
    const { lease, scope, need, holder } = waiter;
    this.effects.push(...this.state.spent.spend(scope, waiter.spend ?? {}, this.now));
    this.effects.push(...this.state.shares.serve(waiter.priority, waiter.turn ?? 0));
    if (waiter.spend !== undefined) this.state.clock = this.now;
    const granted: Lease = {
      lease,
      scope,
      need,
      holder,
      fence: ++this.state.fence,
      grantedAt: this.now,
      ...(reentrant ? { reentrant: true as const } : {}),
      ...(waiter.context === undefined ? {} : { context: waiter.context }),
    };
    this.state.ledger.addLease(granted);
    this.effects.push(...this.state.outside.granted(lease, this.now));
    if (reentrant) noteEntered(this.state, scope);
    this.effects.push({ type: 'putItem', item: `l:${lease}`, body: granted as unknown as Json });
    this.tellGranted(granted);
    const more = reentrant ? { reentrant } : {};
    this.publish('granted', waiter, { waitedMs: this.now - waiter.since, fence: granted.fence, ...more });
  }

  private tellGranted(granted: Lease): void {
    const { lease, fence, scope, need, holder } = granted;
    this.send(holder, 'throttle.granted', { lease, fence, scope, need }, granted);
  }

  private send(to: Address, type: string, body: { readonly lease: string } & Record<string, unknown>, about: About = this.message): void {
    if (to.kind === OUTSIDE) return void this.effects.push(...tellOutside(this.state, type, body));
    this.effects.push({ type: 'send', to, mail: { type, body: body as unknown as Json }, ...this.contextOf(about) });
  }

  private publish(what: string, about: Pick<Lease, 'lease' | 'scope' | 'need' | 'context'>, more: Record<string, unknown>): void {
    const { lease, scope, need } = about;
    const body = { lease, scope, need, ...more } as Json;
    this.effects.push({ type: 'publish', topic: ['throttle', this.state.root, what], body, ...this.contextOf(about) });
  }

  /** Whoever gives back lets somebody else go on: that is told under the context of the other (S99). */
  private contextOf({ context }: About): { context?: Context } {
    if (context !== undefined) return { context };
    return hasContext(this.message) ? { context: {} } : {};
  }
}

type About = { readonly context?: Context };

function hasContext({ context }: Incoming): boolean {
  return Object.keys(context).length > 0;
}

function isOf(from: Address | undefined, holder: Address): boolean {
  return from?.kind === holder.kind && from.key === holder.key;
}

function leaseOf(body: Json): string | undefined {
  const lease = (body as { lease?: unknown } | null)?.lease;
  return typeof lease === 'string' ? lease : undefined;
}

function sameNeed(a: Need, b: Need): boolean {
  const keys = Object.keys(b);
  return keys.length === Object.keys(a).length && keys.every((k) => own(a, k) === own(b, k));
}
