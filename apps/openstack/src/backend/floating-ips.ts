import { z } from 'zod';
import { remove, unlessMissing } from './removal.ts';
import type { Removal } from './removal.ts';
import type { CallOptions, Session } from './session.ts';
import { findOrCreate, tokenDescription } from './tokens.ts';
import type { Made } from './tokens.ts';

export interface FloatingIp {
  readonly id: string;
  readonly address: string;
  /** Neutron's word, one of `floatingIpStates` unless the cloud has invented one. */
  readonly status: string;
  readonly networkId: string;
  /** The port it leads to, if any. */
  readonly portId: string | undefined;
}

export interface NewFloatingIp {
  /** Same for every attempt, different for every address. */
  readonly token: string;
  /** The external network. */
  readonly networkId: string;
  /** Associated at once, if given. */
  readonly portId?: string | undefined;
}

export interface FloatingIpCalls {
  /** Finds the address of this token or creates it. May be called again after any failure. */
  createFloatingIp(wanted: NewFloatingIp, options?: CallOptions): Promise<Made<FloatingIp>>;
  /** @throws BackendError `not_found` */
  getFloatingIp(id: string, options?: CallOptions): Promise<FloatingIp>;
  /** Undefined if there is no such address. */
  findFloatingIp(id: string, options?: CallOptions): Promise<FloatingIp | undefined>;
  /** Those of the project, newest first; with `portId` those that lead to that port. */
  listFloatingIps(filter?: { readonly portId?: string | undefined }, options?: CallOptions): Promise<readonly FloatingIp[]>;
  /** May be repeated. @throws BackendError `conflict` if the port has another one, `not_found` if the port or the address is gone */
  associateFloatingIp(id: string, portId: string, options?: CallOptions): Promise<FloatingIp>;
  /** May be repeated. */
  disassociateFloatingIp(id: string, options?: CallOptions): Promise<FloatingIp>;
  /** Success also if it is gone. */
  deleteFloatingIp(id: string, options?: CallOptions): Promise<Removal>;
}

const floatingIpSchema = z
  .object({
    id: z.string(),
    floating_ip_address: z.string(),
    status: z.string(),
    floating_network_id: z.string(),
    port_id: z.string().nullish(),
  })
  .transform((ip): FloatingIp => ({
    id: ip.id,
    address: ip.floating_ip_address,
    status: ip.status,
    networkId: ip.floating_network_id,
    portId: ip.port_id ?? undefined,
  }));

const one = z.object({ floatingip: floatingIpSchema });
const many = z.object({ floatingips: z.array(floatingIpSchema) });

export function createFloatingIpCalls(session: Session): FloatingIpCalls {
  const pathOf = (id: string): string => `/floatingips/${encodeURIComponent(id)}`;

  async function list(query: Readonly<Record<string, string | undefined>>, { signal }: CallOptions): Promise<readonly FloatingIp[]> {
    const { floatingips } = await session.call({ service: 'network', method: 'GET', path: '/floatingips', query, signal }, many);
    return floatingips;
  }

  async function getFloatingIp(id: string, { signal }: CallOptions = {}): Promise<FloatingIp> {
    const { floatingip } = await session.call({ service: 'network', method: 'GET', path: pathOf(id), signal }, one);
    return floatingip;
  }

  async function point(id: string, portId: string | null, { signal }: CallOptions): Promise<FloatingIp> {
    const body = { floatingip: { port_id: portId } };
    const { floatingip } = await session.call({ service: 'network', method: 'PUT', path: pathOf(id), body, signal }, one);
    return floatingip;
  }

  return {
    getFloatingIp,
    findFloatingIp: (id, options) => unlessMissing(getFloatingIp(id, options)),
    listFloatingIps: ({ portId } = {}, options = {}) => list({ port_id: portId }, options),
    createFloatingIp: (wanted, options = {}) =>
      findOrCreate(
        async () => (await list({ description: tokenDescription(wanted.token) }, options)).at(-1),
        async () => {
          const body = {
            floatingip: { floating_network_id: wanted.networkId, port_id: wanted.portId, description: tokenDescription(wanted.token) },
          };
          const { floatingip } = await session.call({ service: 'network', method: 'POST', path: '/floatingips', body, ...options }, one);
          return floatingip;
        },
      ),
    associateFloatingIp: (id, portId, options = {}) => point(id, portId, options),
    disassociateFloatingIp: (id, options = {}) => point(id, null, options),
    deleteFloatingIp: (id, options = {}) =>
      remove(
        () => session.send({ service: 'network', method: 'DELETE', path: pathOf(id), ...options }),
        () => Promise.resolve(undefined),
      ),
  };
}
