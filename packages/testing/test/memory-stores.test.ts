import { createMemoryBroker, describeRecordStore, describeResourceStore, type Fault } from '@troupe/testing';

describeResourceStore(
  async () => {
    let fault: Fault = 'none';
    const broker = createMemoryBroker({
      faults: ({ writes }) => {
        const now = writes ? fault : 'none';
        if (writes) fault = 'none';
        return now;
      },
    });
    return {
      store: broker.process('one').resources,
      other: broker.process('two').resources,
      loseNextAck: () => {
        fault = 'loseAck';
      },
      elapse: (ms) => broker.clock.tick(ms),
    };
  },
  { name: 'in memory', otherClient: true, lostAck: true, tombstoneTtlMs: 30 * 86_400_000 },
);

describeRecordStore(
  async () => {
    const broker = createMemoryBroker();
    return {
      store: broker.process('one').records,
      other: broker.process('two').records,
      elapse: (ms) => broker.clock.tick(ms),
      tombstone: async (address) => broker.records.tombstone(address),
    };
  },
  { name: 'in memory', otherClient: true, expiry: true, tombstones: true },
);
