/** What users do meanwhile: operations of every family from F1 to F15, one after the other in each of four lanes. */
import { type JsonObject, type ResourceRef, toWireError } from '@troupe/protocol';
import { Backup, FloatingIp, Instance, Network, SecurityGroup, Snapshot, Subnet, Tenant, tenantGroups, Volume } from '../app/index.ts';
import { type Installation, PROVIDER } from '../demo/installation.ts';

export const dayFamilies = ['F1', 'F2', 'F3', 'F4', 'F5', 'F6', 'F7', 'F8', 'F9', 'F10', 'F11', 'F12', 'F13', 'F14', 'F15'] as const;
export type DayFamily = (typeof dayFamilies)[number];

export interface UserTimes {
  /** Milliseconds from the command to the known end, of each operation by its family. */
  readonly ms: Map<DayFamily, number[]>;
  /** What did not end well. */
  readonly failed: string[];
}

export const emptyTimes = (): UserTimes => ({ ms: new Map(), failed: [] });

/** What a lane may do. */
interface Hands {
  /** Puts a row on the list, and tells whose it is. */
  row(ref: ResourceRef, data?: JsonObject, state?: 'CREATION_SCHEDULED' | 'OK'): Promise<ResourceRef>;
  backendId(ref: ResourceRef): Promise<string>;
  /** Throws if it does not end well. */
  run(family: DayFamily, executor: string, resource: ResourceRef, input?: JsonObject): Promise<void>;
}

/** One time through a lane; `n` is another one each time. */
type Lane = (hands: Hands, n: number) => Promise<void>;

/** The machine that is there all the time, with two volumes, and the tenant whose addresses are listed. */
const machine = Instance.ref('day-machine');
const machineVolumes = [1, 2].map((n) => Volume.ref(`day-machine-vol-${n}`));
const lister = Tenant.ref('day-tenant');

const lanes: Readonly<Record<string, Lane>> = {
  async volumes({ row, run, backendId }, n) {
    const volume = await row(Volume.ref(`v-${n}`), { sizeGb: 1 });
    await run('F1', 'openstack.volume.create', volume);
    await run('F3', 'openstack.volume.extend', volume, { sizeGb: 2 });
    await run('F4', 'openstack.volume.retype', volume, { volumeType: 'ssd' });
    const serverId = await backendId(machine);
    await run('F4', 'openstack.volume.attach', volume, { serverId });
    await run('F4', 'openstack.volume.detach', volume, { serverId });
    const snapshot = await row(Snapshot.ref(`s-${n}`), { volumeId: await backendId(volume) });
    await run('F5', 'openstack.snapshot.create', snapshot);
    const copy = await row(Volume.ref(`c-${n}`), { sizeGb: 2 });
    await run('F5', 'openstack.volume.restore', copy, { snapshotId: await backendId(snapshot) });
    await run('F5', 'openstack.snapshot.delete', snapshot);
    for (const one of [volume, copy]) await run('F2', 'openstack.volume.delete', one);
  },
  async machines({ row, run }, n) {
    const volumes = [1, 2].map((k) => `m-${n}-vol-${k}`);
    for (const [k, id] of volumes.entries()) await row(Volume.ref(id), { sizeGb: 1, ...(k === 0 ? { image: 'cirros' } : {}) });
    const [first, second] = [await row(FloatingIp.ref(`m-${n}-ip-1`)), await row(FloatingIp.ref(`m-${n}-ip-2`))];
    const own = { flavor: '1', volumes, networks: ['private'], floatingIps: [first.id], tenant: lister.id };
    const instance = await row(Instance.ref(`m-${n}`), own);
    await run('F6', 'openstack.instance.create', instance);
    await run('F8', 'openstack.instance.changeFlavor', instance, { flavor: '2' });
    for (const verb of ['stop', 'start', 'restart']) await run('F9', `openstack.instance.${verb}`, instance);
    await run('F10', 'day.instance.refresh', instance);
    await run('F11', 'openstack.instance.updateAddresses', instance, { floatingIps: [second.id] });
    await run('F7', 'openstack.instance.delete', instance);
    // it left the machine with the change, and stays the tenant's until somebody gives it up
    await run('F7', 'openstack.floatingIp.delete', first);
  },
  async backups({ row, run, backendId }, n) {
    const snapshots: string[] = [];
    for (const [k, volume] of machineVolumes.entries())
      snapshots.push((await row(Snapshot.ref(`b-${n}-${k + 1}`), { volumeId: await backendId(volume) })).id);
    const backup = await row(Backup.ref(`b-${n}`), { snapshots });
    await run('F12', 'openstack.backup.create', backup);
    await run('F13', 'openstack.backup.delete', backup);
  },
  async tenants({ row, run }, n) {
    const network = await row(Network.ref(`t-${n}-net`));
    const subnet = await row(Subnet.ref(`t-${n}-sub`), { cidr: '192.168.42.0/24' });
    const groups = ['ssh', 'web'] as const;
    for (const name of groups) await row(SecurityGroup.ref(`t-${n}-${name}`), { name, rules: [...tenantGroups[name]] });
    const securityGroups = groups.map((name) => `t-${n}-${name}`);
    const tenant = await row(Tenant.ref(`t-${n}`), { network: network.id, subnet: subnet.id, securityGroups });
    await run('F14', 'openstack.tenant.create', tenant);
    await run('F15', 'openstack.tenant.delete', tenant);
  },
};

/** The machine that is attached to and backed up, before anybody's time counts. */
export async function makeMachine(installation: Installation): Promise<void> {
  const hands = handsOf(installation, emptyTimes());
  await hands.row(lister, {}, 'OK');
  for (const [n, volume] of machineVolumes.entries()) await hands.row(volume, { sizeGb: 1, ...(n === 0 ? { image: 'cirros' } : {}) });
  await hands.row(machine, { flavor: '1', volumes: machineVolumes.map(({ id }) => id) });
  const { outcome, error } = await (
    await installation.client.execute({ executor: 'openstack.instance.create', resource: machine })
  ).ended();
  if (outcome !== 'succeeded') throw new Error(`the machine of the example ended ${outcome}: ${error?.message ?? ''}`);
}

/** All lanes side by side, each over and over until `isOver`, and `least` times at the least. */
export async function users(installation: Installation, times: UserTimes, isOver: () => boolean, least: number): Promise<void> {
  const hands = handsOf(installation, times);
  const phase = Math.round(performance.now());
  const through = async (lane: Lane): Promise<void> => {
    try {
      for (let n = 0; n < least || !isOver(); n++) await lane(hands, phase + n);
    } catch (error) {
      // ends the lane, not the day; trying again would go round without a pause where nothing answers any more
      times.failed.push(toWireError(error).message);
    }
  };
  await Promise.all(Object.values(lanes).map(through));
}

function handsOf({ client }: Installation, times: UserTimes): Hands {
  return {
    async row(ref, data = {}, state = 'CREATION_SCHEDULED') {
      await client.registerResource(ref, { state, data: { provider: PROVIDER, name: ref.id, ...data } });
      return ref;
    },
    async backendId(ref) {
      return (await client.resource(ref))!.backendId;
    },
    async run(family, executor, resource, input) {
      const from = performance.now();
      const operation = await client.execute({
        executor,
        resource,
        ...(input === undefined ? {} : { input }),
      });
      const { outcome, error } = await operation.ended();
      if (outcome !== 'succeeded') throw new Error(`${executor} of ${resource.id}: ${outcome}, ${error?.message ?? ''}`);
      const all = times.ms.get(family) ?? [];
      times.ms.set(family, all);
      all.push(performance.now() - from);
    },
  };
}
