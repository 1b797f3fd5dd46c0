import { z } from 'zod';
import { BackendError, isBackendError } from './errors.ts';
import type { CallOptions, Session } from './session.ts';

export interface ExistenceCalls {
  /**
   * Whether a project is there, for a decision that destroys. False only if Keystone itself says that it is not, and shows that it is
   * Keystone who says so; whatever else comes instead of a project is an error.
   * @throws BackendError
   */
  projectExists(id: string, options?: CallOptions): Promise<boolean>;
}

const projects = z.object({ projects: z.array(z.object({ id: z.string() })) });

export function createExistenceCalls(session: Session): ExistenceCalls {
  return {
    async projectExists(id, options = {}) {
      const ask = { service: 'identity', method: 'GET' } as const;
      let notFound: BackendError;
      try {
        await session.call(
          { ...ask, path: `/projects/${encodeURIComponent(id)}`, ...options },
          z.object({ project: z.object({ id: z.literal(id) }) }),
        );
        return true;
      } catch (error) {
        // a proxy, or a web server that knows no such path, says 404 as well, in another shape
        if (!isBackendError(error, 'not_found') || error.data.fault !== 'error') throw error;
        notFound = error;
      }
      // Keystone's words for a path that it does not know have the same shape: so the collection has to be there, without it
      const list = await session.call({ ...ask, path: '/projects', query: { name: id }, ...options }, projects);
      if (list.projects.some((project) => project.id === id)) throw notFound;
      return false;
    },
  };
}
