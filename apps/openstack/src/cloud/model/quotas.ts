import { ApiError } from '../core/api-error.ts';

/** Limits of one project; -1 is unlimited. Named as the APIs name them. */
export interface Quotas {
  readonly volumes: number;
  readonly gigabytes: number;
  readonly snapshots: number;
  readonly instances: number;
  readonly cores: number;
  /** Megabytes. */
  readonly ram: number;
  readonly port: number;
  readonly floatingip: number;
  readonly network: number;
  readonly subnet: number;
  readonly router: number;
  readonly security_group: number;
}

/** Wide enough that nobody meets them by accident: what a client is meant to meet is set on purpose. */
export const defaultQuotas: Quotas = Object.freeze({
  volumes: 10_000,
  gigabytes: 1_000_000,
  snapshots: 10_000,
  instances: 10_000,
  cores: 100_000,
  ram: 500_000_000,
  port: 50_000,
  floatingip: 50_000,
  network: 50_000,
  subnet: 50_000,
  router: 50_000,
  security_group: 50_000,
});

export interface QuotaBook {
  of(projectId: string): Quotas;
  set(projectId: string, change: { readonly [K in keyof Quotas]?: number | undefined }): Quotas;
}

export function createQuotaBook(defaults: Quotas): QuotaBook {
  const byProject = new Map<string, Quotas>();
  const of = (projectId: string): Quotas => byProject.get(projectId) ?? defaults;
  return {
    of,
    set(projectId, change) {
      const given = Object.entries(change).filter(([, value]) => value !== undefined);
      const quotas: Quotas = { ...of(projectId), ...Object.fromEntries(given) };
      byProject.set(projectId, quotas);
      return quotas;
    },
  };
}

/** Whether `requested` more fits under `limit`. */
export function fits(limit: number, used: number, requested: number): boolean {
  return limit < 0 || used + requested <= limit;
}

/** What Neutron limits. */
export const networkQuotas = ['port', 'floatingip', 'network', 'subnet', 'router', 'security_group'] as const;

/** Refuses one more object of a project in the words of Neutron. @throws ApiError 409 OverQuota */
export function demandRoom(
  quotas: QuotaBook,
  projectId: string,
  resource: (typeof networkQuotas)[number],
  objects: readonly { readonly projectId: string }[],
): void {
  const used = objects.filter((object) => object.projectId === projectId).length;
  if (!fits(quotas.of(projectId)[resource], used, 1))
    throw new ApiError(409, `Quota exceeded for resources: ['${resource}'].`, { type: 'OverQuota' });
}
