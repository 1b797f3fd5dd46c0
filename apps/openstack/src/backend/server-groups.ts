import { z } from 'zod';
import type { CallOptions, Session } from './session.ts';

/** Servers that are placed together or apart. */
export interface ServerGroup {
  readonly id: string;
  readonly name: string;
  /** Ids of servers. */
  readonly members: readonly string[];
}

export interface ServerGroupCalls {
  /** Those of the project. */
  listServerGroups(options?: CallOptions): Promise<readonly ServerGroup[]>;
  /** The one that a server is in. Nova has no filter for it, so all are read. */
  findServerGroupOf(serverId: string, options?: CallOptions): Promise<ServerGroup | undefined>;
}

const groupsSchema = z.object({
  server_groups: z.array(z.object({ id: z.string(), name: z.string(), members: z.array(z.string()).default([]) })),
});

export function createServerGroupCalls(session: Session): ServerGroupCalls {
  async function listServerGroups({ signal }: CallOptions = {}): Promise<readonly ServerGroup[]> {
    const answer = await session.call({ service: 'compute', method: 'GET', path: '/os-server-groups', signal }, groupsSchema);
    return answer.server_groups;
  }
  return {
    listServerGroups,
    findServerGroupOf: async (serverId, options) => (await listServerGroups(options)).find(({ members }) => members.includes(serverId)),
  };
}
