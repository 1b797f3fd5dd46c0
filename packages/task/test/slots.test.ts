import { expect } from 'chai';
import type { QueueClass } from '@troupe/protocol';
import type { SlotOptions } from '@troupe/task';
import { Slots } from '@troupe/task/internal';

/** Slots whose requests are answered by the test. */
function setup(options: SlotOptions = {}) {
  const slots = new Slots({
    total: 20,
    regular: { floor: 4, ceiling: 12 },
    heavy: { floor: 2, ceiling: 8 },
    background: { floor: 2, ceiling: 8 },
    ...options,
  });
  const asked: Record<QueueClass, number> = { regular: 0, heavy: 0, background: 0 };
  const fill = (nowMs = 0) => {
    const requests = slots.wanted(nowMs);
    for (const { class: cls, count } of requests) {
      slots.ask(cls, count);
      asked[cls] += count;
    }
    return requests.map(({ class: cls, count, shared }) => `${cls} ${count}${shared ? ' shared' : ''}`);
  };
  const arrive = (cls: QueueClass, count = 1): void => {
    for (let n = 0; n < count; n++) slots.arrived(cls);
    asked[cls] -= count;
  };
  const end = (cls: QueueClass, count = 1): void => {
    for (let n = 0; n < count; n++) slots.ended(cls);
  };
  const miss = (cls: QueueClass): void => {
    slots.missed(cls, asked[cls]);
    asked[cls] = 0;
  };
  return { slots, fill, arrive, end, miss };
}

describe('the slots of a worker', () => {
  it('are asked for up to the floors, and no further while nothing comes', () => {
    const s = setup();
    expect(s.fill()).to.deep.equal(['regular 4', 'heavy 2', 'background 2']);
    expect(s.fill()).to.deep.equal([]);
  });

  it('are not asked for by a class that this worker does not serve', () => {
    const s = setup({ heavy: { floor: 0, ceiling: 0 } });
    expect(s.fill()).to.deep.equal(['regular 4', 'background 2']);
  });

  it('above the floors are asked for by a class whose floor is busy, up to its ceiling', () => {
    const s = setup();
    s.fill();
    s.arrive('regular', 3);
    expect(s.fill()).to.deep.equal([]);
    s.arrive('regular');
    expect(s.fill()).to.deep.equal(['regular 8 shared']);
  });

  it('of the floors of others are never taken', () => {
    const s = setup({ regular: { floor: 4, ceiling: 20 } });
    s.fill();
    s.arrive('regular', 4);
    expect(s.fill()).to.deep.equal(['regular 12 shared']);
    s.arrive('regular', 12);
    expect(s.fill()).to.deep.equal([]);
    s.arrive('heavy', 2);
    expect(s.fill()).to.deep.equal([]);
  });

  it('are shared in equal parts by classes that press', () => {
    const s = setup({ regular: { floor: 4, ceiling: 16 }, heavy: { floor: 2, ceiling: 16 } });
    s.fill();
    s.arrive('regular', 4);
    s.arrive('heavy', 2);
    expect(s.fill().toSorted()).to.deep.equal(['heavy 6 shared', 'regular 6 shared']);
  });

  it('go to the others where a class could not use its part', () => {
    const s = setup({ regular: { floor: 4, ceiling: 16 }, heavy: { floor: 2, ceiling: 4 } });
    s.fill();
    s.arrive('regular', 4);
    s.arrive('heavy', 2);
    expect(s.fill().toSorted()).to.deep.equal(['heavy 2 shared', 'regular 10 shared']);
  });

  it('are asked for in handfuls, not one by one, while something is on its way', () => {
    const s = setup();
    s.fill();
    s.arrive('regular', 4);
    s.fill();
    s.arrive('regular', 6);
    s.end('regular', 2);
    expect(s.fill()).to.deep.equal([]);
    s.end('regular');
    expect(s.fill()).to.deep.equal(['regular 3 shared']);
  });

  it('count what comes late: then more run than were asked for, and fewer are asked for', () => {
    const s = setup();
    s.fill();
    s.miss('regular');
    s.arrive('regular', 4);
    expect(s.fill()).to.deep.equal(['regular 8 shared']);
  });
});

describe('a class that asked in vain', () => {
  it('asks for one shared slot, then for twice as many with each message that comes', () => {
    const s = setup();
    s.fill();
    s.arrive('regular', 4);
    s.fill();
    s.miss('regular');
    expect(s.fill()).to.deep.equal(['regular 1 shared']);
    s.arrive('regular');
    expect(s.fill()).to.deep.equal(['regular 2 shared']);
    s.arrive('regular', 2);
    expect(s.fill()).to.deep.equal(['regular 5 shared']);
  });

  it('lets one that has something go first, and looks again after 5 s', () => {
    const s = setup({ regular: { floor: 4, ceiling: 12 }, heavy: { floor: 2, ceiling: 14 } });
    s.fill();
    s.arrive('regular', 4);
    s.fill(0);
    s.miss('regular');
    s.arrive('heavy', 2);
    expect(s.fill(4_999)).to.deep.equal(['heavy 12 shared']);
    s.arrive('heavy', 12);
    s.end('heavy');
    expect(s.fill(4_999)).to.deep.equal(['heavy 1 shared']);
    s.arrive('heavy');
    s.end('heavy');
    expect(s.fill(5_000)).to.deep.equal(['regular 1 shared']);
  });
});
