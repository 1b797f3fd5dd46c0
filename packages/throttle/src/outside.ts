/**
 * Holders that are no entities: programs of any language, which come through the door. Nobody can ask them whether they still hold, so
 * their leases lapse unless they are renewed, and so do their places in the queue. Each is kept as an item beside its lease or waiter.
 *
 *   waiting ── asked again ──> waiting      until = when it asked + how long it listens + TTL
 *   waiting ── granted ──────> held         until = now + TTL
 *   held ───── renewed ──────> held         until = when it asked + TTL
 *   any ────── until passes ─> gone         (`expired`; of a waiter `withdrawn`)
 *
 * What is counted is when a message was stored: mail that waited for a host was in time if it was sent in time.
 */
import type { Effect, Incoming, TurnContext } from '@troupe/actor';
import type { Address, Json } from '@troupe/protocol';
import type { ThrottleState } from './state.ts';

/** Kind of their addresses. No mail is ever sent there. */
export const OUTSIDE = 'outside';

/** The name that a lease has inside: nobody outside can take, or lose, a name of an operation's. */
export function outsideLease(lease: string): string {
  return `${OUTSIDE}/${lease}`;
}

/** How late a lease may be seen to have lapsed: so often its timer fires at most. */
const LOOK_EVERY_MS = 1_000;

interface Tell {
  /** Which door waits for the answer, and to which of its requests. */
  readonly door: string;
  readonly request: string;
}

interface Outside {
  readonly lease: string;
  readonly ttlMs: number;
  /** Epoch milliseconds. */
  readonly until: number;
  readonly tell: Tell;
}

export class OutsideBook {
  private readonly all = new Map<string, Outside>();
  /** When the first of them may lapse; not later than that, perhaps earlier. */
  private low = Number.POSITIVE_INFINITY;

  restore(body: Json): void {
    this.keep(body as unknown as Outside);
  }

  /**
   * A lease or a place of which no time is known: no turn leaves one, but a server that was killed may bring back what had been removed. Nobody
   * would renew it, and it would be held for ever.
   */
  restoreOrphan(lease: string): void {
    if (!this.all.has(lease)) this.keep({ lease, ttlMs: 0, until: 0, tell: { door: '', request: '' } });
  }

  get(lease: string): Outside | undefined {
    return this.all.get(lease);
  }

  get lookAt(): number | undefined {
    return this.all.size === 0 ? undefined : this.low;
  }

  put(one: Outside): Effect[] {
    this.keep(one);
    return [{ type: 'putItem', item: `o:${one.lease}`, body: one as unknown as Json }];
  }

  /** From the grant on its whole time counts. */
  granted(lease: string, now: number): Effect[] {
    const one = this.all.get(lease);
    return one === undefined ? [] : this.put({ ...one, until: now + one.ttlMs });
  }

  forget(lease: string): Effect[] {
    return this.all.delete(lease) ? [{ type: 'removeItem', item: `o:${lease}` }] : [];
  }

  /** Those whose time is over; and when to look again. */
  takeDue(now: number): string[] {
    this.low = Number.POSITIVE_INFINITY;
    const due: string[] = [];
    for (const { lease, until } of this.all.values()) {
      if (until <= now) due.push(lease);
      else this.low = Math.min(this.low, until);
    }
    this.low = Math.max(this.low, now + LOOK_EVERY_MS);
    return due;
  }

  private keep(one: Outside): void {
    this.all.set(one.lease, one);
    this.low = Math.min(this.low, one.until);
  }
}

/** What a turn lends to this file. */
interface OutsideTurn {
  readonly state: ThrottleState;
  readonly effects: Effect[];
  readonly now: number;
  readonly context: TurnContext;
  acquire(message: Incoming): void;
  giveBack(message: Incoming): void;
  observed(message: Incoming): void;
  release(lease: string, from: Address | undefined, how: 'released' | 'expired'): void;
}

/** Mail that a door has made of a request, checked there. */
interface Body {
  readonly lease: string;
  readonly tell: Tell;
  readonly ttlMs: number;
  readonly waitMs: number;
  readonly fence?: number;
  readonly need?: Json;
  /** What it says that it holds of this root. */
  readonly held?: readonly { readonly lease: string }[];
}

export function receiveOutside(turn: OutsideTurn, message: Incoming): void {
  const body = message.body as unknown as Body;
  const { outside, ledger } = turn.state;
  const known = outside.get(body.lease);
  // its time is over, and only the timer has not come yet
  if (known !== undefined && known.until <= message.storedAt) lapse(turn, known.lease);
  const owner = ownerOf(turn.state, body.lease);
  if (owner !== undefined && owner.key !== message.from!.key) {
    const error = { code: 'id_reused', message: `lease ${body.lease} is another holder's` };
    tell(turn, body, message.type === 'acquire' ? { answer: 'refused', error } : GONE[message.type]!);
    return;
  }
  const held = ledger.leases.get(body.lease);
  const isStale = held === undefined || (body.fence !== undefined && body.fence !== held.fence);
  switch (message.type) {
    case 'acquire': {
      // inside of what it does not hold it would wait like everybody else, and while it holds other things, perhaps
      const within = body.held?.find((one) => ledger.leases.get(one.lease)?.holder.key !== message.from!.key);
      if (within !== undefined && owner === undefined) {
        const error = { code: 'lease_lost', message: `lease ${within.lease} is not held by ${message.from!.key}` };
        return tell(turn, body, { answer: 'refused', error });
      }
      const until = message.storedAt + body.ttlMs + (held === undefined ? body.waitMs : 0);
      turn.effects.push(...outside.put({ lease: body.lease, ttlMs: body.ttlMs, until, tell: body.tell }));
      turn.acquire(message);
      const waiter = ledger.waiter(body.lease);
      if (waiter !== undefined) tell(turn, body, { answer: 'queued', ahead: aheadOf(turn, body.lease) });
      // refused: nothing is left of it
      else if (!ledger.leases.has(body.lease)) turn.effects.push(...outside.forget(body.lease));
      return;
    }
    case 'renew': {
      if (isStale || body.fence === undefined) return tell(turn, body, GONE['renew']!);
      const until = Math.max(outside.get(body.lease)?.until ?? 0, message.storedAt + body.ttlMs);
      turn.effects.push(...outside.put({ lease: body.lease, ttlMs: body.ttlMs, until, tell: body.tell }));
      return tell(turn, body, { answer: 'renewed', fence: held.fence });
    }
    case 'observe': {
      if (!isStale) turn.observed(message);
      return tell(turn, body, { answer: 'observed', held: !isStale });
    }
    case 'release': {
      // a place in the queue is given up without a fence: there is none yet
      const isWaiting = ledger.waiter(body.lease) !== undefined;
      if (!isWaiting && isStale) return tell(turn, body, GONE['release']!);
      if (body.need !== undefined) turn.giveBack(message);
      else turn.release(body.lease, message.from, 'released');
      return tell(turn, body, { answer: 'released', held: !isWaiting });
    }
    default:
  }
}

/** A late or a double one changes nothing, and is told so. */
const GONE: Readonly<Record<string, { readonly [field: string]: Json }>> = {
  renew: { answer: 'lost' },
  release: { answer: 'released', held: false },
  observe: { answer: 'observed', held: false },
};

/** Everybody whose time is over; called when the timer fires. */
export function lapseDue(turn: OutsideTurn): void {
  const { outside, ledger } = turn.state;
  const due = outside.takeDue(turn.now);
  // places first, else what a holder leaves would go to somebody who is gone as well
  for (const lease of due) if (ledger.waiter(lease) !== undefined) lapse(turn, lease);
  for (const lease of due) if ((outside.get(lease)?.until ?? Number.POSITIVE_INFINITY) <= turn.now) lapse(turn, lease);
}

function lapse(turn: OutsideTurn, lease: string): void {
  turn.release(lease, ownerOf(turn.state, lease), 'expired');
  turn.effects.push(...turn.state.outside.forget(lease));
}

/** The timer for the next that may lapse. */
export function armLapse({ state, effects, context }: OutsideTurn): void {
  const at = state.outside.lookAt;
  // a timer that nobody needs any more runs out, and finds nothing to do
  if (at === undefined) state.lapse = undefined;
  if (at === undefined || (state.lapse !== undefined && state.lapse.at <= at)) return;
  const timer = context.newId();
  state.lapse = { timer, at };
  effects.push({ type: 'send', to: context.self, mail: { type: 'timer.lapse', body: null }, at, id: timer });
}

/** What an entity would get as mail goes to the door that asked last. Silence never reclaims: who is not renewed lapses anyhow. */
export function tellOutside({ outside }: ThrottleState, type: string, body: { readonly lease: string }): Effect[] {
  const known = outside.get(body.lease);
  if (known === undefined || type === 'throttle.asked') return [];
  const { door, request } = known.tell;
  return [{ type: 'tell', to: door, body: { request, answer: type.slice('throttle.'.length), ...body } }];
}

function tell(turn: OutsideTurn, { tell: to, lease }: Body, answer: { readonly [field: string]: Json }): void {
  turn.effects.push({ type: 'tell', to: to.door, body: { request: to.request, lease, ...answer } });
}

function ownerOf({ ledger }: ThrottleState, lease: string): Address | undefined {
  return ledger.leases.get(lease)?.holder ?? ledger.waiter(lease)?.holder;
}

/** Of the queue that holds it up most. */
function aheadOf({ state, now }: OutsideTurn, lease: string): number {
  const waiter = state.ledger.waiter(lease)!;
  const at = Math.max(now, state.clock);
  return Math.max(0, ...state.ledger.blockers(waiter, at).map((one) => state.ledger.countBefore(one, waiter, at)));
}
