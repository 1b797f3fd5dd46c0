import { expect } from 'chai';
import fc from 'fast-check';
import { createBench } from './bench.ts';

const kinds = ['x', 'y', 'z'] as const;
const paths = ['cloud', 'cloud/t1', 'cloud/t2', 'cloud/t1/p'] as const;

interface One {
  readonly lease: string;
  readonly scope: string;
  readonly need: Readonly<Record<string, number>>;
  readonly priority: number;
  readonly seq: number;
}

const before = (a: One, b: One): boolean => a.priority > b.priority || (a.priority === b.priority && a.seq < b.seq);
const levels = (scope: string): string[] => paths.filter((path) => scope === path || scope.startsWith(`${path}/`));
const depth = (path: string): number => path.split('/').length;

const need = fc
  .record({ x: fc.nat(2), y: fc.nat(2), z: fc.nat(1) })
  .map((all) => Object.fromEntries(Object.entries(all).filter(([, tokens]) => tokens > 0)))
  .filter((some) => Object.keys(some).length > 0);
const action = (scopes: readonly string[]) =>
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constant('acquire' as const), scope: fc.constantFrom(...scopes), need, priority: fc.nat(2) }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('release' as const), nth: fc.nat() }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('limit' as const),
        scope: fc.constantFrom(...scopes),
        kind: fc.constantFrom(...kinds),
        limit: fc.option(fc.nat(4)),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ do: 'rebuild' as const }) },
  );
type Action = typeof action extends (...args: never[]) => fc.Arbitrary<infer A> ? A : never;

/** Leases, waiters and limits as lists: what was asked for and granted, and nothing that was derived from it. */
function createBooks(configured: (path: string, kind: string) => number) {
  const limits = new Map<string, number>();
  const held = new Map<string, One>();
  const waiting = new Map<string, One>();
  const limit = (path: string, kind: string): number => limits.get(`${path} ${kind}`) ?? configured(path, kind);
  const used = (path: string, kind: string): number =>
    [...held.values()].reduce((sum, one) => sum + (levels(one.scope).includes(path) ? (one.need[kind] ?? 0) : 0), 0);
  return { limits, held, waiting, limit, used };
}

function play(bench: ReturnType<typeof createBench>, books: ReturnType<typeof createBooks>, one: Action, n: number): string[] {
  let sent: readonly { type: string; lease: string }[] = [];
  switch (one.do) {
    case 'acquire': {
      const lease = `o${n}`;
      books.waiting.set(lease, { lease, scope: one.scope, need: one.need, priority: one.priority, seq: n });
      sent = bench.acquire(lease, one.need, one.scope, { priority: one.priority });
      break;
    }
    case 'release': {
      const all = [...books.held.keys(), ...books.waiting.keys()];
      const lease = all[one.nth % all.length] ?? 'nobody';
      books.held.delete(lease);
      books.waiting.delete(lease);
      sent = bench.release(lease);
      break;
    }
    case 'limit':
      if (one.limit === null) books.limits.delete(`${one.scope} ${one.kind}`);
      else books.limits.set(`${one.scope} ${one.kind}`, one.limit);
      sent = bench.limit(one.kind, one.limit, one.scope);
      break;
    case 'rebuild':
      bench.rebuild();
  }
  for (const { lease } of sent.filter((s) => s.type === 'throttle.refused')) books.waiting.delete(lease);
  const granted = sent.filter((s) => s.type === 'throttle.granted').map((s) => s.lease);
  for (const lease of granted) {
    books.held.set(lease, books.waiting.get(lease)!);
    books.waiting.delete(lease);
  }
  return granted;
}

describe('a throttle of one level against a model without queues', () => {
  it('grants exactly whom the model would, in its order, in any order of events', () => {
    fc.assert(
      fc.property(fc.array(action(['cloud']), { maxLength: 80, size: 'max' }), (actions) => {
        const bench = createBench({ limits: { default: 3 } });
        const books = createBooks(() => 3);
        actions.forEach((one, n) => {
          const granted = play(bench, books, one, n);
          // the model: as it was before the grants, everybody in order; whoever is passed over reserves all of its kinds
          const model: string[] = [];
          const reserved = new Set<string>();
          const used = new Map(kinds.map((kind) => [kind as string, books.used('cloud', kind)]));
          for (const lease of granted)
            for (const [kind, t] of Object.entries(books.held.get(lease)!.need)) used.set(kind, used.get(kind)! - t);
          const all = [...granted.map((lease) => books.held.get(lease)!), ...books.waiting.values()].sort((a, b) =>
            before(a, b) ? -1 : 1,
          );
          for (const waiter of all) {
            const short = Object.entries(waiter.need).some(
              ([kind, t]) => reserved.has(kind) || used.get(kind)! + t > books.limit('cloud', kind),
            );
            if (short) Object.keys(waiter.need).forEach((kind) => reserved.add(kind));
            else {
              model.push(waiter.lease);
              for (const [kind, t] of Object.entries(waiter.need)) used.set(kind, used.get(kind)! + t);
            }
          }
          expect([...granted].sort()).to.deep.equal(model.sort());
        });
      }),
      { numRuns: 100 },
    );
  }).timeout(30_000);
});

describe('a tree of limits against its books', () => {
  const configured = (path: string, kind: string): number =>
    path === 'cloud' ? 3 : path === 'cloud/t1' && kind === 'x' ? 2 : path === 'cloud/t2' && kind === 'y' ? 1 : Infinity;
  const limits = { default: 3, scopes: { 'cloud/t1': { x: 2 }, 'cloud/t2': { y: 1 } } };

  it('lets nobody wait without a cause: a full limit, or somebody before it who needs the same', () => {
    fc.assert(
      fc.property(fc.array(action(paths), { maxLength: 80, size: 'max' }), (actions) => {
        const bench = createBench({ limits });
        const books = createBooks(configured);
        actions.forEach((one, n) => {
          play(bench, books, one, n);
          for (const waiter of books.waiting.values()) {
            const cause = levels(waiter.scope).some((path) =>
              Object.entries(waiter.need).some(
                ([kind, tokens]) =>
                  books.used(path, kind) + tokens > books.limit(path, kind) ||
                  [...books.waiting.values()].some(
                    (other) => before(other, waiter) && levels(other.scope).includes(path) && kind in other.need,
                  ),
              ),
            );
            expect(cause, `${waiter.lease} waits`).to.equal(true);
          }
          expect(bench.waiting()).to.deep.equal([...books.waiting.values()].sort((a, b) => (before(a, b) ? -1 : 1)).map((w) => w.lease));
        });
      }),
      { numRuns: 100 },
    );
  }).timeout(30_000);

  it('lets somebody overtake only who is held up at a level below all that they share', () => {
    fc.assert(
      fc.property(fc.array(action(paths), { maxLength: 80, size: 'max' }), (actions) => {
        const bench = createBench({ limits });
        const books = createBooks(configured);
        actions.forEach((one, n) => {
          for (const lease of play(bench, books, one, n)) {
            const winner = books.held.get(lease)!;
            for (const loser of books.waiting.values()) {
              if (!before(loser, winner) || !Object.keys(loser.need).some((kind) => kind in winner.need)) continue;
              const shared = levels(loser.scope).filter((path) => levels(winner.scope).includes(path));
              const deepest = Math.max(...shared.map(depth));
              const heldUpBelow = levels(loser.scope).some(
                (path) =>
                  depth(path) > deepest &&
                  Object.entries(loser.need).some(
                    ([kind, tokens]) =>
                      books.used(path, kind) + tokens > books.limit(path, kind) ||
                      [...books.waiting.values()].some(
                        (other) => before(other, loser) && levels(other.scope).includes(path) && kind in other.need,
                      ),
                  ),
              );
              expect(heldUpBelow, `${winner.lease} overtakes ${loser.lease}`).to.equal(true);
            }
          }
        });
      }),
      { numRuns: 100 },
    );
  }).timeout(30_000);
});
