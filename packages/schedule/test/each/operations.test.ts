import { expect } from 'chai';
import type { Json } from '@troupe/protocol';
import { createWorld, hourlyEach, HOUR_MS, list } from '../world.ts';

interface Ordered {
  readonly command: {
    readonly id: string;
    readonly executor: string;
    readonly resource?: Json;
    readonly options?: Json;
    readonly input: Json;
  };
  readonly parent: { readonly kind: string; readonly operation: string };
}

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `vol-${i}`);
const execute = { executor: { name: 'volume.backup' }, kind: 'volume', class: 'heavy' } as const;

for (const twice of [false, true]) {
  describe(`a fan-out of operations${twice ? ' whose every message comes twice, late and after a crash' : ''}`, () => {
    function setup(objects: readonly string[], each: object = {}) {
      const world = createWorld(objects, { twice });
      world.define(hourlyEach({ run: undefined, execute, ...each } as never, { overlap: 'skip' }));
      world.advance(HOUR_MS / 2);
      return {
        world,
        list: (): void => world.answer(world.open.find(({ task }) => task === list.name)!),
        /** Each once, in order: what comes under an id that is known is the same operation. */
        ordered(): Ordered['command'][] {
          const all = world.ordered.filter(({ type }) => type === 'child').map(({ body }) => (body as unknown as Ordered).command);
          return [...new Map(all.map((one) => [one.id, one])).values()];
        },
      };
    }

    it('orders one for each object, on its resource and with its input, and counts how they end (S85)', () => {
      const { world, list, ordered } = setup(names(4), { pageSize: 10 });
      list();
      expect(ordered().map(({ id: _, ...command }) => command)).to.deep.equal(
        names(4).map((id) => ({
          v: 1,
          executor: 'volume.backup',
          resource: { kind: 'volume', id },
          options: { class: 'heavy' },
          input: { id },
          createdAt: '2026-06-01T01:00:00.000Z',
        })),
      );
      const [a, b, c, d] = ordered().map(({ id }) => id);
      expect(a).to.equal('schedule.pulls.2026-06-01T010000.000Z.vol-0');
      world.operationEnded(a!);
      world.operationEnded(b!, 'failed', { code: 'backend', message: 'it broke' });
      world.operationEnded(c!, 'rejected', { code: 'conflict', message: 'somebody has it' });
      expect(world.schedule.run, 'the last one lives').to.not.equal(undefined);
      world.operationEnded(d!, 'cancelled');
      const [outcome, ...others] = world.decided();
      expect(others).to.deep.equal([]);
      expect(outcome).to.deep.include({ what: 'ran', ended: 'succeeded' });
      expect(outcome!.counts).to.deep.include({ listed: 4, succeeded: 1, failed: 1, conflicted: 1, cancelled: 1, carriedOver: 0 });
      expect(world.fanout.last!.failures).to.deep.equal([{ key: 'vol-1', error: 'backend: it broke' }]);
      expect([...world.items]).to.deep.equal([]);
    });

    it('has no more alive than it may, and passes over an object whose operation of an earlier nominal time lives (S81)', () => {
      const { world, list, ordered } = setup(names(5), { inFlight: 2 });
      list();
      expect(ordered()).to.have.length(2);
      for (let i = 0; i < 4; i++) world.operationEnded(ordered()[i]!.id);
      expect(ordered()).to.have.length(5);
      world.advance(HOUR_MS);
      list();
      const [stuck] = ordered().slice(4);
      for (let i = 5; i < 9; i++) world.operationEnded(ordered()[i]!.id);
      const [first, second] = world.decided();
      expect(first!.counts).to.deep.include({ listed: 5, succeeded: 4, carriedOver: 1 });
      expect(second!.counts).to.deep.include({ listed: 5, succeeded: 4, skippedOverlap: 1 });
      world.operationEnded(stuck!.id);
      expect(world.fanout.live).to.deep.equal([]);
    });

    it('tells them to end when it is cancelled, and ends when they have', () => {
      const { world, list, ordered } = setup(names(2));
      list();
      world.verb('delete');
      expect(new Set(world.ordered.filter(({ type }) => type === 'verb.cancel').map(({ id }) => id))).to.deep.equal(
        new Set(ordered().map(({ id }) => id)),
      );
      for (const { id } of ordered()) world.operationEnded(id, 'cancelled');
      expect(world.decided()[0]).to.deep.include({ what: 'ran', ended: 'cancelled' });
      expect(world.isEnded('fanout')).to.equal(true);
    });

    it('has failed when every operation has', () => {
      const { world, list, ordered } = setup(names(2));
      list();
      for (const { id } of ordered()) world.operationEnded(id, 'failed', { code: 'backend', message: 'it broke' });
      expect(world.decided()[0]).to.deep.include({
        ended: 'failed',
        error: 'every_object_failed: all 2 objects failed, the first: backend: it broke',
      });
    });

    it('takes keys of any letters for different operations', () => {
      const { list, ordered } = setup(['a:b', 'ab', 'a/b', 'a.b', 'ä'], { pageSize: 10 });
      list();
      expect(new Set(ordered().map(({ id }) => id)).size).to.equal(5);
    });
  });
}
