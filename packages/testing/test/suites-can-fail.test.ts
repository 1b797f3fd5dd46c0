/** The suites, turned on stores that are broken on purpose: a suite that passes everything holds nothing. */
import { expect } from 'chai';
import type { ResourceRecord, ResourceStore } from '@troupe/actor';
import type { RecordStore } from '@troupe/actor/internal';
import { createService, type Service } from '@troupe/actor';
import {
  createMemoryBroker,
  describeRecordStore,
  describeResourceStore,
  type RecordStoreFixture,
  type ResourceStoreFixture,
  stressService,
} from '@troupe/testing';

interface Outcome {
  readonly failed: readonly string[];
  readonly passed: readonly string[];
  readonly pending: readonly string[];
}

/** Runs a suite by itself: its tests are collected instead of given to mocha. */
async function run(define: () => void): Promise<Outcome> {
  const scope = globalThis as unknown as Record<'describe' | 'it', unknown>;
  const { describe: ownDescribe, it: ownIt } = scope;
  const tests: [string, (() => Promise<void>) | undefined][] = [];
  scope.describe = (_name: string, body: () => void) => body();
  scope.it = (name: string, body?: () => Promise<void>) => tests.push([name, body]);
  try {
    define();
  } finally {
    scope.describe = ownDescribe;
    scope.it = ownIt;
  }
  const failed: string[] = [];
  const passed: string[] = [];
  for (const [name, body] of tests) {
    if (body === undefined) continue;
    try {
      await body();
      passed.push(name);
    } catch {
      failed.push(name);
    }
  }
  return { failed, passed, pending: tests.filter(([, body]) => body === undefined).map(([name]) => name) };
}

function resources(break_: (store: ResourceStore, more: { other: ResourceStore }) => Partial<ResourceStore>): Promise<Outcome> {
  const make = async (): Promise<ResourceStoreFixture> => {
    const broker = createMemoryBroker();
    const good = broker.process('one').resources;
    const other = broker.process('two').resources;
    return { store: { ...good, ...break_(good, { other }) }, other, elapse: (ms) => broker.clock.tick(ms) };
  };
  return run(() => describeResourceStore(make, { name: 'broken', otherClient: true, tombstoneTtlMs: 30 * 86_400_000 }));
}

function records(break_: (store: RecordStore) => Partial<RecordStore>): Promise<Outcome> {
  const make = async (): Promise<RecordStoreFixture> => {
    const broker = createMemoryBroker();
    const good = broker.process('one').records;
    return { store: { ...good, ...break_(good) }, other: broker.process('two').records, elapse: (ms) => broker.clock.tick(ms) };
  };
  return run(() => describeRecordStore(make, { name: 'broken', otherClient: true, expiry: true, manyItems: 1_100 }));
}

const named = (outcome: Outcome, ...parts: string[]): void => {
  for (const part of parts)
    expect(
      outcome.failed.some((name) => name.includes(part)),
      `"${part}" among ${outcome.failed.join('; ')}`,
    ).to.equal(true);
};

describe('the suite of resource stores', () => {
  it('passes a store that is not broken, and shows as pending what it cannot do', async () => {
    const outcome = await resources(() => ({}));
    expect(outcome.failed).to.deep.equal([]);
    expect(outcome.passed).to.have.length.greaterThan(10);
    expect(outcome.pending).to.deep.equal(['does a write once whose acknowledgement was lost']);
  });

  it('fails one that does not know an effect again', async () => {
    let effects = 0;
    const outcome = await resources((good) => ({
      write: (write, fence) => good.write(write, { ...fence, effect: `${fence.effect}#${effects++}` }),
    }));
    named(outcome, 'does each effect once', 'removes');
  });

  it('fails one that lets old turns write', async () => {
    let turns = 0;
    const outcome = await resources((good) => ({ write: (write, fence) => good.write(write, { ...fence, turn: 1_000 + turns++ }) }));
    named(outcome, 'refuses with the reason');
  });

  it('fails one that reads what it has kept in memory', async () => {
    const outcome = await resources((good) => {
      const kept = new Map<string, ResourceRecord | undefined>();
      return {
        async get(ref) {
          const key = JSON.stringify(ref);
          if (!kept.has(key)) kept.set(key, await good.get(ref));
          return kept.get(key);
        },
      };
    });
    named(outcome, 'takes, changes and gives back', 'shows one client what another has written');
  });

  it('fails one that decides on what it read and then writes blindly', async () => {
    const outcome = await resources((good) => {
      const records_ = new Map<string, ResourceRecord>();
      let revision = 0;
      return {
        get: async (ref) => records_.get(JSON.stringify(ref)),
        async write(write, fence) {
          const key = JSON.stringify(write.ref);
          const seen = records_.get(key);
          const scratch = createMemoryBroker();
          if (seen !== undefined) scratch.resources.put(write.ref, seen);
          const outcome_ = await scratch.process('p').resources.write(write, fence);
          await Promise.resolve();
          if (outcome_.ok && outcome_.record !== undefined) records_.set(key, { ...outcome_.record, revision: ++revision });
          if (outcome_.ok && write.op === 'remove') records_.delete(key);
          return outcome_;
        },
        list: good.list.bind(good),
      };
    });
    named(outcome, 'gives a resource to one of many', 'loses no write of many');
  });

  it('fails one that mixes references up', async () => {
    const plain = (ref: { kind: string; id: string }): { kind: string; id: string } => ({
      kind: 'k',
      id: `${ref.kind}.${ref.id}`.replaceAll(/[^a-z]/g, '_'),
    });
    const outcome = await resources((good) => ({
      get: (ref) => good.get(plain(ref)),
      write: (write, fence) => good.write({ ...write, ref: plain(write.ref) } as typeof write, fence),
    }));
    named(outcome, 'keeps references apart');
  });

  it('fails one that lists what is gone, or lists twice, or ignores the kind', async () => {
    const twice = await resources((good) => ({
      async *list(kind) {
        for await (const record of good.list(kind)) {
          yield record;
          yield record;
        }
      },
    }));
    named(twice, 'lists every resource once');
    const all = await resources((good) => ({ list: () => good.list() }));
    named(all, 'lists every resource once');
  });

  it('fails one that loses a field on the way', async () => {
    const outcome = await resources((good) => ({
      async get(ref) {
        const record = await good.get(ref);
        return record === undefined
          ? undefined
          : { ...record, error: record.error && { ...record.error, message: record.error.message.trim() } };
      },
      write: (write, fence) =>
        good.write('set' in write ? ({ ...write, set: { ...write.set, actionDetails: null } } as typeof write) : write, fence),
    }));
    named(outcome, 'keeps errors, details and data');
  });
});

describe('the suite of record stores', () => {
  it('passes a store that is not broken', async () => {
    const outcome = await records(() => ({}));
    expect(outcome.failed).to.deep.equal([]);
    expect(outcome.pending).to.deep.equal(['keeps a tombstone beside the record, under the same key']);
  });

  it('fails one that commits without comparing', async () => {
    const outcome = await records((good) => ({
      async commit(address, _expected, text, ttlMs) {
        const last = (await good.load(address))?.revision ?? 0;
        return good.commit(address, last, text, ttlMs);
      },
    }));
    named(outcome, 'commits only on the last revision');
  });

  it('fails one that compares with another key', async () => {
    let last = 0;
    const outcome = await records((good) => ({
      async commit(address, expected, text, ttlMs) {
        if (expected !== 0 && expected !== last) return { ok: false, lastRevision: last };
        const done = await good.commit(address, expected, text, ttlMs);
        if (done.ok) last = done.revision;
        return done;
      },
    }));
    named(outcome, 'compares each key with itself');
  });

  it('fails one that loads one page of items', async () => {
    const outcome = await records((good) => ({
      async load(address) {
        const loaded = await good.load(address);
        return loaded === undefined ? undefined : { ...loaded, items: loaded.items.slice(0, 1_000) };
      },
    }));
    named(outcome, 'loads more items than one page holds');
  });

  it('fails one that removes by number and forgets the nonce, or removes too much', async () => {
    const outcome = await records((good) => ({
      async removeItems(address, removed) {
        const loaded = await good.load(address);
        const all = loaded?.items ?? [];
        await good.removeItems(
          address,
          all.filter((item) => removed.some(({ n }) => String(item.n).startsWith(String(n)))),
        );
      },
    }));
    named(outcome, 'removes the items it is told to');
  });

  it('fails one whose keys are prefixes of each other', async () => {
    const cut = (address: { kind: string; key: string }) => ({ ...address, key: address.key.split('.')[0]! });
    const outcome = await records((good) => ({
      load: (a) => good.load(cut(a)),
      commit: (a, ...rest) => good.commit(cut(a), ...rest),
      putItems: (a, i) => good.putItems(cut(a), i),
    }));
    named(outcome, 'keeps keys apart');
  });

  it('fails one that keeps what has expired', async () => {
    const outcome = await records((good) => ({ commit: (address, expected, text) => good.commit(address, expected, text) }));
    named(outcome, 'forgets a root whose time is over');
  });

  it('fails one that takes every revision for the last', async () => {
    const outcome = await records(() => ({ isCurrent: async () => true }));
    named(outcome, 'says whether a revision is still the last one');
  });
});

describe('the suite of services', () => {
  const stress = (make: () => Service, gone: () => boolean): Promise<Outcome> =>
    run(() => stressService(async () => ({ service: make(), isGone: gone }), { name: 'broken' }));

  it('fails a service that leaves something behind', async () => {
    let open = 0;
    const outcome = await stress(
      () =>
        createService('leaks', {
          async start() {
            open++;
          },
          async stop() {
            // forgets what it has opened
          },
        }),
      () => open === 0,
    );
    named(outcome, 'goes from idle to running to stopped', 'stops when it is disposed of');
  });

  it('fails a service that starts again after it was stopped', async () => {
    const make = (): Service => {
      let state: Service['state'] = 'idle';
      return {
        get state() {
          return state;
        },
        async start() {
          state = 'running';
        },
        async stop() {
          state = 'stopped';
        },
        async [Symbol.asyncDispose]() {
          state = 'stopped';
        },
      };
    };
    named(await stress(make, () => true), 'refuses to start again', 'can be stopped before it was started');
  });

  it('shows as pending that no failing start was given', async () => {
    const outcome = await stress(
      () => createService('fine', { async start() {}, async stop() {} }),
      () => true,
    );
    expect(outcome.failed).to.deep.equal([]);
    expect(outcome.pending).to.deep.equal(['leaves nothing behind when its start fails']);
  });
});
