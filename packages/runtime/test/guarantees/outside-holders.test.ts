// needs TEST_NATS_URL
import { createInterface } from 'node:readline';
import { systemRandom } from '@troupe/actor';
import { createThrottleClient } from '@troupe/throttle';
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { startThrottleAlone } from '../throttle-door/installation.ts';
import { startWitness } from '../throttle-door/witness-at-backend.ts';

const LIMIT = 4;
const ACQUIRES = 1_000;
const KILLS = 6;

describe('tokens of outside holders', () => {
  it('1,000 acquires by ten processes that are killed at random, with two hosts: the backend never sees more than the limit', async () => {
    await using witness = await startWitness();
    await using s = await startThrottleAlone({ limits: { default: LIMIT }, hosts: 2 });
    const fences: number[] = [];
    s.nc.subscribe(s.subjects.live(['throttle', 'cloud', 'granted']), {
      callback: (_error, message) => void fences.push(message.json<{ body: { fence: number } }>().body.fence),
    });
    const spawn = () => s.spawnHolder({ port: witness.port, ttl: '6s', parallel: 3 });
    const children = await Promise.all(Array.from({ length: 10 }, spawn));
    const killAt = Array.from({ length: KILLS }, (_none, n) => ((n + 1) * ACQUIRES) / (KILLS + 1));
    for (const at of killAt) {
      await until(`${at} pieces of work are done`, () => witness.done() >= at, 120_000);
      const victim = Math.floor(systemRandom.next() * children.length);
      children[victim]!.kill('SIGKILL');
      children[victim] = await spawn();
    }
    await until('all of them are done', () => witness.done() >= ACQUIRES, 120_000);
    for (const child of children) child.kill('SIGKILL');
    expect(witness.peak()).to.equal(LIMIT);
    // nobody is left to give anything back: it comes back by itself
    const client = createThrottleClient(s.nc, { ns: s.ns });
    await until(
      'every token is back',
      async () => {
        const { held, waiting } = await client.status('cloud');
        return held === 0 && waiting === 0;
      },
      60_000,
      200,
    );
    expect(fences.length).to.be.at.least(ACQUIRES);
    // each is one above the last: two hosts may tell of theirs in any order
    expect(fences.toSorted((a, b) => a - b)).to.deep.equal(fences.map((_none, n) => n + 1));
    // no piece of work had the fence of another
    expect(new Set(witness.fences()).size).to.equal(witness.fences().length);
  }).timeout(300_000);

  it('a holder that stood still for longer than its time loses its lease loudly when it goes on, and its fence is stale', async () => {
    await using witness = await startWitness();
    await using s = await startThrottleAlone({ limits: { default: 1 } });
    const child = await s.spawnHolder({ port: witness.port, ttl: '4s', parallel: 0 });
    const lines: Record<string, unknown>[] = [];
    createInterface(child.stdout!).on('line', (line) => lines.push(JSON.parse(line) as Record<string, unknown>));
    const said = (field: string) => until(`it says ${field}`, () => lines.find((line) => field in line), 30_000);
    const client = createThrottleClient(s.nc, { ns: s.ns, holder: 'next' });
    await until('it holds', async () => (await client.status('cloud')).held === 1, 30_000);
    const waits = client.acquire('cloud', { vm: 1 }, { ttl: '60s' });
    child.kill('SIGSTOP');
    const next = await waits;
    // the backend has seen the newer one at work
    witness.fences().push(next.fence);
    child.kill('SIGCONT');
    expect(await said('lost')).to.deep.equal({ lost: true, wasAborted: true, code: 'lease_lost', wrote: 'refused' });
    expect(await said('rejected')).to.deep.equal({ rejected: 'lease_lost' });
    expect(next.isHeld).to.equal(true);
    await next.release();
  }).timeout(120_000);
});
