import { once } from 'node:events';
import { expect } from 'chai';
import { type RoleName, startInstallation } from './cluster.ts';

/** Every named point of every role; the n-th time, so that the cut falls into the middle of the operation. */
const points: readonly (readonly [RoleName, string, number])[] = [
  ['supervisor', 'command.received', 1],
  ['supervisor', 'command.forwarded', 1],
  ['supervisor', 'turn.started', 3],
  ['supervisor', 'turn.committed', 1],
  ['supervisor', 'turn.committed', 4],
  ['supervisor', 'turn.emitted', 3],
  ['supervisor', 'turn.acknowledged', 2],
  ['supervisor', 'write.applied', 1],
  ['supervisor', 'write.applied', 2],
  ['throttle', 'turn.started', 1],
  ['throttle', 'turn.itemsPut', 1],
  ['throttle', 'turn.committed', 1],
  ['throttle', 'turn.emitted', 1],
  ['throttle', 'turn.committed', 2],
  ['worker', 'task.received', 2],
  ['worker', 'task.started', 1],
  ['worker', 'task.effectDone', 1],
  ['worker', 'task.effectDone', 5],
  ['worker', 'task.outcomeStored', 1],
];

describe('G5 kill -9 loses nothing', () => {
  for (const [victim, point, nth] of points) {
    it(`${victim} at ${point}, time ${nth}: the operation ends, nothing is doubled, no token is left`, async () => {
      await using installation = await startInstallation();
      const ref = { kind: 'machine', id: 'm1' };
      await installation.store.write({ op: 'create', ref, state: 'CREATION_SCHEDULED', set: {} }, { turn: 0, effect: 'inserted' });
      const others = (['supervisor', 'throttle', 'worker'] as const).filter((role) => role !== victim);
      const [doomed] = await Promise.all([
        installation.role(victim, { point, nth, signal: 'SIGKILL' }),
        ...others.map((role) => installation.role(role)),
      ]);
      const died = once(doomed, 'exit');
      const operation = installation.client.execute({ executor: 'machine.create', resource: ref });
      operation.catch(() => undefined);
      expect((await died)[1], 'how the victim ended').to.equal('SIGKILL');
      await installation.role(victim);
      const ended = await (await operation).ended();
      expect(ended.error).to.equal(undefined);
      expect(ended.outcome).to.equal('succeeded');
      expect(await installation.store.get(ref)).to.deep.include({ state: 'OK', currentOperation: null });
      expect([...installation.made.values()]).to.deep.equal([1, 1, 1, 1]);
      expect(await freeOfTokens(installation)).to.equal(true);
    }).timeout(40_000);
  }
});

/** The release leaves with the operation's last turns; the scope folds it a moment later. */
async function freeOfTokens({ client }: Awaited<ReturnType<typeof startInstallation>>): Promise<boolean> {
  for (let i = 0; i < 40; i++) {
    const used = ((await client.throttle('backend')) ?? []).reduce((sum, one) => sum + one.used, 0);
    if (used === 0) return true;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return false;
}
