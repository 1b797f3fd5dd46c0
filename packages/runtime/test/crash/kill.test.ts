import { type PlanName, plans } from './app.ts';
import { killed } from './cases.ts';
import { cutsOf } from './cuts.ts';
import { describeSeveral } from './several.ts';

/** Each case is on the server of TEST_NATS_URL in a namespace of its own, and mostly waits. */
const AT_ONCE = 8;

describe('G5 kill -9 loses nothing', () => {
  for (const plan of Object.keys(plans) as PlanName[]) {
    const cases = cutsOf(plan).map((cut) => ({
      title: `${cut.role} at ${cut.point}, time ${cut.nth}: the operation ends, nothing is doubled, no token is left`,
      run: () => killed(plan, cut),
    }));
    describeSeveral(`of a plan with a ${plan}`, cases, AT_ONCE);
  }
});
