/** F7: an instance, its volumes and its floating IPs. */
import {
  attempt,
  chain,
  createExecutor,
  type ExecutorDefinition,
  group,
  nothing,
  type PlanNode,
  poll,
  step,
  transition,
} from '@troupe/executor';
import type { Json, ResourceRef } from '@troupe/protocol';
import { z } from 'zod';
import * as tasks from '../contracts.ts';
import { FloatingIp, Instance, Tenant, Volume } from '../kinds.ts';
import type { FullPace } from '../pace.ts';
import { restThenUnlessGone, restThenWhatever } from './other.ts';

export interface Children {
  readonly detachVolume: ExecutorDefinition;
  readonly deleteVolume: ExecutorDefinition;
  readonly deleteFloatingIp: ExecutorDefinition;
  readonly pullFloatingIp: ExecutorDefinition;
  readonly pullAddresses: ExecutorDefinition;
}

type Leave = (id: string, executor: ExecutorDefinition, resource: ResourceRef, input?: Json) => PlanNode;

/**
 * Children are planned when they start, so they see the rows as the detach has left them, and they inherit force. A data
 * volume that cannot be detached or deleted stops the operation before the machine is touched; the error names it. A
 * forced delete goes on: the operation of the volume or address says what is left on the backend.
 */
export function deleteInstance(pace: FullPace, children: Children): ExecutorDefinition {
  return createExecutor({
    name: 'openstack.instance.delete',
    family: 'delete',
    resource: Instance,
    input: z.preprocess(
      (given) => given ?? {},
      z.object({ deleteVolumes: z.boolean().default(true), releaseIps: z.boolean().default(true) }),
    ),
    neverCreated: 'plan',
    plan({ resource: { backendId, runtimeState, data }, input, options: { force } }) {
      const leave: Leave = force ? restThenWhatever : restThenUnlessGone;
      const { portIds = [], volumes } = data;
      const removeVolumes = (prefix: string, ids: readonly string[]): PlanNode =>
        group({ policy: 'waitAll' }, ...ids.map((id) => leave(`${prefix} ${id}`, children.deleteVolume, Volume.ref(id))));
      // (a) never on the backend: what its create has left; its addresses are not made before the machine runs
      if (backendId === '') {
        return chain(
          transition(undefined, 'beginDeleting'),
          step('delete ports', tasks.deletePorts, { portIds }),
          input.deleteVolumes ? removeVolumes('volume', volumes) : nothing(),
        );
      }
      // (b), and (c) without the removal of data volumes
      const dataVolumes = volumes.slice(1);
      const detachFirst = attempt({
        body: chain(
          group(
            { policy: 'waitAll' },
            ...dataVolumes.map((id) => leave(`detach ${id}`, children.detachVolume, Volume.ref(id), { serverId: backendId })),
          ),
          input.deleteVolumes ? removeVolumes('data volume', dataVolumes) : nothing(),
        ),
        // a broken machine lets nothing go: its volumes are free when it is gone
        catch: [{ code: 'conflict', do: nothing() }],
      });
      const addresses = settleIps(data, input.releaseIps, leave, children);
      const deletePorts = step('delete ports', tasks.deletePorts, { serverId: backendId, portIds });
      return chain(
        runtimeState === 'ERROR' ? nothing() : detachFirst,
        step('delete', tasks.deleteServer, { backendId }, { transition: 'beginDeleting' }),
        poll('gone', tasks.isServerGone, { input: { backendId }, until: { done: true }, every: pace.every, for: '50m' }),
        // the cloud removes the boot volume with the machine, its row goes here; data volumes only if they could not before
        removeVolumes('volume', input.deleteVolumes ? volumes : volumes.slice(0, 1)),
        // an address that is kept is DOWN once its port is gone: pulled before, it would be said to be ACTIVE for ever
        ...(input.releaseIps ? [addresses, deletePorts] : [deletePorts, addresses]),
      );
    },
  });
}

interface Addresses {
  readonly floatingIps?: readonly string[] | undefined;
  readonly existingIps?: readonly string[] | undefined;
  readonly tenant?: string | undefined;
}

function settleIps(
  { floatingIps = [], existingIps = [], tenant }: Addresses,
  release: boolean,
  leave: Leave,
  children: Children,
): PlanNode {
  const ids = [...floatingIps, ...existingIps];
  if (ids.length === 0) return nothing();
  const executor = release ? children.deleteFloatingIp : children.pullFloatingIp;
  return chain(
    group({ policy: 'waitAll' }, ...ids.map((id) => leave(`address ${id}`, executor, FloatingIp.ref(id)))),
    tenant === undefined ? nothing() : leave('addresses', children.pullAddresses, Tenant.ref(tenant)),
  );
}
