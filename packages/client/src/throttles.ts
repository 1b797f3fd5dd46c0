/** Shows throttles: how full a root is, and why a lease waits. Needs the right to read STATE. */
import { explainLease, occupancy, type Occupancy, rootOf } from '@troupe/throttle';
import type { Reader } from './reader.ts';

export async function throttleOccupancy(reader: Reader, root: string): Promise<Occupancy[] | undefined> {
  const stored = await reader.entity({ kind: 'throttle', key: root });
  return stored?.record === undefined ? undefined : occupancy(root, stored.record);
}

/** In words; undefined where nobody can tell, which must not cost the rest of an explanation. */
export async function leaseText(
  reader: Reader,
  wait: { readonly lease: string; readonly scope: string },
  now: number,
): Promise<string | undefined> {
  const root = rootOf(wait.scope);
  const stored = await reader.entity({ kind: 'throttle', key: root });
  if (stored?.quarantine !== undefined) return `the throttle of ${root} is in quarantine: ${stored.quarantine.reason}`;
  if (stored?.record === undefined) return `the throttle of ${root} has not seen it yet`;
  const { state, text } = explainLease(root, stored.record, wait.lease, now);
  return state === 'unknown' ? `the throttle of ${root} has not seen it yet` : text;
}
