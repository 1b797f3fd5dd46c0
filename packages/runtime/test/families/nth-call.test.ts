import { expect } from 'chai';
import type { App } from '@troupe/runtime';
import type { FakeBackend } from '../support/backend.ts';
import { createStage, type Stage } from '../support/stage.ts';
import { rancher } from './rancher.ts';
import { scripts } from './script.ts';

interface Scenario {
  readonly name: string;
  readonly app: (backend: FakeBackend) => App;
  /** Runs it; the rows that it is about. */
  run(stage: Stage): Promise<{ readonly outcome: string }>;
}

async function cluster(stage: Stage, row: { state?: string; backendId?: string } = {}) {
  const isThere = row.state === 'OK';
  await stage.insert('machine', 'n-vm', {}, { ...row, ...(isThere ? { backendId: 'n-vm' } : {}) });
  await stage.insert('node', 'n', { machine: 'n-vm' }, row);
  stage.backend.say('n', 'active');
  if (isThere) for (const name of ['c', 'n-vm']) stage.backend.make(name, ['active']);
  else
    for (const [name, word] of [
      ['c', 'active'],
      ['n-vm', 'ACTIVE'],
    ] as const)
      stage.backend.make(name, [word]);
  return stage.insert('cluster', 'c', { nodes: ['n'] }, row);
}

const scenarios: readonly Scenario[] = [
  { name: 'F19 create', app: rancher, run: async (stage) => stage.run('cluster.create', await cluster(stage)) },
  {
    name: 'F19 delete',
    app: rancher,
    run: async (stage) => stage.run('cluster.delete', await cluster(stage, { state: 'OK', backendId: 'x' })),
  },
  {
    name: 'F22 order',
    app: scripts,
    run: async (stage) => stage.run('order.run', await stage.insert('order', 'o'), { input: { script: 'works' } }),
  },
];

/** On TEST_NATS_URL. The n-th call fails, for n = 1, 2, 3 … until the scenario passes untouched. */
describe('a call that fails, be it the first or the last', function () {
  this.timeout(60_000);

  for (const { name, app, run } of scenarios) {
    it(`C1 ${name}: ends failed, every row at rest, no lease held, or passes untouched`, async () => {
      let k = 1;
      for (; k < 20; k++) {
        await using stage = await createStage(app);
        stage.backend.failAt(k);
        const { outcome } = await run(stage);
        await stage.expectClean();
        if (stage.backend.calls.length < k) {
          expect(outcome).to.equal('succeeded');
          break;
        }
        expect(outcome, `call ${k}: ${stage.backend.steps().at(-1)}`).to.equal('failed');
      }
      expect(k).to.be.within(4, 19);
    });
  }
});
