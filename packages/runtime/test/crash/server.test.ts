import { installProbe, type ProbeName } from '@troupe/actor';
import { startNatsServer } from '@troupe/test-infra';
import { type PlanName, plans } from './app.ts';
import { cutsOf } from './cuts.ts';
import { startInstallation } from './installation.ts';
import { roleNames } from './start-role.ts';

/** Before an effect, after it and before its record, after the record and before the acknowledgement, after that. */
const boundaries: readonly ProbeName[] = [
  'command.received',
  'turn.started',
  'turn.itemsPut',
  'turn.committed',
  'write.applied',
  'turn.emitted',
  'task.started',
  'task.effectDone',
  'task.outcomeStored',
];

// all of them have servers of their own; TEST_NATS_URL only says that one can be had

describe('G5 kill -9 loses nothing: a server that is killed', () => {
  afterEach(() => installProbe(undefined));

  for (const plan of Object.keys(plans) as PlanName[]) {
    it(`at a boundary of a plan with a ${plan} and started again finds the operation, which ends`, async () => {
      await using server = await startNatsServer();
      for (const { role, point, nth } of cutsOf(plan, ['middle']).filter((cut) => boundaries.includes(cut.point))) {
        await using installation = await startInstallation({ url: server.url, storage: 'file' });
        await Promise.all(roleNames.map((one) => installation.serve(one)));
        let hits = 0;
        const killed = new Promise<void>((resolve, reject) => {
          installProbe(async (name, subject) => {
            const own = subject.startsWith('throttle/') ? 'throttle' : 'supervisor';
            if (name !== point || (name.startsWith('turn.') && own !== role) || ++hits !== nth) return;
            await server.kill();
            // started again beside what goes on here: it meets a dead server first
            server.restart().then(resolve, reject);
          });
        });
        try {
          const order = await installation.order(plan, 'm1');
          await killed;
          await installation.endsWell(order);
          await installation.comesToRest();
        } catch (cause) {
          throw new Error(`killed at ${point} of the ${role}, time ${nth}: ${(cause as Error).message}`, { cause });
        }
        installProbe(undefined);
      }
    }).timeout(180_000);
  }
});
