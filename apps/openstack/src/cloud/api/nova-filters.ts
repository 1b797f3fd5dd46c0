import { ApiError } from '../core/api-error.ts';
import { statusOf } from '../model/server.ts';
import type { Server } from '../model/server.ts';
import type { World } from '../model/world.ts';
import type { AuthorizedCall } from './route.ts';

/** The servers that a listing shows: of the project, or of all for an admin who asks for all, narrowed by the query. */
export function selectServers(call: AuthorizedCall, world: World): readonly Server[] {
  const { query } = call;
  const all = call.user.isAdmin && /^(1|true)$/i.test(query.get('all_tenants') ?? '');
  const filters = [
    byText(query.get('name'), (server) => server.name),
    byText(query.get('ip'), (server) =>
      world.ports
        .ofDevice(server.id)
        .map((port) => port.address)
        .join(' '),
    ),
    byValue(query.get('status')?.toUpperCase(), statusOf),
    byValue(query.get('uuid'), (server) => server.id),
    byValue(query.get('flavor'), (server) => server.flavor.id),
    byValue(query.get('image'), (server) => server.imageId),
    byValue(query.get('project_id') ?? query.get('tenant_id'), (server) => server.projectId),
    byTags(call.minor >= 26 ? query.get('tags') : null),
  ];
  // Who asks for deleted servers gets none: what is gone here is gone.
  if (/^(1|true)$/i.test(query.get('deleted') ?? '')) return [];
  return world.servers
    .list()
    .filter((server) => all || server.projectId === call.project.id)
    .filter((server) => filters.every((matches) => matches(server)));
}

type Filter = (server: Server) => boolean;

/** Nova takes names and addresses as regular expressions. */
function byText(pattern: string | null, textOf: (server: Server) => string): Filter {
  if (pattern === null) return () => true;
  try {
    const expression = new RegExp(pattern);
    return (server) => expression.test(textOf(server));
  } catch {
    throw new ApiError(400, `Invalid filter: ${pattern} is not a regular expression`);
  }
}

function byValue(value: string | null | undefined, valueOf: (server: Server) => string | undefined): Filter {
  return value === null || value === undefined ? () => true : (server) => valueOf(server) === value;
}

function byTags(tags: string | null): Filter {
  const wanted = tags?.split(',') ?? [];
  return (server) => wanted.every((tag) => server.tags.includes(tag));
}
