// needs TEST_NATS_URL
import { until } from '@troupe/test-infra';
import { expect } from 'chai';
import { startInstallation } from './installation.ts';

const LIMIT = 40;
const BUILDS = 4 * LIMIT;
const BUILD_MS = 2_000;

describe('G19 a limit costs little', function () {
  this.timeout(90_000);

  it('forty slots under a limit of forty are used, and a freed token wakes one waiter, not all', async () => {
    const slots = {
      total: LIMIT,
      regular: { floor: LIMIT, ceiling: LIMIT },
      heavy: { floor: 0, ceiling: 0 },
      background: { floor: 0, ceiling: 0 },
    };
    await using s = await startInstallation({
      app: { limits: { kinds: { build: LIMIT } }, slots },
      limits: { build: LIMIT },
      buildMs: BUILD_MS,
    });
    // what the throttle tells operations: a grant each, and nothing that would have them ask again
    const told = new Map<string, string>();
    s.runtime.nc.subscribe(`${s.runtime.subjects.ns}.mail.operation.>`, {
      callback(_error, message) {
        const { type, from } = message.json<{ type: string; from?: { kind: string } }>();
        if (from?.kind === 'throttle') told.set(message.headers?.get('Nats-Msg-Id') ?? '', type);
      },
    });
    await s.serveAll();
    const names = Array.from({ length: BUILDS }, (_, n) => `b${n}`);
    await Promise.all(names.map((name) => s.build(name, {}, 'build.whole')));
    await until('the last has begun', () => s.backend.count() === BUILDS, 60_000);
    expect(s.backend.peak()).to.equal(LIMIT);
    for (const name of names) expect(await s.outcome(name)).to.equal('succeeded');
    // the share of 40 tokens that was used while others waited; the bench holds 90 %, here a machine may be busy
    expect(s.backend.utilisation(LIMIT), 'share of the tokens under a build').to.be.greaterThan(0.6);
    expect([...new Set(told.values())]).to.deep.equal(['throttle.granted']);
    expect(told.size).to.equal(BUILDS);
    expect(s.account.wrong).to.deep.equal([]);
  });
});
