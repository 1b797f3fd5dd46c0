import type { Effect, Incoming } from '@troupe/actor';
import type { Json } from '@troupe/protocol';
import { throttleBehaviour, type ThrottleState } from '@troupe/throttle';
import { expect } from 'chai';
import fc from 'fast-check';

/**
 * A scope and its holders as they really are: mail that comes in any order, twice, late; a host that dies before or after its
 * commit; a second host that works on what it remembers; holders that give up, finish, or vanish without a word.
 */
const kinds = ['x', 'y'] as const;
const scopes = ['cloud', 'cloud/t1', 'cloud/t1/p', 'cloud/t2'] as const;
const rate = { bucket: 3, refill: 1, every: '10ms' } as const;
const configured = { default: 2, scopes: { 'cloud/t1': { x: 1 } }, rates: { kinds: { call: rate } }, aging: '200ms' } as const;

interface Letter {
  readonly type: string;
  readonly body: Json;
  readonly from?: string;
  readonly timer?: string;
}
interface Holder {
  readonly scope: string;
  readonly need: Readonly<Record<string, number>>;
  readonly spends: boolean;
  is: 'asking' | 'holding' | 'gone' | 'vanished';
}
interface Host {
  state: ThrottleState | undefined;
  revision: number;
}

function createWorld() {
  const behaviour = throttleBehaviour({ limits: configured, askAtOnce: 2 });
  const items = new Map<string, string>();
  const holders = new Map<string, Holder>();
  const mail: Letter[] = [];
  const limits = new Map<string, number>();
  const hosts: Host[] = [1, 2].map(() => ({ state: undefined, revision: -1 }));
  let root = 'null';
  let revision = 0;
  let emitted: readonly Effect[] = [];
  let ids = 0;
  let fence = 0;
  /** When something was spent of the rate, by what is in the record. */
  const spent: number[] = [];

  const limitOf = (path: string, kind: string): number =>
    limits.get(`${path} ${kind}`) ?? (path === 'cloud' ? 2 : path === 'cloud/t1' && kind === 'x' ? 1 : Infinity);
  const leases = () =>
    [...items]
      .filter(([name]) => name.startsWith('l:'))
      .map(([, body]) => JSON.parse(body) as { lease: string; scope: string; need: Record<string, number>; fence: number });
  const used = (path: string, kind: string): number =>
    leases().reduce((sum, one) => sum + (one.scope === path || one.scope.startsWith(`${path}/`) ? (one.need[kind] ?? 0) : 0), 0);

  const load = (host: Host): ThrottleState => {
    if (host.state === undefined) {
      host.revision = revision;
      const record = { root: JSON.parse(root) as Json, items: new Map([...items].map(([name, body]) => [name, JSON.parse(body) as Json])) };
      host.state = behaviour.activate('cloud', revision === 0 ? undefined : record);
      // the effects of the last turn may have been lost with whoever committed it
      emit(emitted);
    }
    return host.state;
  };

  const emit = (effects: readonly Effect[]): void => {
    for (const effect of effects) {
      if (effect.type !== 'send') continue;
      const { type, body } = effect.mail;
      if (effect.at !== undefined) mail.push({ type, body, timer: effect.id! });
      else hear(effect.to.key, type, body as { lease: string });
    }
  };

  /** What an operation does: what it does not want any more is given back, a question is answered by its state. */
  const hear = (key: string, type: string, { lease }: { lease: string }): void => {
    const holder = holders.get(key)!;
    if (type === 'throttle.granted') {
      if (holder.is === 'asking') holder.is = 'holding';
      else if (holder.is === 'gone') post('release', { lease }, key);
    } else if (type === 'throttle.asked') {
      post('holding', { lease, holds: holder.is === 'asking' || holder.is === 'holding' }, key);
    } else if (type === 'throttle.refused' && holder.is === 'asking') holder.is = 'gone';
  };
  const post = (type: string, body: object, from: string): void => void mail.push({ type, body: body as Json, from });

  const turn = (host: Host, letter: Letter, crash: 'none' | 'before' | 'after'): void => {
    for (let tries = 0; tries < 2; tries++) {
      const state = load(host);
      const message: Incoming = {
        id: `m${ids++}`,
        type: letter.type,
        body: letter.body,
        sender: letter.timer === undefined ? (letter.type === 'setLimit' ? 'verb' : 'entity') : 'timer',
        ...(letter.from === undefined ? {} : { from: { kind: 'operation', key: letter.from } }),
        ...(letter.timer === undefined ? {} : { timer: letter.timer }),
        context: {},
        storedAt: ids,
      } as Incoming;
      const at = ids;
      const effects = behaviour.receive(state, message, {
        self: { kind: 'throttle', key: 'cloud' },
        now: at,
        newId: () => `t${ids++}`,
        token: () => 't',
        random: () => 0.5,
      });
      if (crash === 'before' || host.revision !== revision) {
        host.state = undefined;
        if (crash === 'before') return void mail.push(letter);
        continue;
      }
      const had = new Map(scopes.flatMap((path) => kinds.map((kind) => [`${path} ${kind}`, used(path, kind)] as const)));
      const known = new Set(items.keys());
      for (const effect of effects) {
        if (effect.type === 'putItem') items.set(effect.item, JSON.stringify(effect.body));
        else if (effect.type === 'removeItem') items.delete(effect.item);
      }
      root = JSON.stringify(behaviour.root(state));
      host.revision = ++revision;
      emitted = effects;
      for (const path of scopes) {
        for (const kind of kinds) {
          const now = used(path, kind);
          expect(now, `${kind} of ${path}`).to.be.at.most(Math.max(limitOf(path, kind), had.get(`${path} ${kind}`)!));
        }
      }
      for (const one of leases()
        .filter(({ lease }) => !known.has(`l:${lease}`))
        .sort((a, b) => a.fence - b.fence)) {
        expect(one.fence, 'fence').to.be.greaterThan(fence);
        fence = one.fence;
        if (holders.get(one.lease)!.spends) spent.push(at);
      }
      spent.forEach((from, n) => {
        const most = rate.bucket + Math.floor((at - from) / 10);
        expect(spent.length - n, `calls in ${at - from} ms`).to.be.at.most(most);
      });
      if (crash === 'after') {
        host.state = undefined;
        mail.push(letter);
      } else emit(effects);
      return;
    }
    throw new Error('a host that has just loaded lost the race against nobody');
  };

  return {
    holders,
    mail,
    leases,
    waiters: () => [...items.keys()].filter((name) => name.startsWith('w:')),
    post,
    ask(scope: string, need: Record<string, number>, priority = 0, more: { spend?: object; share?: string } = {}): string {
      const key = `h${holders.size}`;
      holders.set(key, { scope, need, spends: more.spend !== undefined, is: 'asking' });
      post('acquire', { lease: key, scope, need, priority, held: [], ...more }, key);
      return key;
    },
    /** It gives back what it has, or what it may get; the release may overtake the acquire. */
    leave(key: string): void {
      const holder = holders.get(key);
      if (holder?.is !== 'asking' && holder?.is !== 'holding') return;
      holder.is = 'gone';
      post('release', { lease: key }, key);
    },
    vanish(key: string): void {
      const holder = holders.get(key);
      if (holder?.is === 'asking' || holder?.is === 'holding') holder.is = 'vanished';
    },
    setLimit(scope: string, kind: string, limit: number | null): void {
      // folded at once, so that the books know which one holds
      if (limit === null) limits.delete(`${scope} ${kind}`);
      else limits.set(`${scope} ${kind}`, limit);
      turn(hosts[0]!, { type: 'setLimit', body: { scope, kind, limit } }, 'none');
    },
    deliver(pick: number, host: number, crash: 'none' | 'before' | 'after', isTwice: boolean): void {
      const [letter] = mail.length === 0 ? [] : mail.splice(pick % mail.length, 1);
      if (letter === undefined) return;
      if (isTwice) mail.push(letter);
      turn(hosts[host]!, letter, crash);
    },
    /** Everything is delivered, in the order in which it came, until nothing comes any more. */
    settle(): void {
      for (let n = 0; mail.length > 0; n++) {
        if (n > 5_000)
          throw new Error(
            `there is no end of ${mail.length} letters: ${mail
              .slice(0, 3)
              .map((one) => one.type)
              .join()}`,
          );
        turn(hosts[n % 2]!, mail.shift()!, 'none');
      }
    },
  };
}

const event = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      scope: fc.constantFrom(...scopes),
      need: fc.constantFrom<Record<string, number>>({ x: 1 }, { y: 1 }, { x: 1, y: 1 }, { x: 2 }, { y: 2 }),
      priority: fc.nat(1),
      more: fc.constantFrom({}, { spend: { call: 1 } }, { share: 'a' }, { share: 'b', spend: { call: 1 } }),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('deliver' as const),
      pick: fc.nat(),
      host: fc.nat(1),
      crash: fc.constantFrom('none' as const, 'none' as const, 'none' as const, 'before' as const, 'after' as const),
      isTwice: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('leave' as const), nth: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('vanish' as const), nth: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('limit' as const),
      scope: fc.constantFrom(...scopes),
      kind: fc.constantFrom(...kinds),
      limit: fc.option(fc.nat(3)),
    }),
  },
);

describe('a scope and its holders', () => {
  it('keep the limits, the rates, the fences and no token too many, whatever dies, comes twice, late, or is taken over by another host', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 100, size: 'max' }), (events) => {
        const world = createWorld();
        for (const one of events) {
          const nth = (n: number): string => [...world.holders.keys()][n % Math.max(1, world.holders.size)] ?? '';
          if (one.do === 'ask') world.ask(one.scope, one.need, one.priority, one.more);
          else if (one.do === 'deliver') world.deliver(one.pick, one.host, one.crash, one.isTwice);
          else if (one.do === 'leave') world.leave(nth(one.nth));
          else if (one.do === 'vanish') world.vanish(nth(one.nth));
          else world.setLimit(one.scope, one.kind, one.limit);
        }
        // who is still there leaves; the mail arrives
        for (const scope of scopes) for (const kind of kinds) world.setLimit(scope, kind, 9);
        for (const key of world.holders.keys()) world.leave(key);
        world.settle();
        expect(world.waiters()).to.deep.equal([]);
        // only who vanished without a word can still hold something, and only until somebody needs it
        for (const { lease } of world.leases()) expect(world.holders.get(lease)!.is, lease).to.equal('vanished');
        for (const scope of ['cloud', 'cloud/t1', 'cloud/t1/p', 'cloud/t2']) {
          const key = world.ask(scope, { x: 9, y: 9 });
          world.settle();
          expect(world.holders.get(key)!.is).to.equal('holding');
          world.leave(key);
          world.settle();
        }
        expect(world.leases()).to.deep.equal([]);
      }),
      { numRuns: 100 },
    );
  }).timeout(30_000);
});
