import { z } from 'zod';
import { remove, unlessMissing } from './removal.ts';
import type { Removal } from './removal.ts';
import type { CallOptions, Session } from './session.ts';
import { findOrCreate, tokenDescription } from './tokens.ts';
import type { Made } from './tokens.ts';

export interface Port {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly networkId: string;
  /** Empty when the port hangs on nothing. */
  readonly deviceId: string;
  /** `compute:…` for that of a server. */
  readonly deviceOwner: string;
  readonly projectId: string;
  readonly addresses: readonly string[];
  readonly securityGroupIds: readonly string[];
}

export interface NewPort {
  /** Same for every attempt, different for every port. */
  readonly token: string;
  readonly networkId: string;
  readonly name?: string | undefined;
  readonly address?: string | undefined;
  /** Default: the project's default group. */
  readonly securityGroupIds?: readonly string[] | undefined;
}

export interface PortFilter {
  readonly token?: string | undefined;
  readonly deviceId?: string | undefined;
  readonly networkId?: string | undefined;
  readonly securityGroupId?: string | undefined;
}

export interface PortCalls {
  /** Finds the port of this token or creates it. May be called again after any failure. */
  createPort(wanted: NewPort, options?: CallOptions): Promise<Made<Port>>;
  /** Those that fit every given part of the filter, newest first. */
  listPorts(filter: PortFilter, options?: CallOptions): Promise<readonly Port[]>;
  /** All of them. May be repeated. */
  setPortSecurityGroups(id: string, securityGroupIds: readonly string[], options?: CallOptions): Promise<void>;
  /** Undefined if there is no such port. */
  findPort(id: string, options?: CallOptions): Promise<Port | undefined>;
  /** Success also if it is gone. */
  deletePort(id: string, options?: CallOptions): Promise<Removal>;
  /** Deletes what a create with this token has made, also if its answer was lost. Returns the ids. */
  deletePortsByToken(token: string, options?: CallOptions): Promise<readonly string[]>;
}

const portSchema = z
  .object({
    id: z.string(),
    name: z.string().nullish(),
    status: z.string(),
    network_id: z.string(),
    device_id: z.string().nullish(),
    device_owner: z.string().nullish(),
    project_id: z.string().nullish(),
    fixed_ips: z.array(z.object({ ip_address: z.string() })).default([]),
    security_groups: z.array(z.string()).default([]),
  })
  .transform((port): Port => ({
    id: port.id,
    name: port.name ?? '',
    status: port.status,
    networkId: port.network_id,
    deviceId: port.device_id ?? '',
    deviceOwner: port.device_owner ?? '',
    projectId: port.project_id ?? '',
    addresses: port.fixed_ips.map((fixedIp) => fixedIp.ip_address),
    securityGroupIds: port.security_groups,
  }));

const one = z.object({ port: portSchema });
const many = z.object({ ports: z.array(portSchema) });

export function createPortCalls(session: Session): PortCalls {
  const pathOf = (id: string): string => `/ports/${encodeURIComponent(id)}`;

  async function listPorts(
    { token, deviceId, networkId, securityGroupId }: PortFilter,
    { signal }: CallOptions = {},
  ): Promise<readonly Port[]> {
    const query = {
      description: token === undefined ? undefined : tokenDescription(token),
      device_id: deviceId,
      network_id: networkId,
      security_groups: securityGroupId,
    };
    const { ports } = await session.call({ service: 'network', method: 'GET', path: '/ports', query, signal }, many);
    return securityGroupId === undefined ? ports : ports.filter(({ securityGroupIds }) => securityGroupIds.includes(securityGroupId));
  }

  const deletePort = (id: string, options: CallOptions = {}): Promise<Removal> =>
    remove(
      () => session.send({ service: 'network', method: 'DELETE', path: pathOf(id), ...options }),
      () => Promise.resolve(undefined),
    );

  return {
    listPorts,
    deletePort,
    createPort: (wanted, options = {}) =>
      findOrCreate(
        async () => (await listPorts({ token: wanted.token, networkId: wanted.networkId }, options)).at(-1),
        async () => {
          const body = {
            port: {
              network_id: wanted.networkId,
              name: wanted.name ?? '',
              description: tokenDescription(wanted.token),
              fixed_ips: wanted.address === undefined ? undefined : [{ ip_address: wanted.address }],
              security_groups: wanted.securityGroupIds,
            },
          };
          const { port } = await session.call({ service: 'network', method: 'POST', path: '/ports', body, ...options }, one);
          return port;
        },
      ),
    setPortSecurityGroups: (id, ids, options = {}) =>
      session.send({ service: 'network', method: 'PUT', path: pathOf(id), body: { port: { security_groups: ids } }, ...options }),
    async findPort(id, options = {}) {
      const found = await unlessMissing(session.call({ service: 'network', method: 'GET', path: pathOf(id), ...options }, one));
      return found?.port;
    },
    async deletePortsByToken(token, options = {}) {
      const ids = (await listPorts({ token }, options)).map((port) => port.id);
      for (const id of ids) await deletePort(id, options);
      return ids;
    },
  };
}
