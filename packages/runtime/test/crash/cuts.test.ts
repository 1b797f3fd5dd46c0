import { installProbe } from '@troupe/actor';
import { expect } from 'chai';
import { type PlanName, plans } from './app.ts';
import { reached, type Reached } from './cuts.ts';
import { startInstallation } from './installation.ts';
import { roleNames } from './start-role.ts';

describe('the table of cuts', () => {
  afterEach(() => installProbe(undefined));

  for (const plan of Object.keys(plans) as PlanName[]) {
    it(`names every point that a plan with a ${plan} comes to, no more often than it does`, async () => {
      const hits: Record<string, Record<string, number>> = {};
      installProbe((point, subject) => {
        const role = point.startsWith('task.') ? 'worker' : subject.startsWith('throttle/') ? 'throttle' : 'supervisor';
        const points = (hits[role] ??= {});
        points[point] = (points[point] ?? 0) + 1;
      });
      await using installation = await startInstallation({ url: process.env['TEST_NATS_URL']! });
      await Promise.all(roleNames.map((role) => installation.serve(role)));
      await installation.endsWell(await installation.order(plan, 'm1'));
      await installation.comesToRest();
      const lacking = (one: Reached, other: Reached): string[] =>
        Object.entries(one).flatMap(([role, points]) =>
          Object.entries(points).flatMap(([point, count]) => {
            const found = (other as typeof hits)[role]?.[point] ?? 0;
            return found === 0 || found < count ? [`${role} ${point}: ${found} of ${count}`] : [];
          }),
        );
      expect(lacking(reached[plan], hits), 'less often than the table says').to.deep.equal([]);
      const once = Object.fromEntries(
        Object.entries(hits).map(([role, of]) => [role, Object.fromEntries(Object.keys(of).map((p) => [p, 1]))]),
      );
      expect(lacking(once, reached[plan]), 'not in the table').to.deep.equal([]);
    });
  }
});
