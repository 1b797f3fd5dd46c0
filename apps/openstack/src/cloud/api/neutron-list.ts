import type { NeutronObject } from './neutron-views.ts';
import { paginate } from './paging.ts';
import type { Answer, AuthorizedCall } from './route.ts';

/** Query parameters that say how to list, not what. */
const controls: ReadonlySet<string> = new Set(['limit', 'marker', 'page_reverse', 'fields', 'sort_key', 'sort_dir']);

/**
 * A Neutron listing: any attribute filters by equality, given several times it means any of them, `fields` narrows what is shown.
 * Attributes that the objects do not have are ignored, as Neutron does by default.
 */
export function listAnswer(call: AuthorizedCall, collection: string, items: readonly NeutronObject[]): Answer {
  const filters = [...new Set(call.query.keys())].filter((key) => !controls.has(key));
  const selected = items.filter((item) => filters.every((key) => matches(item, key, call.query.getAll(key))));
  const page = paginate(call, selected);
  const fields = call.query.getAll('fields');
  const shown = fields.length === 0 ? page.items : page.items.map((item) => pick(item, fields));
  return { status: 200, body: { [collection]: shown, ...(page.next === undefined ? {} : { [`${collection}_links`]: page.next }) } };
}

function matches(item: NeutronObject, key: string, wanted: readonly string[]): boolean {
  if (key === 'fixed_ips') return wanted.every((condition) => matchesFixedIp(item, condition));
  if (!(key in item)) return true;
  const value = item[key];
  if (Array.isArray(value)) return wanted.some((text) => value.includes(text));
  // Python clients write True and False.
  return wanted.some((text) => (typeof value === 'boolean' ? text.toLowerCase() === String(value) : text === String(value ?? '')));
}

/** `ip_address=10.0.0.2` or `subnet_id=…`. */
function matchesFixedIp(item: NeutronObject, condition: string): boolean {
  const [key = '', value] = condition.split('=');
  const addresses = item['fixed_ips'];
  return Array.isArray(addresses) && addresses.some((address: Record<string, unknown>) => address[key] === value);
}

function pick(item: NeutronObject, fields: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(fields.filter((field) => field in item).map((field) => [field, item[field]]));
}
