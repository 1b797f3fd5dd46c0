/** The kinds of resources that the app manages, with the vocabularies of their backend. */
import { defineKind } from '@troupe/resource';
import { z } from 'zod';
import { Backup, Snapshot } from './backup-kinds.ts';
import { Port } from './network-part-kinds.ts';
import { Migration, Network, Router, SecurityGroup, Subnet, tenantParts } from './tenant-kinds.ts';
import { floatingIpStates, vmStates, volumeStates } from '../backend/vocabulary.ts';

/** The provider is the scope of its throttle. */
const common = { provider: z.string().min(1), name: z.string().min(1) };

export const Volume = defineKind({
  kind: 'volume',
  runtimeStates: [...volumeStates],
  data: z.object({
    ...common,
    sizeGb: z.number().int().positive(),
    image: z.string().optional(),
    /** What pulls have found: the machine that has it, by its backend id, and the name of the disk there. */
    attachedTo: z.string().nullish(),
    device: z.string().nullish(),
    volumeType: z.string().nullish(),
  }),
});

export const Instance = defineKind({
  kind: 'instance',
  runtimeStates: [...vmStates],
  data: z.object({
    ...common,
    flavor: z.string(),
    /** A port on each, by name or id. Default: one on `private`. */
    networks: z.array(z.string()).min(1).optional(),
    /** Id of a server group on the backend to be placed by; what a pull has found. */
    serverGroup: z.string().nullish(),
    /** Ids of volume rows; the machine boots from the first one, which ends with it. */
    volumes: z.array(z.string()),
    /** Ids of rows of floating IPs that are made with the instance. */
    floatingIps: z.array(z.string()).optional(),
    /** Ids of rows of floating IPs that are there already. */
    existingIps: z.array(z.string()).optional(),
    /** Id of a tenant row, whose list of addresses follows. */
    tenant: z.string().optional(),
    /** What pulls and creates have found. */
    portIds: z.array(z.string()).optional(),
    securityGroups: z.array(z.string()).optional(),
    addresses: z.array(z.string()).optional(),
  }),
});

export const FloatingIp = defineKind({
  kind: 'floatingIp',
  runtimeStates: [...floatingIpStates],
  data: z.object({
    ...common,
    /** External network, by name or id. Default `public`. */
    network: z.string().optional(),
    address: z.string().optional(),
  }),
});

export const Tenant = defineKind({
  kind: 'tenant',
  data: z.object({ ...common, addresses: z.array(z.string()).optional(), ...tenantParts }),
});

export const kinds = [Volume, Instance, FloatingIp, Tenant, Network, Subnet, SecurityGroup, Snapshot, Backup, Router, Migration, Port];
