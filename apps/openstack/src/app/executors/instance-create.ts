/** F6: an instance with its volumes, and with floating IPs if it wants some. */
import {
  chain,
  createExecutor,
  type ExecutorDefinition,
  giveBack,
  group,
  nothing,
  type PlanNode,
  poll,
  ref,
  type Snapshot,
  step,
  throttled,
  transition,
  undoable,
} from '@troupe/executor';
import * as tasks from '../contracts.ts';
import { FloatingIp, Instance, Tenant, Volume } from '../kinds.ts';
import { after, type FullPace } from '../pace.ts';
import { restThen, untilBroken } from './other.ts';
import { volumeInput, volumeReady } from './volume.ts';

/**
 * Instance and volume tokens are taken together, so that nobody holds one and waits for the other; that of a volume goes
 * back as soon as it is ready.
 *
 * On failure the instance is ERRED; a volume that was not started is removed, one that is OK stays so, any other is
 * ERRED; a floating IP that never came to the backend is removed, any other is OK. A port that no machine has is removed.
 */
export function createInstance(pace: FullPace, pullAddresses: ExecutorDefinition): ExecutorDefinition {
  return createExecutor({
    name: 'openstack.instance.create',
    family: 'create',
    resource: Instance,
    class: 'heavy',
    guard: {
      check({ resource: { data } }) {
        if (data.volumes.length === 0) return 'an instance boots from a volume: it needs one at least';
        const { floatingIps = [], existingIps = [] } = data;
        const ports = networksOf(data).length;
        if (floatingIps.length + existingIps.length > ports)
          return `a port takes one floating IP, and there is a port on ${ports} network(s)`;
        return undefined;
      },
    },
    resources: ({ resource: { data } }) => [
      ...data.volumes.map((id) => ({ ref: Volume.ref(id), family: 'create' as const, ends: { neverStarted: 'remove' as const } })),
      ...(data.floatingIps ?? []).map((id) => ({
        ref: FloatingIp.ref(id),
        family: 'create' as const,
        ends: { notCreated: 'remove' as const, failed: 'ok' as const },
      })),
      ...(data.existingIps ?? []).map((id) => ({
        ref: FloatingIp.ref(id),
        family: 'update' as const,
        ends: { neverStarted: 'restore' as const, failed: 'ok' as const },
      })),
    ],
    plan({ resource, resources, operation }) {
      const { provider, name, flavor, tenant, serverGroup } = resource.data;
      const volumes = resources.filter(({ kind }) => kind === Volume.kind);
      const ports = networksOf(resource.data).map((network, i) => ({ token: `${operation}/port-${i}`, network }));
      const volumeIds = volumes.map(({ id }) => ref(`create ${id}.backendId`));
      const server = { backendId: ref('create.backendId') };
      return throttled(
        { scope: provider, need: { instance: 1, volume: volumes.length } },
        transition(undefined, 'beginCreating'),
        createVolumes(volumes, pace),
        // noted before the call: one whose answer is lost has made ports as well
        undoable(nothing(), step('release ports', tasks.releasePorts, { tokens: ports.map(({ token }) => token) })),
        step('ports', tasks.createPorts, { name, ports }),
        step(
          'create',
          tasks.createServer,
          { name, flavor, volumeIds, portIds: ref('ports.portIds'), ...(typeof serverGroup === 'string' ? { serverGroup } : {}) },
          after(pace.serverDelay),
        ),
        poll('active', tasks.pullServer, {
          input: server,
          until: { runtimeState: ['ACTIVE'] },
          ...untilBroken,
          every: pace.every,
          for: '100m',
        }),
        group({}, ...volumes.map(({ id }) => pullVolume(`pull ${id}`, id))),
        step('pull groups', tasks.pullGroups, server),
        connectAddresses(resource.data, resources, pace),
        withAddresses(resource.data) && tenant !== undefined ? restThen('addresses', pullAddresses, Tenant.ref(tenant)) : nothing(),
        step('pull server group', tasks.pullServerGroup, server),
        step('pull', tasks.pullServer, server),
      );
    },
  });
}

interface Addresses {
  readonly networks?: readonly string[] | undefined;
  readonly floatingIps?: readonly string[] | undefined;
  readonly existingIps?: readonly string[] | undefined;
}

const networksOf = ({ networks = ['private'] }: Addresses): readonly string[] => networks;
const withAddresses = ({ floatingIps = [], existingIps = [] }: Addresses): boolean => floatingIps.length + existingIps.length > 0;

/** A create that is stopped half-way leaves on the cloud what no row knows. */
const letEnd = { policy: 'waitAll' } as const;

function createVolumes(volumes: readonly Snapshot[], pace: FullPace): PlanNode {
  return chain(
    group(
      letEnd,
      ...volumes.map(({ id, data }) =>
        step(`create ${id}`, tasks.createVolume, volumeInput(data), { on: Volume.ref(id), transition: 'beginCreating' }),
      ),
    ),
    group(
      {},
      ...volumes.map(({ id }) =>
        chain(
          poll(`ready ${id}`, tasks.pullVolume, {
            on: Volume.ref(id),
            input: { backendId: ref(`create ${id}.backendId`) },
            ...volumeReady(pace),
          }),
          pullVolume(`pull new ${id}`, id),
          transition(Volume.ref(id), 'setOk'),
          giveBack({ volume: 1 }),
        ),
      ),
    ),
  );
}

function pullVolume(name: string, id: string): PlanNode {
  return step(name, tasks.pullVolume, { backendId: ref(`create ${id}.backendId`) }, { on: Volume.ref(id) });
}

/** Makes the new addresses, lets one lead to each port in their order, and waits until all do. */
function connectAddresses(data: Addresses, resources: readonly Snapshot[], { every, floatingIpDelay }: FullPace): PlanNode {
  const { floatingIps = [], existingIps = [] } = data;
  if (!withAddresses(data)) return nothing();
  const snapshot = (id: string): Snapshot => resources.find((one) => one.kind === FloatingIp.kind && one.id === id)!;
  const all = [
    ...floatingIps.map((id) => ({ id, backendId: ref(`create ${id}.backendId`) })),
    ...existingIps.map((id) => ({ id, backendId: snapshot(id).backendId })),
  ];
  return chain(
    group(letEnd, ...floatingIps.map((id) => createFloatingIp(snapshot(id)))),
    ...existingIps.map((id) => transition(FloatingIp.ref(id), 'beginUpdating')),
    step('push addresses', tasks.pushFloatingIps, { backendIds: all.map(({ backendId }) => backendId), portIds: ref('ports.portIds') }),
    group(
      {},
      ...all.map(({ id, backendId }) =>
        poll(`up ${id}`, tasks.pullFloatingIp, {
          on: FloatingIp.ref(id),
          input: { backendId },
          until: { runtimeState: ['ACTIVE'] },
          fail: { runtimeState: ['ERROR'] },
          every,
          for: '100m',
          ...after(floatingIpDelay),
        }),
      ),
    ),
  );
}

export function createFloatingIp({ id, data }: Snapshot): PlanNode {
  const { network } = data as { network?: string };
  const input = network === undefined ? {} : { network };
  return step(`create ${id}`, tasks.createFloatingIp, input, { on: FloatingIp.ref(id), transition: 'beginCreating' });
}
