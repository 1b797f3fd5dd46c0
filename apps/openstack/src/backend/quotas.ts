import { z } from 'zod';
import type { BackendService } from './log-in.ts';
import type { CallOptions, Session } from './session.ts';

/** Names of the quotas that each service keeps for a project, as its API has them; -1 is unlimited. */
export const quotaNames = {
  compute: ['instances', 'cores', 'ram'],
  volume: ['volumes', 'gigabytes', 'snapshots'],
  network: ['network', 'subnet', 'router', 'port', 'floatingip', 'security_group'],
} as const;

export type QuotaName = (typeof quotaNames)[keyof typeof quotaNames][number];
export type ProjectQuotas = { readonly [Name in QuotaName]?: number | undefined };

/** Quotas of any project: for admins. */
export interface QuotaCalls {
  /** Those that are given; a service none of whose quotas are given is not called. May be repeated. */
  setQuotas(projectId: string, quotas: ProjectQuotas, options?: CallOptions): Promise<void>;
  getQuotas(projectId: string, options?: CallOptions): Promise<Record<QuotaName, number>>;
}

const services = Object.keys(quotaNames) as (keyof typeof quotaNames & BackendService)[];

export function createQuotaCalls(session: Session): QuotaCalls {
  const placeOf = (service: (typeof services)[number], projectId: string) => ({
    service,
    path: `/${service === 'network' ? 'quotas' : 'os-quota-sets'}/${encodeURIComponent(projectId)}`,
    key: service === 'network' ? 'quota' : 'quota_set',
  });

  return {
    async setQuotas(projectId, quotas, options = {}) {
      for (const name of services) {
        const { service, path, key } = placeOf(name, projectId);
        const given = quotaNames[name].flatMap((quota) =>
          quotas[quota as QuotaName] === undefined ? [] : [[quota, quotas[quota as QuotaName]]],
        );
        if (given.length === 0) continue;
        await session.send({ service, method: 'PUT', path, body: { [key]: Object.fromEntries(given) }, ...options });
      }
    },
    async getQuotas(projectId, options = {}) {
      const found: Partial<Record<QuotaName, number>> = {};
      for (const name of services) {
        const { service, path, key } = placeOf(name, projectId);
        const limits = z.looseObject(Object.fromEntries(quotaNames[name].map((quota) => [quota, z.number()])));
        const answer = await session.call({ service, method: 'GET', path, ...options }, z.object({ [key]: limits }));
        for (const quota of quotaNames[name]) found[quota] = answer[key]![quota] as number;
      }
      return found as Record<QuotaName, number>;
    },
  };
}
