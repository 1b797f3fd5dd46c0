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

/**
 * Children are planned when they start, so they see the rows as the detach has left them, and they inherit force. A data
 * volume that cannot be detached or deleted stops the operation before the machine is touched; the error names it. A
 * forced delete goes on: the operation of the volume says what is left on the backend.
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
      const leave = force ? restThenWhatever : restThenUnlessGone;
      const portId = data.portId === undefined ? {} : { portId: data.portId };
      const removeVolumes = (prefix: string, ids: readonly string[]): PlanNode =>
        input.deleteVolumes
          ? group({ policy: 'waitAll' }, ...ids.map((id) => leave(`${prefix} ${id}`, children.deleteVolume, Volume.ref(id))))
          : nothing();
      // (a) never on the backend: what its create has left
      if (backendId === '') {
        return chain(
          transition(undefined, 'beginDeleting'),
          step('delete ports', tasks.deletePorts, portId),
          removeVolumes('volume', data.volumes),
          releaseIps(data, input.releaseIps, children),
        );
      }
      // (b), and (c) without the removal of volumes
      const [, ...dataVolumes] = data.volumes;
      const detachFirst = attempt({
        body: chain(
          group(
            { policy: 'waitAll' },
            ...dataVolumes.map((id) => leave(`detach ${id}`, children.detachVolume, Volume.ref(id), { serverId: backendId })),
          ),
          removeVolumes('data volume', dataVolumes),
        ),
        // a broken machine lets nothing go: its volumes are free when it is gone
        catch: [{ code: 'conflict', do: nothing() }],
      });
      return chain(
        runtimeState === 'ERROR' ? nothing() : detachFirst,
        step('delete', tasks.deleteServer, { backendId }, { transition: 'beginDeleting' }),
        poll('gone', tasks.isServerGone, { input: { backendId }, until: { done: true }, every: pace.every, for: '50m' }),
        // the boot volume cannot be detached: it is free only now
        removeVolumes('volume', data.volumes),
        releaseIps(data, input.releaseIps, children),
        step('delete ports', tasks.deletePorts, { serverId: backendId, ...portId }),
      );
    },
  });
}

function releaseIps(
  data: { readonly floatingIps?: readonly string[] | undefined; readonly tenant?: string | undefined },
  release: boolean,
  { deleteFloatingIp, pullFloatingIp, pullAddresses }: Children,
): PlanNode {
  const ids = data.floatingIps ?? [];
  if (ids.length === 0) return nothing();
  const executor = release ? deleteFloatingIp : pullFloatingIp;
  return chain(
    group({ policy: 'waitAll' }, ...ids.map((id) => restThenUnlessGone(`address ${id}`, executor, FloatingIp.ref(id)))),
    data.tenant === undefined ? nothing() : restThenUnlessGone('addresses', pullAddresses, Tenant.ref(data.tenant)),
  );
}
