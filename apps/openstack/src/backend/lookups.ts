import { z } from 'zod';
import type { CallOptions, Session } from './session.ts';

export interface NamedObject {
  readonly id: string;
  readonly name: string;
}

export interface Network extends NamedObject {
  readonly isExternal: boolean;
}

/** What people name and the API wants by id. */
export interface LookupCalls {
  listNetworks(options?: CallOptions): Promise<readonly Network[]>;
  listFlavors(options?: CallOptions): Promise<readonly NamedObject[]>;
  listImages(options?: CallOptions): Promise<readonly NamedObject[]>;
  listVolumeTypes(options?: CallOptions): Promise<readonly NamedObject[]>;
  /** Names of the zones of Nova or of Cinder that are in use. */
  listZones(service: 'compute' | 'volume', options?: CallOptions): Promise<readonly string[]>;
  /** Undefined if no image has that name; the newest one if several have. */
  findImage(name: string, options?: CallOptions): Promise<NamedObject | undefined>;
}

const named = z.object({ id: z.string(), name: z.string() });
const networksSchema = z.object({ networks: z.array(named.extend({ 'router:external': z.boolean().default(false) })) });

export function createLookupCalls(session: Session): LookupCalls {
  return {
    async listNetworks({ signal } = {}) {
      const { networks } = await session.call({ service: 'network', method: 'GET', path: '/networks', signal }, networksSchema);
      return networks.map((network) => ({ id: network.id, name: network.name, isExternal: network['router:external'] }));
    },
    async listFlavors({ signal } = {}) {
      const answer = await session.call(
        { service: 'compute', method: 'GET', path: '/flavors', signal },
        z.object({ flavors: z.array(named) }),
      );
      return answer.flavors;
    },
    async listImages({ signal } = {}) {
      const answer = await session.call({ service: 'image', method: 'GET', path: '/images', signal }, z.object({ images: z.array(named) }));
      return answer.images;
    },
    async listVolumeTypes({ signal } = {}) {
      const answer = await session.call(
        { service: 'volume', method: 'GET', path: '/types', signal },
        z.object({ volume_types: z.array(named) }),
      );
      return answer.volume_types;
    },
    async listZones(service, { signal } = {}) {
      const zone = z.object({ zoneName: z.string(), zoneState: z.object({ available: z.boolean() }) });
      const answer = await session.call(
        { service, method: 'GET', path: '/os-availability-zone', signal },
        z.object({ availabilityZoneInfo: z.array(zone) }),
      );
      return answer.availabilityZoneInfo.filter(({ zoneState }) => zoneState.available).map(({ zoneName }) => zoneName);
    },
    async findImage(name, { signal } = {}) {
      const query = { name, sort: 'created_at:desc' };
      const answer = await session.call(
        { service: 'image', method: 'GET', path: '/images', query, signal },
        z.object({ images: z.array(named) }),
      );
      return answer.images.find((image) => image.name === name);
    },
  };
}
