/** F11: the floating IPs of an instance become these and no others. */
import {
  chain,
  createExecutor,
  type ExecutorDefinition,
  group,
  nothing,
  poll,
  ref,
  type Snapshot,
  step,
  transition,
} from '@troupe/executor';
import { z } from 'zod';
import * as looks from '../contracts.ts';
import { FloatingIp, Instance, Tenant } from '../kinds.ts';
import * as tasks from '../network-part-contracts.ts';
import { after, type FullPace } from '../pace.ts';
import { pullServerAddresses } from '../pull-contracts.ts';
import { createFloatingIp } from './instance-create.ts';
import { restThen } from './other.ts';

interface Wanted {
  readonly floatingIps: readonly string[];
  readonly existingIps: readonly string[];
}

/** Rows of addresses that the instance has and is not to have any more. */
function leaving(
  { floatingIps = [], existingIps = [] }: { floatingIps?: string[] | undefined; existingIps?: string[] | undefined },
  wanted: Wanted,
) {
  return [...floatingIps, ...existingIps].filter((id) => !wanted.existingIps.includes(id));
}

/**
 * An address that stays keeps its port, a new one gets a free one. Addresses that were made before a failure stay, as rows of their own
 * that are OK; one that never came to the cloud is removed.
 */
export function updateAddresses({ every, floatingIpDelay }: FullPace, pullAddresses: ExecutorDefinition): ExecutorDefinition {
  return createExecutor({
    name: 'openstack.instance.updateAddresses',
    family: 'update',
    resource: Instance,
    /** Ids of rows: new ones, that are made; and those that are there, also those that the instance has already. */
    input: z.object({ floatingIps: z.array(z.string()).default([]), existingIps: z.array(z.string()).default([]) }),
    guard: {
      check({ resource: { backendId, data }, input: { floatingIps, existingIps } }) {
        if (backendId === '') return 'the instance was never created on the backend';
        const ports = data.portIds?.length ?? 0;
        if (floatingIps.length + existingIps.length > ports) return `a port takes one floating IP, and there are ${ports} port(s)`;
        return undefined;
      },
    },
    resources: ({ resource: { data }, input }) => [
      ...input.floatingIps.map((id) => ({
        ref: FloatingIp.ref(id),
        family: 'create' as const,
        ends: { notCreated: 'remove' as const, failed: 'ok' as const },
      })),
      ...[...input.existingIps, ...leaving(data, input)].map((id) => ({
        ref: FloatingIp.ref(id),
        family: 'update' as const,
        ends: { neverStarted: 'restore' as const, failed: 'ok' as const },
      })),
    ],
    plan({ resource: { backendId, data }, resources, input }) {
      const rows = new Map(resources.filter(({ kind }) => kind === FloatingIp.kind).map((one): [string, Snapshot] => [one.id, one]));
      const existing = (id: string): string => rows.get(id)!.backendId;
      const gone = leaving(data, input);
      const all = [
        ...input.floatingIps.map((id) => ({ id, backendId: ref(`create ${id}.backendId`) })),
        ...input.existingIps.map((id) => ({ id, backendId: existing(id) })),
      ];
      return chain(
        transition(undefined, 'beginUpdating'),
        // a create that is stopped half-way leaves on the cloud what no row knows
        group({ policy: 'waitAll' }, ...input.floatingIps.map((id) => createFloatingIp(rows.get(id)!))),
        ...[...input.existingIps, ...gone].map((id) => transition(FloatingIp.ref(id), 'beginUpdating')),
        step('push', tasks.setAddresses, { backendIds: all.map((one) => one.backendId), portIds: data.portIds ?? [] }),
        transition(undefined, { from: ['UPDATING'], to: 'UPDATING' }, { data: { ...input } }),
        group(
          {},
          ...all.map((one) =>
            poll(`up ${one.id}`, looks.pullFloatingIp, {
              on: FloatingIp.ref(one.id),
              input: { backendId: one.backendId },
              until: { runtimeState: ['ACTIVE'] },
              fail: { runtimeState: ['ERROR'] },
              every,
              for: '100m',
              ...after(floatingIpDelay),
            }),
          ),
          ...gone.map((id) => step(`pull ${id}`, looks.pullFloatingIp, { backendId: existing(id) }, { on: FloatingIp.ref(id) })),
        ),
        step('pull addresses', pullServerAddresses, { backendId }),
        data.tenant === undefined ? nothing() : restThen('addresses', pullAddresses, Tenant.ref(data.tenant)),
      );
    },
  });
}
