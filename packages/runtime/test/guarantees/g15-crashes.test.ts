// needs TEST_NATS_URL
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { type RoleName, startInstallation } from './installation.ts';

const PERIOD_MS = 1_500;

describe('G15 no token leaks, whatever ends the holder:', function () {
  this.timeout(60_000);

  it('the crash of a worker, of a supervisor, of the throttle, each in the midst of its work', async () => {
    await using s = await startInstallation({ buildMs: 150 });
    const faults: readonly (readonly [RoleName, string, number])[] = [
      ['worker', 'task.effectDone', 3],
      ['supervisor', 'turn.committed', 15],
      ['throttle', 'turn.committed', 4],
    ];
    const doomed = await Promise.all(faults.map(([role, point, nth]) => s.spawn(role, { point, nth })));
    const ids = Array.from({ length: 12 }, (_, n) => `b${n}`);
    const all = Promise.all(
      ids.map(async (id) => {
        await s.build(id);
        return s.outcome(id);
      }),
    );
    all.catch(() => undefined);
    const stood = new Set(doomed);
    await until(
      'all three have killed themselves, and are replaced',
      async () => {
        for (const child of stood) {
          if (child.signalCode !== 'SIGKILL') continue;
          stood.delete(child);
          await s.serve(faults[doomed.indexOf(child)]![0]);
        }
        return stood.size === 0;
      },
      40_000,
    );
    expect(new Set(await all)).to.deep.equal(new Set(['succeeded']));
    await s.settles([]);
    expect(s.backend.peak()).to.be.at.most(4);
    expect(s.account.granted).to.have.length(ids.length);
    expect(s.account.wrong).to.deep.equal([]);
  });

  it('the time limit of its task, and the expiry of its wait', async () => {
    await using s = await startInstallation();
    await s.serveAll();
    await s.client.execute({ executor: 'hanging', id: 'hanging' });
    const { outcome, error } = await s.client.follow('hanging').ended();
    expect([outcome, error?.code]).to.deep.equal(['failed', 'step_timeout']);
    await s.settles([]);

    const holders = ['h1', 'h2', 'h3', 'h4'];
    for (const id of holders) await s.build(id);
    await s.settles(holders);
    await s.build('patient');
    await s.settles(holders, ['patient']);
    await s.build('hasty', { wait: '300ms' });
    expect((await s.client.follow('hasty').ended()).error?.code).to.equal('deadline_exceeded');
    await s.settles(holders, ['patient']);
    await until('the account knows', () => s.account.told('hasty:0').join() === 'queued,withdrawn');
    for (const id of holders) {
      await until('it builds', () => s.backend.began(id));
      s.backend.finish(id);
    }
    await s.settles(['patient']);
    expect(s.account.wrong).to.deep.equal([]);
  });

  it('a restart of the throttle keeps who holds and who waits, in order, and takes what was released meanwhile', async () => {
    await using s = await startInstallation();
    const stopThrottle = await s.serve('throttle');
    await Promise.all([s.serve('supervisor'), s.serve('worker')]);
    const holders = ['h1', 'h2', 'h3', 'h4'];
    const waiters = ['w1', 'w2', 'w3', 'w4'];
    for (const id of holders) await s.build(id);
    await s.settles(holders);
    for (const [n, id] of waiters.entries()) {
      await s.build(id);
      await s.settles(holders, waiters.slice(0, n + 1));
    }
    await until('all build', () => holders.every((id) => s.backend.began(id)));
    await stopThrottle();
    s.backend.finish('h2');
    await s.client.cancel('w1');
    await s.client.cancel('h3');
    s.backend.finish('h3');
    expect(await Promise.all(['h2', 'w1'].map(s.outcome))).to.deep.equal(['succeeded', 'cancelled']);
    await s.outcome('h3');
    await s.serve('throttle');
    await s.settles(['h1', 'h4', 'w2', 'w3'], ['w4']);
    for (const id of [...holders, ...waiters]) {
      if (id !== 'w1') await until(`${id} has begun, or was never to`, () => s.backend.began(id) || id === 'h3', 8_000);
      s.backend.finish(id);
    }
    await s.settles([]);
    expect(s.account.granted.map((lease) => lease.split(':')[0])).to.deep.equal([...holders, 'w2', 'w3', 'w4']);
    expect(s.account.wrong).to.deep.equal([]);
  });

  it('the loss of its very record: the scope asks, hears that there is no such holder, and heals within one period', async () => {
    await using s = await startInstallation({ askAfterMs: PERIOD_MS });
    await s.serveAll();
    const holders = ['h1', 'h2', 'h3', 'h4'];
    for (const id of holders) await s.build(id);
    await s.settles(holders);
    const { streams, state } = s.runtime.subjects;
    await s.wipe(streams.state, state({ kind: 'operation', key: 'h2' }));
    const from = performance.now();
    await s.build('w1');
    // nobody released anything: it can only come from asking
    await s.settles(['h1', 'h3', 'h4', 'w1'], [], 15_000);
    expect(s.account.told('h2:0')).to.deep.equal(['granted', 'reclaimed']);
    expect(performance.now() - from).to.be.at.least(PERIOD_MS - 100);
    for (const id of ['h1', 'h3', 'h4', 'w1']) expect(s.account.told(`${id}:0`)).not.to.include('reclaimed');
    expect(s.account.wrong).to.deep.equal([]);
  });
});
