/** Tasks on tenants: projects of the cloud with their users, networks and groups. Their handlers need an admin. */
import { defineTask } from '@troupe/task';
import { z } from 'zod';
import { quotas, route, rule } from './tenant-kinds.ts';

const pool = 'openstack';
const id = z.string().min(1);
const byId = z.object({ backendId: id });
const inProject = z.object({ projectId: id });

/** The name that is free is told by the token, so a second run picks no other. */
export const createTenant = defineTask({
  name: 'openstack.tenant.create',
  pool,
  idempotent: 'token',
  input: z.object({ name: z.string() }),
  output: byId,
});
/** Lets the app's own user work in the project. */
export const addAdmin = defineTask({ name: 'openstack.tenant.admin.add', pool, idempotent: 'yes', input: inProject });
export const createUser = defineTask({
  name: 'openstack.tenant.user.create',
  pool,
  idempotent: 'yes',
  input: inProject,
  output: z.object({ userId: id }),
});
export const pushQuotas = defineTask({
  name: 'openstack.tenant.quotas.push',
  pool,
  idempotent: 'yes',
  input: inProject.extend({ quotas }),
});
export const createNetwork = defineTask({
  name: 'openstack.network.create',
  pool,
  idempotent: 'token',
  input: inProject.extend({ name: z.string() }),
  output: byId,
});
export const createSubnet = defineTask({
  name: 'openstack.subnet.create',
  pool,
  idempotent: 'token',
  input: inProject.extend({ name: z.string(), networkId: id, cidr: z.string(), nameservers: z.array(z.string()).optional() }),
  output: byId,
});
export const createSecurityGroup = defineTask({
  name: 'openstack.securityGroup.create',
  pool,
  idempotent: 'token',
  input: inProject.extend({ name: z.string() }),
  output: byId,
});
export const addRules = defineTask({
  name: 'openstack.securityGroup.rules.add',
  pool,
  idempotent: 'yes',
  input: byId.extend({ rules: z.array(rule) }),
});
/** A router between a subnet and an external network. */
export const connectTenant = defineTask({
  name: 'openstack.tenant.connect',
  pool,
  idempotent: 'token',
  input: inProject.extend({ name: z.string(), externalNetwork: z.string(), subnetId: id }),
  output: z.object({ routerId: id }),
});

/** What pulls of a tenant look at; each finds the field of the same name. */
export const tenantPulls = [
  'limits',
  'images',
  'flavors',
  'volumeTypes',
  'zones',
  'volumeZones',
  'externalNetworks',
  'groups',
  'routers',
  'networks',
  'subnets',
  'ports',
  'floatingIps',
  'serverGroups',
  'snapshots',
  'instances',
  'volumes',
] as const;
export type TenantPull = (typeof tenantPulls)[number];

const pull = (what: TenantPull) => defineTask({ name: `openstack.tenant.${what}.pull`, pool, idempotent: 'yes', input: inProject });
export const pullTenant = Object.fromEntries(tenantPulls.map((what) => [what, pull(what)])) as Record<TenantPull, ReturnType<typeof pull>>;

/** The group that the cloud makes for every project: looked for by its name, and given rules. */
export const pushDefaultGroup = defineTask({
  name: 'openstack.securityGroup.default.push',
  pool,
  idempotent: 'yes',
  input: inProject.extend({ rules: z.array(rule) }),
  output: byId,
});
export const createRouter = defineTask({
  name: 'openstack.router.create',
  pool,
  idempotent: 'token',
  input: inProject.extend({ name: z.string(), externalNetwork: z.string().optional() }),
  output: byId,
});
export const setRoutes = defineTask({
  name: 'openstack.router.routes.set',
  pool,
  idempotent: 'yes',
  input: byId.extend({ routes: z.array(route) }),
});

/** What a delete of a tenant removes of the project, one kind each, in this order. */
export const tenantRemovals = [
  'floatingIps',
  'routes',
  'ports',
  'routers',
  'networks',
  'securityGroups',
  'snapshots',
  'instances',
  'volumes',
  'serverGroups',
] as const;
export type TenantRemoval = (typeof tenantRemovals)[number];

/** All of one kind that the project has; what is gone, or going, is fine. */
const removal = (what: TenantRemoval) => defineTask({ name: `openstack.tenant.${what}.remove`, pool, idempotent: 'yes', input: inProject });
export const removeOfTenant = Object.fromEntries(tenantRemovals.map((what) => [what, removal(what)])) as Record<
  TenantRemoval,
  ReturnType<typeof removal>
>;

/** What does not go at once. */
export const tenantRemains = ['snapshots', 'instances', 'volumes'] as const;
export type TenantRemains = (typeof tenantRemains)[number];

/** Output `done: true` when the project has none; `failed: true` when the cloud gave up on one. */
const none = (what: TenantRemains) => defineTask({ name: `openstack.tenant.${what}.none`, pool, idempotent: 'yes', input: inProject });
export const isTenantWithout = Object.fromEntries(tenantRemains.map((what) => [what, none(what)])) as Record<
  TenantRemains,
  ReturnType<typeof none>
>;

export const deleteUser = defineTask({ name: 'openstack.tenant.user.delete', pool, idempotent: 'yes', input: inProject });
/** The project itself, last. */
export const deleteTenant = defineTask({ name: 'openstack.tenant.delete', pool, idempotent: 'yes', input: inProject });

/** For rows of a tenant that are removed by themselves. */
export const removeNetwork = defineTask({ name: 'openstack.network.delete', pool, idempotent: 'yes', input: byId });
export const removeSubnet = defineTask({ name: 'openstack.subnet.delete', pool, idempotent: 'yes', input: byId });
export const removeSecurityGroup = defineTask({ name: 'openstack.securityGroup.delete', pool, idempotent: 'yes', input: byId });

export const tenantTasks = [
  createTenant,
  addAdmin,
  createUser,
  pushQuotas,
  createNetwork,
  createSubnet,
  createSecurityGroup,
  addRules,
  connectTenant,
  pushDefaultGroup,
  createRouter,
  setRoutes,
  ...Object.values(pullTenant),
  ...Object.values(removeOfTenant),
  ...Object.values(isTenantWithout),
  deleteUser,
  deleteTenant,
  removeNetwork,
  removeSubnet,
  removeSecurityGroup,
];
