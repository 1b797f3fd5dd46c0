import { ApiError } from '../core/api-error.ts';
import type { CloudCore } from '../core/core.ts';
import type { Owner } from './volume.ts';

/** Servers that are to be placed together or apart. Who is in it stands at the servers. */
export interface ServerGroup extends Owner {
  readonly id: string;
  readonly name: string;
  readonly policy: string;
}

export interface ServerGroups {
  create(owner: Owner, wanted: { readonly name: string; readonly policy: string }): ServerGroup;
  find(id: string): ServerGroup | undefined;
  /** Of a project, newest first. */
  listOf(projectId: string): readonly ServerGroup[];
  /** Its servers stay as they are. @throws ApiError 404 */
  remove(group: ServerGroup): void;
}

export function createServerGroups(core: CloudCore): ServerGroups {
  const groups = new Map<string, ServerGroup>();
  return {
    create({ projectId, userId }, { name, policy }) {
      const group = { id: core.identify('server group', name).id, projectId, userId, name, policy };
      groups.set(group.id, group);
      return group;
    },
    find: (id) => groups.get(id),
    listOf: (projectId) => [...groups.values()].filter((group) => group.projectId === projectId).toReversed(),
    remove(group) {
      if (!groups.delete(group.id)) throw new ApiError(404, `Instance group ${group.id} could not be found.`);
    },
  };
}
