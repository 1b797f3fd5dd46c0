/**
 * Loading a record. A root carries the effects of its last turn, because nobody can know whether a host that is gone
 * had emitted them. They are emitted again, under the same ids, before anything else:
 *  - if the root is younger than half the server's de-duplication window: the server drops the ones it has;
 *  - if it is older: only if one of the turn's inputs is still in its stream. Inputs are acknowledged after confirmation,
 *    so gone means confirmed; emitting again by default would send doubles that no window catches any more.
 * Those of a quarantined record wait for its release: one of them may be why it is quarantined.
 */
import type { Address } from '@troupe/protocol';
import type { Behaviour, Incoming } from './behaviour.ts';
import type { Random } from './clock.ts';
import { EntityRecordState } from './entity-record.ts';
import { emitAll } from './emission.ts';
import type { HostEvent, Loaded } from './host-types.ts';
import type { Delivery, EffectSink, InputRef, InputStreams, LoadedRecord, RecordStore } from './ports.ts';

export interface ActivationInput {
  readonly address: Address;
  readonly behaviour: Behaviour;
  readonly records: RecordStore;
  readonly effects: EffectSink;
  readonly inputs: InputStreams;
  readonly random: Random;
  readonly dedupWindowMs: number;
  readonly onEvent: (event: HostEvent) => void;
}

/** Builds the working state, and returns the outcomes of writes that were emitted again: the next turn folds them first. */
export async function activate(input: ActivationInput): Promise<{ loaded: Loaded; outcomes: Incoming[] }> {
  const { address, behaviour, records } = input;
  const stored = await records.load(address);
  if (stored === undefined) return { loaded: unborn(input), outcomes: [] };
  const record = new EntityRecordState(input.random.token());
  const items = record.adopt(stored);
  const doubtful = await isDoubtful(input, stored);
  const { outcomes, refused } = await emitAll(input, doubtful ? stored.root.fx : [], address, stored.revision);
  const entity = stored.root.s === undefined ? undefined : { root: stored.root.s, items };
  const state = behaviour.activate(address.key, entity);
  input.onEvent({
    type: 'activated',
    address,
    emittedAgain: doubtful ? stored.root.fx.length : 0,
    items: items.size,
  });
  return { loaded: { record, state, ...(refused === undefined ? {} : { refused }) }, outcomes };
}

/**
 * A key without a record, taken to be one because of the mail it has: what begins a record and comes for the first time
 * finds one only if it is sent twice, and a look would be a round trip of every operation. No guess is trusted: the commit
 * asks the stream's leader for no record, and what changes nothing is not acknowledged before the leader was asked.
 */
export function assumed(
  { address, behaviour }: Pick<ActivationInput, 'address' | 'behaviour'>,
  unseen: readonly Delivery[],
  random: Random,
): Loaded | undefined {
  const begins = unseen.some(({ message }) => behaviour.begins?.(message) === true) && unseen.every(isFresh);
  return begins ? { ...unborn({ address, behaviour, random }), isAssumed: true } : undefined;
}

function isFresh({ deliveries, tries }: Delivery): boolean {
  return deliveries === 1 && tries === 0;
}

function unborn({ address, behaviour, random }: Pick<ActivationInput, 'address' | 'behaviour' | 'random'>): Loaded {
  return { record: new EntityRecordState(random.token()), state: behaviour.activate(address.key, undefined) };
}

async function isDoubtful(input: ActivationInput, stored: LoadedRecord): Promise<boolean> {
  if (stored.root.fx.length === 0 || stored.root.q !== undefined) return false;
  if (stored.root.d === true) return true;
  const ageMs = input.records.serverNow() - stored.storedAt;
  if (ageMs < input.dedupWindowMs / 2) return true;
  return anyPresent(input.inputs, stored.root.in);
}

async function anyPresent(inputs: InputStreams, refs: readonly InputRef[]): Promise<boolean> {
  for (const ref of refs) if (await inputs.isPresent(ref)) return true;
  return false;
}
