import { ApiError } from '../core/api-error.ts';
import type { Call } from './route.ts';

export interface Page<T> {
  readonly items: readonly T[];
  /** Link to the next page, in the form of the APIs; absent on the last one. */
  readonly next: readonly [{ readonly rel: 'next'; readonly href: string }] | undefined;
}

export interface PagingOptions {
  /** At most so many per page, whatever the client asks for. Default: all. */
  readonly maximum?: number;
}

/** One page by `limit` and `marker`. */
export function paginate<T extends { readonly id: string }>(
  call: Call,
  items: readonly T[],
  { maximum = Infinity }: PagingOptions = {},
): Page<T> {
  const marker = call.query.get('marker');
  const start = marker === null ? 0 : items.findIndex((item) => item.id === marker) + 1;
  if (marker !== null && start === 0) throw new ApiError(400, `marker [${marker}] not found`);
  const limit = Math.min(limitOf(call) ?? Infinity, maximum);
  const page = items.slice(start, start + limit);
  const last = page.at(-1);
  if (last === undefined || start + limit >= items.length) return { items: page, next: undefined };
  const query = new URLSearchParams(call.query);
  query.set('marker', last.id);
  return { items: page, next: [{ rel: 'next', href: `${call.baseUrl}${call.path}?${query}` }] };
}

function limitOf(call: Call): number | undefined {
  const limit = call.query.get('limit');
  if (limit === null) return undefined;
  if (!/^\d+$/.test(limit)) throw new ApiError(400, `limit must be an integer, 0 or greater: ${limit}`);
  return Number(limit);
}
