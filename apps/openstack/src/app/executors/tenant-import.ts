/** F17: the import of a project that is there, and a migration: a project that is made anew with the parts of another one. */
import {
  chain,
  createExecutor,
  type ExecutorDefinition,
  nothing,
  type PlanNode,
  ref,
  type Snapshot,
  step,
  transition,
} from '@troupe/executor';
import type { ResourceRef } from '@troupe/protocol';
import { Tenant } from '../kinds.ts';
import * as tasks from '../tenant-contracts.ts';
import { Migration, Network, Router, SecurityGroup, Subnet } from '../tenant-kinds.ts';

/** The row is inserted with the id of the project. A failure leaves it ERRED, and the project as it is. */
export function importTenant(): ExecutorDefinition {
  return createExecutor({
    name: 'openstack.tenant.import',
    family: 'create',
    resource: Tenant,
    guard: { check: ({ resource }) => (resource.backendId === '' ? 'an import needs the id of the project as backendId' : undefined) },
    plan({ resource: { backendId: projectId } }) {
      const project = { projectId };
      return chain(
        step('admin user', tasks.addAdmin, project, { transition: 'beginCreating' }),
        step('user', tasks.createUser, project),
        ...tasks.tenantPulls.map((what) => step(`pull ${what}`, tasks.pullTenant[what], project)),
      );
    },
  });
}

const project = { projectId: ref('tenant.backendId') };

type Rows = readonly Snapshot[];
const of = (rows: Rows, kind: { readonly kind: string }): Rows => rows.filter((row) => row.kind === kind.kind);

/**
 * Owns the tenant and all its parts. On failure tenant and migration are ERRED, both under their epochs; parts that were not started
 * are removed, any other is ERRED. What has been made so far goes with a delete of the tenant.
 */
export function migrateTenant(): ExecutorDefinition {
  return createExecutor({
    name: 'openstack.tenant.migrate',
    family: 'create',
    resource: Migration,
    resources: ({ resource: { data } }) => [
      { ref: Tenant.ref(data.tenant), family: 'create', ends: { neverStarted: 'erred' } },
      ...[
        ...(data.routers ?? []).map((id) => Router.ref(id)),
        ...(data.networks ?? []).map((id) => Network.ref(id)),
        ...(data.subnets ?? []).map((id) => Subnet.ref(id)),
        ...(data.defaultGroup === undefined ? [] : [SecurityGroup.ref(data.defaultGroup)]),
        ...(data.securityGroups ?? []).map((id) => SecurityGroup.ref(id)),
      ].map((one) => ({ ref: one, family: 'create' as const, ends: { neverStarted: 'remove' as const } })),
    ],
    plan({ resource: { data }, resources }) {
      const on = Tenant.ref(data.tenant);
      const { name, quotas } = of(resources, Tenant)[0]!.data as { name: string; quotas?: Record<string, number> };
      const groups = of(resources, SecurityGroup);
      const subnets = of(resources, Subnet);
      const stray = subnets.find((subnet) => !(data.networks ?? []).includes(String(subnet.data['network'])));
      if (stray !== undefined) throw new Error(`subnet ${stray.id} is on no network of the migration`);
      return chain(
        transition(undefined, 'beginCreating'),
        step('tenant', tasks.createTenant, { name }, { on, transition: 'beginCreating' }),
        step('admin user', tasks.addAdmin, project, { on }),
        step('user', tasks.createUser, project, { on }),
        quotas === undefined ? nothing() : step('push quotas', tasks.pushQuotas, { ...project, quotas }, { on }),
        ...groups.filter(({ id }) => id === data.defaultGroup).map(defaultGroup),
        ...of(resources, Router).map(router),
        ...of(resources, Network).map((network) =>
          chain(
            create(network, tasks.createNetwork, { ...project, name: nameOf(network) }),
            ...subnets.filter((subnet) => subnet.data['network'] === network.id).map((subnet) => createSubnet(subnet, network)),
          ),
        ),
        ...groups.filter(({ id }) => id !== data.defaultGroup).map(group),
        ...tasks.tenantPulls.map((what) => step(`pull ${what}`, tasks.pullTenant[what], project, { on })),
        transition(on, 'setOk'),
      );
    },
  });
}

const refOf = ({ kind, id }: Snapshot): ResourceRef => ({ kind, id });
const nameOf = ({ data }: Snapshot): string => data['name'] as string;
const madeBy = (row: Snapshot) => ref(`${row.kind} ${row.id}.backendId`);

function create(row: Snapshot, task: { readonly name: string }, input: object): PlanNode {
  return step(`${row.kind} ${row.id}`, task.name, input, { on: refOf(row), transition: 'beginCreating' });
}

function createSubnet(subnet: Snapshot, network: Snapshot): PlanNode {
  const { cidr = '192.168.42.0/24', nameservers } = subnet.data as { cidr?: string; nameservers?: string[] };
  const place = { ...project, name: nameOf(subnet), networkId: madeBy(network), cidr };
  return create(subnet, tasks.createSubnet, nameservers === undefined ? place : { ...place, nameservers });
}

function router(row: Snapshot): PlanNode {
  const { externalNetwork, routes = [] } = row.data as { externalNetwork?: string; routes?: object[] };
  return chain(
    create(row, tasks.createRouter, { ...project, name: nameOf(row), ...(externalNetwork === undefined ? {} : { externalNetwork }) }),
    routes.length === 0
      ? nothing()
      : step(`routes ${row.id}`, tasks.setRoutes.name, { backendId: madeBy(row), routes }, { on: refOf(row) }),
  );
}

function group(row: Snapshot): PlanNode {
  const { rules = [] } = row.data as { rules?: object[] };
  return chain(
    create(row, tasks.createSecurityGroup, { ...project, name: nameOf(row) }),
    rules.length === 0 ? nothing() : step(`rules ${row.id}`, tasks.addRules.name, { backendId: madeBy(row), rules }, { on: refOf(row) }),
  );
}

function defaultGroup(row: Snapshot): PlanNode {
  const { rules = [] } = row.data as { rules?: object[] };
  return create(row, tasks.pushDefaultGroup, { ...project, rules });
}
