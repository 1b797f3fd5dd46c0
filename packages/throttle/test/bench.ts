/** Drives the behaviour by hand: mail in, effects out, record kept as a host would keep it (through JSON). */
import type { Effect } from '@troupe/actor';
import type { Address, Json } from '@troupe/protocol';
import { explainLease, type LeaseExplanation, throttleBehaviour, type ThrottleOptions, type ThrottleState } from '@troupe/throttle';

export interface Sent {
  readonly to: string;
  readonly type: string;
  readonly lease: string;
  readonly body: Record<string, unknown>;
}

export function createBench(options: ThrottleOptions = {}, key = 'cloud') {
  let behaviour = throttleBehaviour(options);
  let state: ThrottleState = behaviour.activate(key, undefined);
  const grants = new Map<string, number>();
  const items = new Map<string, string>();
  let root: string | undefined;
  let ids = 0;
  let now = 1_000;
  const bench = {
    sent: [] as Sent[],
    events: [] as string[],
    /** What doors are told. */
    told: [] as Record<string, unknown>[],
    timers: [] as { id: string; at: number; type: string }[],
    onEvent: (_topic: readonly string[], _body: Json): void => undefined,
    get now() {
      return now;
    },
    get state() {
      return state;
    },
    advance(ms: number) {
      now += ms;
    },
    /** Lets the time pass and every timer fire at its time, but those that ask holders. */
    pass(ms: number): Sent[] {
      const until = now + ms;
      const before = bench.sent.length;
      for (let rounds = 0; ; rounds++) {
        if (rounds > 1_000) throw new Error(`timers fire again and again at ${now}`);
        const due = bench.timers.filter(({ type, at }) => type !== 'timer.ask' && at <= until);
        if (due.length === 0) break;
        const next = due.reduce((a, b) => (b.at < a.at ? b : a));
        bench.timers.splice(bench.timers.indexOf(next), 1);
        now = Math.max(now, next.at);
        bench.say(next.type, null, null, { sender: 'timer', timer: next.id });
      }
      now = until;
      return bench.sent.slice(before);
    },
    order: (type: string, body: Json) => bench.say(type, body, undefined, { sender: 'verb' }),
    say(
      type: string,
      body: Json,
      from: string | null | undefined = 'op',
      extra: { sender?: 'verb' | 'entity' | 'timer'; timer?: string; kind?: string } = {},
    ): Sent[] {
      const message = {
        id: `m${ids++}`,
        type,
        body: JSON.parse(JSON.stringify(body)) as Json,
        sender: extra.sender ?? ('entity' as const),
        ...(from === null ? {} : { from: { kind: extra.kind ?? 'operation', key: from } satisfies Address }),
        ...(extra.timer === undefined ? {} : { timer: extra.timer }),
        context: {},
        storedAt: now,
      };
      const effects = behaviour.receive(state, message, {
        self: { kind: 'throttle', key },
        now,
        newId: () => `e${ids++}`,
        token: () => 't',
        random: () => 0.5,
      });
      const before = bench.sent.length;
      for (const effect of effects) apply(effect);
      root = JSON.stringify(behaviour.root(state));
      return bench.sent.slice(before);
    },
    acquire: (lease: string, need: Record<string, number>, scope = key, more: Record<string, Json> = {}) =>
      bench.say('acquire', { lease, scope, need, held: [], ...more }, lease),
    release: (lease: string) => bench.say('release', { lease }, lease),
    limit: (kind: string, limit: number | null, scope = key) =>
      bench.say('setLimit', { scope, kind, limit }, undefined, { sender: 'verb' }),
    /** As if it had never been written. */
    lose: (item: string) => items.delete(item),
    record: () => ({
      root: JSON.parse(root ?? 'null') as Json,
      items: new Map([...items].map(([name, body]) => [name, JSON.parse(body) as Json])),
    }),
    /** What a host does after a failure: everything but the record is forgotten; it may be configured anew. */
    rebuild(anew?: ThrottleOptions) {
      if (anew !== undefined) behaviour = throttleBehaviour(anew);
      state = behaviour.activate(key, root === undefined ? undefined : bench.record());
    },
    /** As a reader of the record would say it. */
    explain: (lease: string): LeaseExplanation => explainLease(key, bench.record(), lease, now),
    granted: () => [...state.ledger.leases.keys()],
    /** Also of a lease that is gone. */
    grantedAt: (lease: string): number => grants.get(lease)!,
    waiting: () => state.ledger.waiters().map((w) => w.lease),
  };
  const apply = (effect: Effect): void => {
    if (effect.type === 'putItem') items.set(effect.item, JSON.stringify(effect.body));
    else if (effect.type === 'removeItem') items.delete(effect.item);
    else if (effect.type === 'publish') {
      bench.events.push(effect.topic.at(-1)!);
      bench.onEvent(effect.topic, effect.body);
    } else if (effect.type === 'tell') bench.told.push(effect.body as Record<string, unknown>);
    else if (effect.type === 'send') {
      if (effect.at !== undefined) bench.timers.push({ id: effect.id!, at: effect.at, type: effect.mail.type });
      else {
        const body = effect.mail.body as Record<string, unknown>;
        if (effect.mail.type === 'throttle.granted' && !grants.has(String(body['lease']))) grants.set(String(body['lease']), now);
        bench.sent.push({ to: effect.to.key, type: effect.mail.type, lease: String(body['lease']), body });
      }
    }
  };
  return bench;
}
