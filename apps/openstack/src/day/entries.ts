/**
 * What a cloud broker does by the clock: 77 entries, most of them looks at what providers have. A timing is in minutes of the day
 * that is told; the day may be compressed.
 */

/** What a run of an entry is. */
export type Shape =
  /** One piece of work of the broker itself: a tick, a sweep, mail, a batch. */
  | { readonly is: 'work' }
  /** One remote list. */
  | { readonly is: 'pull' }
  /** Of each provider, so many calls. */
  | { readonly is: 'providers'; readonly calls: number }
  /** Of each tenant, so many calls: a listing and a task for each. */
  | { readonly is: 'tenants'; readonly calls: number }
  /** An operation over all tenants. */
  | { readonly is: 'operation' };

export interface Entry {
  readonly key: string;
  readonly everyMinutes: number;
  /** First at this minute of the day, 0 at its beginning. */
  readonly atMinute: number;
  readonly shape: Shape;
}

const HOUR = 60;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
const MONTH = 30 * DAY;

const work: Shape = { is: 'work' };
const pull: Shape = { is: 'pull' };
const tenants = (calls: number): Shape => ({ is: 'tenants', calls });

const entries = (everyMinutes: number, shape: Shape, ...keys: string[]): Entry[] =>
  keys.map((key) => ({ key, everyMinutes, atMinute: 0, shape }));
const at = (atMinute: number, everyMinutes: number, key: string): Entry => ({ key, everyMinutes, atMinute, shape: work });
const numbered = (key: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${key}-${n + 1}`);

export const dayEntries: readonly Entry[] = [
  ...entries(3, pull, 'identity-keys'),
  ...entries(5, pull, 'identity-users'),
  ...entries(10, work, 'backup-schedules', 'snapshot-schedules', 'backups-expired', 'snapshots-expired', 'updates-stuck'),
  ...entries(10, pull, 'directory-groups'),
  ...entries(HOUR, { is: 'providers', calls: 3 }, 'provider-resources'),
  ...entries(HOUR, tenants(1), 'instances', 'volumes', 'snapshots'),
  ...entries(HOUR, pull, 'offerings', 'users', 'resources', 'orders', 'usage-reports', 'remote-invoices', 'robot-accounts', 'scripts'),
  ...entries(HOUR, work, 'stuck', 'quota-totals', 'usage', 'agents', ...numbered('proposals', 4)),
  ...entries(2 * HOUR, tenants(7), 'sub-resources'),
  ...entries(2 * HOUR, work, 'pending-invitations', 'pending-orders', ...numbered('terminations', 2)),
  ...entries(6 * HOUR, work, 'lost-records', 'support-users'),
  ...entries(6 * HOUR, pull, 'remote-permissions'),
  ...entries(12 * HOUR, { is: 'operation' }, 'tenant-quotas'),
  ...entries(12 * HOUR, work, 'broadcasts'),
  ...entries(DAY, { is: 'providers', calls: 8 }, 'provider-properties'),
  ...entries(DAY, tenants(5), 'tenant-properties'),
  ...entries(DAY, work, 'permissions', 'reviews', 'quotas', 'metrics', 'invoices', 'analytics', 'metadata'),
  ...entries(DAY, work, ...['invitations', 'ended'].flatMap((key) => numbered(key, 3)), ...numbered('upkeep', 5)),
  ...entries(DAY, work, ...['clusters', 'persistent-ids', 'payments', 'directory', 'support', 'rest'].flatMap((key) => numbered(key, 2))),
  ...entries(WEEK, work, 'notices'),
  at(9 * HOUR, DAY, 'morning-notices'),
  at(10 * HOUR, DAY, 'reminders'),
  // the day is the first of a month
  ...entries(MONTH, work, 'month-begun'),
  ...entries(1, work, 'month-begun-by-minute'),
  at(DAY, MONTH, 'monthly-reports'),
  at(4 * DAY + 15 * HOUR, MONTH, 'payment-notices'),
];
