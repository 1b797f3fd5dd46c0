import type { CallEntry } from '@troupe/openstack/internal';
import { expect } from 'chai';
import { createdInstance } from '../support/instances.ts';
import { createStage } from '../support/stage.ts';

/** The first call to a route, after another one. */
function callTo(calls: readonly CallEntry[], route: string, after = 0): CallEntry {
  const found = calls.find((one) => one.route === route && one.sequence > after);
  expect(found, route).to.not.equal(undefined);
  return found!;
}

describe('start delays', () => {
  it('S37 F6: are kept before the first look at a volume, the create of the machine and the first look at an address', async () => {
    const pace = { volumeDelay: '400ms', serverDelay: '500ms', floatingIpDelay: '600ms' } as const;
    await using stage = await createStage({ pace });
    await createdInstance(stage, 'vm', { volumes: 1, ips: 1 });
    const { calls } = stage.cloud.control.log();
    const made = callTo(calls, 'cinder.volumes.create');
    expect(callTo(calls, 'cinder.volumes.show', made.sequence).at - made.at, 'volume').to.be.at.least(400);
    const port = callTo(calls, 'neutron.ports.create');
    expect(callTo(calls, 'nova.servers.create').at - port.at, 'machine').to.be.at.least(500);
    const pushed = callTo(calls, 'neutron.floatingips.update');
    expect(callTo(calls, 'neutron.floatingips.show', pushed.sequence).at - pushed.at, 'address').to.be.at.least(600);
    await stage.expectClean();
  });
});
