import { type PlanName, plans } from './app.ts';
import { frozenForAWhile, frozenUntilTheEnd } from './cases.ts';
import { type Cut, cutsOf } from './cuts.ts';
import { describeSeveral } from './several.ts';
import { endAll } from './victim.ts';

/** Each case is on the server of TEST_NATS_URL in a namespace of its own, and mostly waits. */
const AT_ONCE = 8;

describe('G5 a freeze doubles nothing', () => {
  after(endAll);

  for (const plan of Object.keys(plans) as PlanName[]) {
    const ended = cutsOf(plan, ['middle', 'last']).map((cut) => ({
      title: `${title(cut)} and thawed when the operation has ended changes nothing, and serves again`,
      run: () => frozenUntilTheEnd(plan, cut),
    }));
    const running = cutsOf(plan, ['first', 'middle']).map((cut) => ({
      title: `${title(cut)} and thawed when another has gone on doubles nothing, and serves again`,
      run: () => frozenForAWhile(plan, cut),
    }));
    describeSeveral(`in a plan with a ${plan}`, [...ended, ...running], AT_ONCE);
  }
});

function title({ role, point, nth }: Cut): string {
  return `a process that is frozen at ${point} of the ${role}, time ${nth},`;
}
