/**
 * Putting off: a message that cannot be applied within its hold (a store is down) is sent again as a timer and then
 * acknowledged, so that its key does not hold up the partition.
 *
 * An acknowledgement also says something else: the next activation takes an input that is gone as proof that every effect
 * of its turn was confirmed. So where the record still names one of these inputs, it is marked first: its effects are
 * doubtful whatever their age, and the next activation emits them again before anything else.
 */
import { type Address, encodeJson } from '@troupe/protocol';
import type { Random } from './clock.ts';
import type { Delivery, InputStreams, RecordStore } from './ports.ts';

export interface PuttingOff {
  readonly records: RecordStore;
  readonly inputs: InputStreams;
  readonly random: Random;
}

/** Resolves true when all of them lie in TIMERS; false when another host is at the record. Throws `unavailable`. */
export async function putOffAll(parts: PuttingOff, address: Address, deliveries: readonly Delivery[], atMs: number): Promise<boolean> {
  if (!(await markDoubtful(parts, address, deliveries))) return false;
  await Promise.all(deliveries.map((delivery) => parts.inputs.putOff(delivery, atMs, delivery.tries)));
  return true;
}

async function markDoubtful({ records, random }: PuttingOff, address: Address, deliveries: readonly Delivery[]): Promise<boolean> {
  const stored = await records.load(address);
  if (stored === undefined || stored.root.d === true || stored.root.fx.length === 0) return true;
  const isNamed = stored.root.in.some((input) =>
    deliveries.some(({ ref }) => ref.stream === input.stream && ref.sequence === input.sequence),
  );
  if (!isNamed) return true;
  const { ttl } = stored.root;
  const root = { ...stored.root, w: `${random.token()}.0`, d: true };
  return (await records.commit(address, stored.revision, encodeJson(root), ttl === undefined ? undefined : ttl * 1_000)).ok;
}
