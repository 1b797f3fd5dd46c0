import { createNewerCommands } from '@troupe/jetstream/internal';
import { expect } from 'chai';

function setup() {
  const clock = { now: 1_000_000 };
  const { mayOffer } = createNewerCommands({ offeredMs: 10_000, serverNow: () => clock.now });
  const stored = 1_000_000;
  return { clock, offer: (sequence: number, deliveries = 1, storedAt = stored) => mayOffer({ sequence, deliveries, storedAt }) };
}

describe('a command of a newer version is offered to other doors', () => {
  it('again and again until its time is over', () => {
    const at = setup();
    const offers = [];
    for (let delivery = 1; at.offer(7, delivery); delivery++) {
      offers.push(at.clock.now - 1_000_000);
      at.clock.now += 1_000;
    }
    expect(offers).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((s) => s * 1_000));
  });

  it('once at least, however long it lay there when no door ran', () => {
    const at = setup();
    at.clock.now += 3_600_000;
    expect([at.offer(7, 1), at.offer(7, 2)]).to.deep.equal([true, false]);
  });

  it('64 of them at once: more would leave no pending acknowledgements for those that are read here', () => {
    const at = setup();
    const first = Array.from({ length: 70 }, (_, i) => at.offer(i));
    expect(first.filter(Boolean)).to.have.lengthOf(64);
    expect(at.offer(3, 2)).to.equal(true);
    at.clock.now += 10_000;
    // a place is free again once its time is over, also where another door has taken the command
    expect(at.offer(100, 1, at.clock.now)).to.equal(true);
  });
});
