/** F6: an instance with its volumes, and with floating IPs if it wants some. */
import {
  attempt,
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
} from '@troupe/executor';
import * as tasks from '../contracts.ts';
import { FloatingIp, Instance, Tenant, Volume } from '../kinds.ts';
import { after, type FullPace } from '../pace.ts';
import { restThen } from './other.ts';
import { volumeInput, volumeReady } from './volume.ts';

/**
 * Instance and volume tokens are taken together, so that nobody holds one and waits for the other; those of the volumes
 * go back as soon as the volumes are ready.
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
        if ((data.floatingIps ?? []).length > 1) return 'an instance has one port, which takes one floating IP';
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
    ],
    plan({ resource, resources, operation }) {
      const { provider, name, flavor, network, tenant } = resource.data;
      const volumes = resources.filter(({ kind }) => kind === Volume.kind);
      const ips = resources.filter(({ kind }) => kind === FloatingIp.kind);
      const portToken = `${operation}/port`;
      const server = { backendId: ref('create.backendId') };
      const body = throttled(
        { scope: provider, need: { instance: 1, volume: volumes.length } },
        transition(undefined, 'beginCreating'),
        createVolumes(volumes, pace),
        giveBack({ volume: volumes.length }),
        step('ports', tasks.createPort, { token: portToken, name, ...(network === undefined ? {} : { network }) }),
        step(
          'create',
          tasks.createServer,
          { name, flavor, volumeIds: volumes.map(({ id }) => ref(`create ${id}.backendId`)), portId: ref('ports.portId') },
          after(pace.serverDelay),
        ),
        poll('active', tasks.pullServer, {
          input: server,
          until: { runtimeState: ['ACTIVE'] },
          fail: { runtimeState: ['ERROR'] },
          every: pace.every,
          for: '100m',
        }),
        group(
          {},
          ...volumes.map(({ id }) =>
            step(`pull ${id}`, tasks.pullVolume, { backendId: ref(`create ${id}.backendId`) }, { on: Volume.ref(id) }),
          ),
        ),
        step('pull groups', tasks.pullGroups, server),
        ...ips.map((ip) => createFloatingIp(ip, pace)),
        ips.length === 0 || tenant === undefined ? nothing() : restThen('addresses', pullAddresses, Tenant.ref(tenant)),
        step('pull', tasks.pullServer, server),
      );
      return attempt({ body, finally: step('release idle ports', tasks.releasePorts, { token: portToken }) });
    },
  });
}

function createVolumes(volumes: readonly Snapshot[], pace: FullPace): PlanNode {
  return chain(
    group(
      {},
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
          transition(Volume.ref(id), 'setOk'),
        ),
      ),
    ),
  );
}

function createFloatingIp({ id, data }: Snapshot, { every, floatingIpDelay }: FullPace): PlanNode {
  const { network } = data as { network?: string };
  const on = FloatingIp.ref(id);
  const backendId = ref(`create ${id}.backendId`);
  return chain(
    step(`create ${id}`, tasks.createFloatingIp, network === undefined ? {} : { network }, { on, transition: 'beginCreating' }),
    step(`push ${id}`, tasks.pushFloatingIp, { backendId, portId: ref('ports.portId') }, { on }),
    poll(`up ${id}`, tasks.pullFloatingIp, {
      on,
      input: { backendId },
      until: { runtimeState: ['ACTIVE'] },
      fail: { runtimeState: ['ERROR'] },
      every,
      for: '100m',
      ...after(floatingIpDelay),
    }),
  );
}
