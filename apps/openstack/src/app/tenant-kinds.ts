/** The kinds that belong to a tenant, which is a project of the cloud. */
import { defineKind } from '@troupe/resource';
import { z } from 'zod';
import { quotaNames } from '../backend/quotas.ts';

const common = { provider: z.string().min(1), name: z.string().min(1) };

/** Limits by the names that the services give them; -1 is unlimited. */
export const quotas = z.partialRecord(z.enum(Object.values(quotaNames).flat()), z.number().int().min(-1));

const names = z.array(z.string()).optional();

/** What of a tenant is to be made, and what pulls have found. */
export const tenantParts = {
  /** Ids of rows that are made with the tenant. */
  network: z.string().optional(),
  subnet: z.string().optional(),
  securityGroups: z.array(z.string()).optional(),
  /** An external network, by name or id: a router leads from the subnet to it. */
  externalNetwork: z.string().optional(),
  quotas: quotas.optional(),
  /** The name of the project on the cloud, which differs if the wanted one was taken. */
  projectName: z.string().optional(),
  userName: z.string().optional(),
  limits: quotas.optional(),
  images: names,
  flavors: names,
  volumeTypes: names,
  zones: names,
  volumeZones: names,
  externalNetworks: names,
  groups: names,
  routers: names,
  networks: names,
  subnets: names,
  serverGroups: names,
  snapshots: names,
  /** By their ids on the backend: not all of these have names. */
  ports: names,
  floatingIps: names,
  instances: names,
  volumes: names,
};

export const Network = defineKind({ kind: 'network', data: z.object(common) });

export const Subnet = defineKind({
  kind: 'subnet',
  data: z.object({
    ...common,
    cidr: z.string().default('192.168.42.0/24'),
    nameservers: names,
    /** Id of the row of its network, where that does not follow from a tenant. */
    network: z.string().optional(),
  }),
});

export const rule = z.object({
  direction: z.enum(['ingress', 'egress']).default('ingress'),
  protocol: z.string().optional(),
  portMin: z.number().int().optional(),
  portMax: z.number().int().optional(),
  remotePrefix: z.string().optional(),
});

export const route = z.object({ destination: z.string(), nexthop: z.string() });

export const Router = defineKind({
  kind: 'router',
  data: z.object({
    ...common,
    /** By name or id. */
    externalNetwork: z.string().optional(),
    routes: z.array(route).optional(),
  }),
});

/** A tenant that is made anew with the parts of another one. Its fields are ids of rows. */
export const Migration = defineKind({
  kind: 'migration',
  data: z.object({
    ...common,
    tenant: z.string(),
    routers: names,
    networks: names,
    /** Each says which of the networks it is on. */
    subnets: names,
    /** The one that the cloud makes by itself. */
    defaultGroup: z.string().optional(),
    securityGroups: names,
  }),
});

export const SecurityGroup = defineKind({ kind: 'securityGroup', data: z.object({ ...common, rules: z.array(rule).optional() }) });

const anywhere = '0.0.0.0/0';
const tcp = (port: number) => ({ direction: 'ingress', protocol: 'tcp', portMin: port, portMax: port, remotePrefix: anywhere }) as const;

/** The groups that a new tenant usually gets, with their rules: data for rows of security groups. */
export const tenantGroups = {
  ssh: [tcp(22)],
  ping: [{ direction: 'ingress', protocol: 'icmp', remotePrefix: anywhere }],
  rdp: [tcp(3389)],
  web: [tcp(80), tcp(443)],
} as const;
