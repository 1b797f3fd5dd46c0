/** The app's operations: F1, F2, F6, F7 and F9 of the operation families. */
import {
  chain,
  child,
  createExecutor,
  type ExecutorDefinition,
  giveBack,
  group,
  nothing,
  poll,
  type PlanNode,
  ref,
  step,
  throttled,
  transition,
} from '@troupe/executor';
import type { Duration, JsonObject } from '@troupe/protocol';
import { z } from 'zod';
import * as tasks from './contracts.ts';
import { Instance, Volume } from './kinds.ts';

export interface Pace {
  /** Between two looks at the backend. Default `5s`. */
  readonly every?: Duration;
  /** Before the first look at a new volume. Default `30s`. */
  readonly volumeDelay?: Duration;
  /** Before a server is created, once its ports are. Default `10s`. */
  readonly serverDelay?: Duration;
}

export function openstackExecutors(pace: Pace = {}): ExecutorDefinition[] {
  const { every = '5s', volumeDelay = '30s', serverDelay = '10s' } = pace;
  // a delay of nothing is no timer: the server's would take a quarter of a second
  const after = (delay: Duration): { after?: Duration } => (delay === '0s' ? {} : { after: delay });
  const volumeReady = {
    until: { runtimeState: ['available', 'in-use'] },
    fail: { runtimeState: ['error', 'deleted'] },
    every,
    for: '100m',
  } as const;

  /** F1. The lease spans the call, the delay and the looks. */
  const createVolume = createExecutor({
    name: 'openstack.volume.create',
    family: 'create',
    resource: Volume,
    plan: ({ resource }) =>
      throttled(
        { scope: resource.data.provider, need: { volume: 1 } },
        step('create', tasks.createVolume, volumeInput(resource.data), { transition: 'beginCreating' }),
        poll('ready', tasks.pullVolume, { input: { backendId: ref('create.backendId') }, ...after(volumeDelay), ...volumeReady }),
      ),
  });

  /** F2. Without a backend id nothing is called: the family removes the row. */
  const deleteVolume = createExecutor({
    name: 'openstack.volume.delete',
    family: 'delete',
    resource: Volume,
    plan: ({ resource: { backendId } }) =>
      chain(
        step('delete', tasks.deleteVolume, { backendId }, { transition: 'beginDeleting' }),
        poll('gone', tasks.isVolumeGone, { input: { backendId }, until: { done: true }, every, for: '50m' }),
      ),
  });

  /** F6. Instance and volume tokens are taken together; those of the volumes go back when they are ready. */
  const createInstance = createExecutor({
    name: 'openstack.instance.create',
    family: 'create',
    resource: Instance,
    class: 'heavy',
    resources: ({ resource }) =>
      resource.data.volumes.map((id) => ({ ref: Volume.ref(id), family: 'create' as const, ends: { neverStarted: 'remove' as const } })),
    plan: ({ resource, resources }) => {
      const { provider, name, flavor, network } = resource.data;
      const volumes = resources.filter((one) => one.kind === Volume.kind);
      const on = (id: string) => Volume.ref(id);
      return throttled(
        { scope: provider, need: volumes.length === 0 ? { instance: 1 } : { instance: 1, volume: volumes.length } },
        transition(undefined, 'beginCreating'),
        group(
          {},
          ...volumes.map(({ id, data }) =>
            step(`create ${id}`, tasks.createVolume, volumeInput(data), { on: on(id), transition: 'beginCreating' }),
          ),
        ),
        group(
          {},
          ...volumes.map(({ id }) =>
            chain(
              poll(`ready ${id}`, tasks.pullVolume, {
                on: on(id),
                input: { backendId: ref(`create ${id}.backendId`) },
                ...after(volumeDelay),
                ...volumeReady,
              }),
              transition(on(id), 'setOk'),
            ),
          ),
        ),
        volumes.length === 0 ? nothing() : giveBack({ volume: volumes.length }),
        step('ports', tasks.createPort, { name, ...(network === undefined ? {} : { network }) }),
        step(
          'create',
          tasks.createServer,
          { name, flavor, volumeIds: volumes.map(({ id }) => ref(`create ${id}.backendId`)), portId: ref('ports.portId') },
          after(serverDelay),
        ),
        poll('active', tasks.pullServer, {
          input: { backendId: ref('create.backendId') },
          until: { runtimeState: ['ACTIVE'] },
          fail: { runtimeState: ['ERROR'] },
          every,
          for: '100m',
        }),
        group(
          {},
          ...volumes.map(({ id }) => step(`pull ${id}`, tasks.pullVolume, { backendId: ref(`create ${id}.backendId`) }, { on: on(id) })),
        ),
        step('pull', tasks.pullServer, { backendId: ref('create.backendId') }),
      );
    },
  });

  /** F7 (b) and (c): data volumes are detached first, the machine goes, then the volumes by operations of their own. */
  const deleteInstance = createExecutor({
    name: 'openstack.instance.delete',
    family: 'delete',
    resource: Instance,
    input: z.object({ deleteVolumes: z.boolean().default(true) }),
    neverCreated: 'plan',
    plan: ({ resource, input, options }) => {
      const { backendId, data } = resource;
      const volumes = input.deleteVolumes ? data.volumes : [];
      const removeVolumes = group(
        { policy: 'waitAll' },
        ...volumes.map((id) => child(`volume ${id}`, deleteVolume, { resource: Volume.ref(id), options })),
      );
      if (backendId === '') return chain(transition(undefined, 'beginDeleting'), removeVolumes);
      return chain(
        step('delete', tasks.deleteServer, { backendId }, { transition: 'beginDeleting' }),
        poll('gone', tasks.isServerGone, { input: { backendId }, until: { done: true }, every, for: '50m' }),
        step('ports', tasks.deletePorts, { backendId }),
        removeVolumes,
      );
    },
  });

  /** F9. "Already so" is success, by code. */
  const power = (what: 'start' | 'stop' | 'restart', task: typeof tasks.startServer, until: string): ExecutorDefinition =>
    createExecutor({
      name: `openstack.instance.${what}`,
      family: 'action',
      resource: Instance,
      action: what,
      plan: ({ resource: { backendId } }): PlanNode =>
        chain(
          step(what, task, { backendId }, { transition: 'beginUpdating' }),
          poll('settled', tasks.pullServer, {
            input: { backendId },
            until: { runtimeState: [until] },
            fail: { runtimeState: ['ERROR'] },
            every,
            for: '100m',
          }),
        ),
    });

  return [
    createVolume,
    deleteVolume,
    createInstance,
    deleteInstance,
    power('start', tasks.startServer, 'ACTIVE'),
    power('stop', tasks.stopServer, 'SHUTOFF'),
    power('restart', tasks.rebootServer, 'ACTIVE'),
  ];
}

function volumeInput(data: JsonObject): { name: string; sizeGb: number; image?: string } {
  const { name, sizeGb, image } = data as { name: string; sizeGb: number; image?: string };
  return { name, sizeGb, ...(image === undefined ? {} : { image }) };
}
