import { z } from 'zod';
import { remove } from './removal.ts';
import type { Removal } from './removal.ts';
import type { CallOptions, Session } from './session.ts';

/** Ids of what the project of the session has, and nothing of other projects, whoever asks. */
export interface InventoryCalls {
  listVolumeIds(options?: CallOptions): Promise<readonly string[]>;
  listServerIds(options?: CallOptions): Promise<readonly string[]>;
  /** Success also if it is gone. Its servers stay as they are. */
  deleteServerGroup(id: string, options?: CallOptions): Promise<Removal>;
}

const idSchema = z.object({ id: z.string() });

export function createInventoryCalls(session: Session): InventoryCalls {
  return {
    async listVolumeIds(options = {}) {
      const answer = z.object({ volumes: z.array(idSchema) });
      return (await session.call({ service: 'volume', method: 'GET', path: '/volumes', ...options }, answer)).volumes.map(({ id }) => id);
    },
    async listServerIds(options = {}) {
      const answer = z.object({ servers: z.array(idSchema) });
      return (await session.call({ service: 'compute', method: 'GET', path: '/servers', ...options }, answer)).servers.map(({ id }) => id);
    },
    deleteServerGroup: (id, options = {}) =>
      remove(
        () => session.send({ service: 'compute', method: 'DELETE', path: `/os-server-groups/${encodeURIComponent(id)}`, ...options }),
        () => Promise.resolve(undefined),
      ),
  };
}
