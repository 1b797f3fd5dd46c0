// needs TEST_NATS_URL
import { type Client, createClient } from '@troupe/client';
import { expect } from 'chai';
import { createInstallation, endedRoot, type Installation, natsUrl, operationRoot } from './installation.ts';

async function setup(): Promise<{ at: Installation; client: Client } & AsyncDisposable> {
  const at = await createInstallation();
  const client = createClient(natsUrl(), { ns: at.ns });
  return {
    at,
    client,
    async [Symbol.asyncDispose]() {
      await client.stop();
      await at[Symbol.asyncDispose]();
    },
  };
}

const owned = { kind: 'volume', id: '17', family: 'update', state: 'UPDATING', before: 'OK', epoch: 4, backendId: 'v-17' };

describe('an operation is shown', () => {
  it('with its parent, its class and what it owns', async () => {
    await using all = await setup();
    const head = { parent: { operation: 'o-0', node: '0.2', leases: [] }, class: 'heavy', action: 'resize' };
    await all.at.putRecord('o-0.0.2', operationRoot({ head, resources: [owned, { ...owned, kind: 'vm', id: 'i-1' }] }));
    expect(await all.client.operation('o-0.0.2')).to.deep.include({
      parent: 'o-0',
      class: 'heavy',
      action: 'resize',
      resources: [
        { kind: 'volume', id: '17', state: 'UPDATING' },
        { kind: 'vm', id: 'i-1', state: 'UPDATING' },
      ],
    });
  });

  it('with its deadline while it runs, and with what it left behind when it has ended', async () => {
    await using all = await setup();
    const { at, client } = all;
    await at.putRecord(
      'o-1',
      operationRoot({ progress: { deadline: 1_790_000_600_000, acceptedAt: 1_790_000_000_000, done: 1, total: 3 } }),
    );
    expect(await client.operation('o-1')).to.deep.include({
      deadline: 1_790_000_600_000,
      acceptedAt: 1_790_000_000_000,
      steps: { done: 1, total: 3 },
    });
    const orphans = [{ kind: 'volume', id: '17', backendId: 'v-17' }];
    await at.putRecord('o-1', endedRoot('failed', { orphans, failedStep: 'boot', error: { code: 'poll_failed', message: 'ERROR' } }));
    expect(await client.operation('o-1')).to.deep.include({ orphans, failedStep: 'boot', status: 'ended', outcome: 'failed' });
  });

  const phases: [string, object, string][] = [
    ['being accepted', { phase: 'accepting' }, 'accepting'],
    ['giving back what it took', { phase: 'givingBack' }, 'accepting'],
    ['running', { phase: 'running' }, 'running'],
    [
      'being cancelled',
      { phase: 'running', progress: { stop: { outcome: 'cancelled', error: { code: 'cancelled', message: 'enough' } } } },
      'cancelling',
    ],
    ['writing its end', { phase: 'ending', progress: { outcome: 'succeeded' } }, 'running'],
    ['ended', { phase: 'ended', progress: { outcome: 'succeeded', endedAt: 1 } }, 'ended'],
  ];
  for (const [what, more, status] of phases) {
    it(`while ${what} as ${status}, in a list and alone, and found by that status`, async () => {
      await using all = await setup();
      await all.at.putRecord('o-1', operationRoot(more as Record<string, unknown>));
      expect(await all.client.operation('o-1')).to.include({ status });
      expect((await all.client.operations({ status: status as never })).map(({ id }) => id)).to.deep.equal(['o-1']);
      expect((await all.client.explain('o-1')).view).to.include({ status });
    });
  }

  it('with its end only when it has ended: an outcome that is being written is none yet', async () => {
    await using all = await setup();
    const { at, client } = all;
    await at.putRecord('o-1', operationRoot({ phase: 'ending', progress: { outcome: 'succeeded', output: 1 } }));
    expect(await client.operation('o-1')).to.not.have.property('outcome');
    const giveUp = new AbortController();
    const end = client
      .follow('o-1')
      .ended({ signal: giveUp.signal })
      .catch(() => 'still running');
    await client.operation('o-1');
    giveUp.abort();
    expect(await end).to.equal('still running');
  });
});

describe('an operation whose plan is dropped while it is read', () => {
  it('is shown without its nodes, not refused', async () => {
    await using all = await setup();
    const root = { planItems: 2, active: { '0': { k: 'step', p: 'sent', since: 0 } } };
    await all.at.putRecord('o-1', operationRoot(root));
    expect(await all.client.operation('o-1')).to.deep.include({ status: 'running', current: [] });
    expect((await all.client.explain('o-1')).waits).to.deep.equal([]);
  });
});
