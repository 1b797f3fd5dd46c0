import type { PlanNode } from '@troupe/executor';
import { openstackApp } from '@troupe/openstack';
import { expect } from 'chai';

type PollNode = Extract<PlanNode, { type: 'poll' }>;

const row = (kind: string, id: string, data: object) => ({
  kind,
  id,
  state: 'OK',
  runtimeState: '',
  backendId: `${id} on the cloud`,
  epoch: 1,
  data: { provider: 'p', name: id, ...data },
});

/** A row of each kind, of which plans can be made. */
const rows = {
  volume: row('volume', 'v', { sizeGb: 1, attachedTo: 'i on the cloud' }),
  instance: row('instance', 'i', { flavor: '1', volumes: ['v', 'w'], floatingIps: ['ip'], tenant: 't' }),
  floatingIp: row('floatingIp', 'ip', {}),
  tenant: row('tenant', 't', { network: 'n', subnet: 's', securityGroups: ['g'] }),
  network: row('network', 'n', {}),
  subnet: row('subnet', 's', { cidr: '192.168.42.0/24' }),
  securityGroup: row('securityGroup', 'g', {}),
  router: row('router', 'r', {}),
  port: row('port', 'p', {}),
  migration: row('migration', 'm', { tenant: 't', routers: ['r'], networks: ['n'], securityGroups: ['g'] }),
  backup: row('backup', 'b', { snapshots: ['snap'] }),
  snapshot: row('snapshot', 'snap', { volumeId: 'v' }),
};

/** What the executors ask for, all in one. */
const input = {
  serverId: 's',
  deleteVolumes: true,
  projectId: 'p',
  force: false,
  snapshotId: 's',
  sizeGb: 2,
  flavor: '2',
  instance: 'i',
  volumeType: 'ssd',
  networkId: 'n',
  portId: 'p',
  floatingIps: [],
  existingIps: ['ip'],
};

/** Words at which an object stays: whoever waits for another one waits in vain. */
const lastWords: Readonly<Record<string, readonly string[]>> = {
  volume: ['error', 'error_deleting', 'error_extending', 'error_restoring', 'deleted'],
  instance: ['ERROR', 'DELETED', 'SOFT_DELETED'],
  floatingIp: ['ERROR'],
  snapshot: ['error', 'error_deleting', 'deleted'],
};

function pollsIn(node: unknown): PollNode[] {
  if (typeof node !== 'object' || node === null) return [];
  const own = (node as { type?: string }).type === 'poll' ? [node as PollNode] : [];
  return [...own, ...Object.values(node).flatMap(pollsIn)];
}

function pollsOf(executor: NonNullable<ReturnType<typeof openstackApp>['executors']>[number]): PollNode[] {
  const resource = rows[executor.options.resource!.kind as keyof typeof rows];
  const named = executor.options.resources?.({ resource, input } as never) ?? [];
  const owned = named.map((one) => ('ref' in one ? one.ref : one));
  const resources = [resource, ...Object.values(rows).filter(({ kind, id }) => owned.some((one) => one.kind === kind && one.id === id))];
  const context = {
    resource,
    resources,
    input,
    options: { force: false },
    operation: 'o',
  };
  return pollsIn(executor.options.plan(context as never));
}

describe('the polls of the app', () => {
  for (const executor of openstackApp().executors ?? []) {
    it(`S34: of ${executor.name} know every word at which what they look at stays`, () => {
      const polls = pollsOf(executor);
      for (const { id, on, until, fail, gone } of polls) {
        // the predicate form knows them in its handler
        if (!('runtimeState' in until)) continue;
        const kind = on === undefined ? executor.options.resource!.kind : typeof on === 'string' ? on : on.kind;
        const known = [...until.runtimeState, ...(fail?.runtimeState ?? []), ...(gone?.runtimeState ?? [])];
        expect(known, `${executor.name}, ${id}`).to.include.members([...lastWords[kind]!]);
      }
    });
  }

  it('are those of the families', () => {
    const counts = (openstackApp().executors ?? []).map((one) => [one.name.replace('openstack.', ''), pollsOf(one).length] as const);
    expect(Object.fromEntries(counts.filter(([, polls]) => polls > 0))).to.deep.equal({
      'tenant.delete': 3,
      'backup.create': 1,
      'backup.delete': 1,
      'snapshot.create': 1,
      'snapshot.delete': 1,
      'volume.restore': 1,
      'volume.extend': 3,
      'volume.attach': 1,
      'volume.retype': 1,
      'instance.changeFlavor': 4,
      'instance.updateAddresses': 1,
      'volume.create': 1,
      'volume.detach': 1,
      'volume.delete': 1,
      'instance.create': 3,
      'instance.delete': 1,
      'instance.start': 1,
      'instance.stop': 1,
      'instance.restart': 1,
    });
  });
});
