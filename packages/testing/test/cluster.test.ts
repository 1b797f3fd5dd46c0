import { expect } from 'chai';
import {
  type Cluster,
  type ClusterOptions,
  createCluster,
  createSeededRandom,
  entityRole,
  faultEverywhere,
  seededFaults,
} from '@troupe/testing';
import { account, accounts, type TransferBody } from './transfers.ts';

const KEYS = ['a', 'b', 'c', 'd.e *'];

/** Transfers of 1 each along random routes, as a shuffled crowd. */
function setup(options: Partial<ClusterOptions> & { transfers?: number; delayMs?: number; replicas?: number } = {}) {
  const { transfers = 12, delayMs = 0, replicas = 2, ...rest } = options;
  const cluster = createCluster({
    dedupWindowMs: 1_000,
    roles: [
      entityRole({
        name: 'host',
        replicas,
        behaviours: () => [accounts({ delayMs })],
        // crashes are what is tested here; a message must not be buried for them
        host: { supervision: { crashes: 1_000 } },
      }),
    ],
    ...rest,
  });
  const random = createSeededRandom(cluster.seed).fork('routes');
  const arrivals = new Map<string, number>();
  for (let i = 0; i < transfers; i++) {
    const route = Array.from({ length: 1 + random.int(4) }, () => random.pick(KEYS));
    const end = route.at(-1)!;
    arrivals.set(end, (arrivals.get(end) ?? 0) + 1);
    const body: TransferBody = { transfer: `t${i}`, amount: 1, route: route.slice(1) };
    cluster.broker.post(account(route[0]!), { type: 'transfer', body: body as never, sender: 'entity' });
  }
  const balances = (): Record<string, number> =>
    Object.fromEntries(
      KEYS.flatMap((key) => {
        const state = cluster.broker.records.root(account(key))?.s as { balance: number } | undefined;
        return state === undefined || state.balance === 0 ? [] : [[key, state.balance]];
      }),
    );
  const check = (): void => {
    expect(balances()).to.deep.equal(Object.fromEntries(arrivals));
    const told = new Set(cluster.broker.events.map(({ message }) => message.topic[1]));
    expect(told.size).to.equal(transfers);
    expect(cluster.broker.dead).to.deep.equal([]);
    expect(cluster.broker.defects).to.deep.equal([]);
  };
  return { cluster, check, balances };
}

async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('it did not fail');
}

describe('a cluster in memory', () => {
  it('runs until nothing is left, and every transfer has arrived once', async () => {
    const { cluster, check } = setup();
    await cluster.runUntilQuiet();
    check();
    expect(cluster.deaths).to.equal(0);
  });

  it('takes the same course for the same seed, call by call, and another for another seed', async () => {
    const course = async (seed: number): Promise<readonly string[]> => {
      const faults = seededFaults(createSeededRandom(seed), { fail: 0.02, loseAck: 0.02, crash: 0.02 });
      const { cluster, check } = setup({ seed, trace: true, shuffleMs: 50, latencyMs: 3, faults, delayMs: 1_000 });
      await cluster.runUntilQuiet();
      check();
      return cluster.trace;
    };
    const first = await course(1);
    expect(first.length).to.be.greaterThan(50);
    expect(await course(1)).to.deep.equal(first);
    expect(await course(2)).to.not.deep.equal(first);
  });

  it('ends the same when every message comes twice, shuffled, up to an hour apart', async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const { cluster, check } = setup({ seed, repeats: 1, repeatWithinMs: 3_600_000, shuffleMs: 200, delayMs: 700 });
      await cluster.runUntilQuiet();
      check();
    }
  });

  for (const fault of ['crash', 'crashBefore', 'loseAck', 'fail'] as const) {
    it(`ends the same with the fault ${fault} at any one write`, async () => {
      const runs = await faultEverywhere(fault, async (faults) => {
        const { cluster, check } = setup({ faults, transfers: 3, delayMs: 500 });
        await cluster.runUntilQuiet();
        check();
      });
      expect(runs).to.be.greaterThan(20);
    });
  }

  it('ends the same under all faults at once, from many seeds', async () => {
    let deaths = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const faults = seededFaults(createSeededRandom(seed), { fail: 0.05, loseAck: 0.05, crash: 0.05 });
      const { cluster, check } = setup({
        seed,
        faults,
        repeats: 1,
        shuffleMs: 100,
        latencyMs: 5,
        stray: 0.3,
        timerLatenessMs: 250,
        delayMs: 400,
        replicas: 3,
      });
      await cluster.runUntilQuiet();
      check();
      deaths += cluster.deaths;
    }
    expect(deaths).to.be.greaterThan(20);
  });

  it('ends the same when all processes die at once, again and again', async () => {
    const { cluster, check } = setup({ latencyMs: 20, delayMs: 300, restartMs: 20 });
    for (let i = 0; i < 10; i++) {
      await cluster.tick(53 + i);
      cluster.killAll();
    }
    await cluster.runUntilQuiet();
    check();
    expect(cluster.deaths).to.be.at.least(10);
  });

  it('starts a dead process again under a new name, after its time', async () => {
    const { cluster } = setup({ restartMs: 1_000 });
    expect(cluster.processes()).to.deep.equal(['host-1', 'host-2']);
    expect(cluster.kill('host-1')).to.equal(true);
    expect(cluster.kill('host-1')).to.equal(false);
    await cluster.tick(999);
    expect(cluster.processes()).to.deep.equal(['host-2']);
    await cluster.tick(1);
    expect(cluster.processes()).to.deep.equal(['host-2', 'host-1.2']);
    expect(cluster.kill('host')).to.equal(true);
    expect(cluster.kill('nobody')).to.equal(false);
    expect(cluster.processes()).to.have.length(1);
  });
});

describe('a run that goes wrong', () => {
  const quiet = (cluster: Cluster, limitMs?: number): Promise<string> => failure(cluster.runUntilQuiet(limitMs));

  it('names its seed and what waits', async () => {
    const { cluster } = setup({ seed: 42, delayMs: 10_000 });
    const message = await quiet(cluster, 5_000);
    expect(message).to.match(/^seed 42, 2024-/);
    expect(message).to.match(/timer account\/.* to account\/.* in \d+ ms/);
  });

  it('stops at the first broken invariant', async () => {
    const { cluster } = setup({
      seed: 7,
      invariant: ({ broker }) => {
        if (broker.events.length > 3) throw new Error('too many have arrived');
      },
    });
    expect(await quiet(cluster))
      .to.include('seed 7')
      .and.to.include('too many have arrived');
    expect(cluster.broker.events).to.have.length(4);
  });

  it('stops at what no wire could carry, instead of trying for ever', async () => {
    const cluster = createCluster({
      roles: [
        entityRole({
          name: 'host',
          behaviours: () => [
            {
              kind: 'account',
              activate: () => ({}),
              receive: () => [{ type: 'publish', topic: ['x'], body: new Map() as never }],
              root: () => ({}),
            },
          ],
        }),
      ],
    });
    cluster.broker.post(account('a'), { type: 'x', body: null, sender: 'entity' });
    expect(await quiet(cluster)).to.include('a Map does not survive JSON');
  });

  it('stops at a root that has grown over its limit', async () => {
    const cluster = createCluster({
      roles: [
        entityRole({
          name: 'host',
          behaviours: () => [{ kind: 'account', activate: () => ({}), receive: () => [], root: () => 'x'.repeat(70_000) }],
        }),
      ],
    });
    cluster.broker.post(account('a'), { type: 'x', body: null, sender: 'entity' });
    expect(await quiet(cluster)).to.include('the state of account/a would have 70002 bytes');
  });

  it('stops at a process that cannot start', async () => {
    const cluster = createCluster({
      roles: [
        {
          name: 'host',
          start() {
            throw new Error('no such option');
          },
        },
      ],
    });
    cluster.broker.post(account('a'), { type: 'x', body: null, sender: 'entity' });
    expect(await quiet(cluster)).to.include('no such option');
  });
});
