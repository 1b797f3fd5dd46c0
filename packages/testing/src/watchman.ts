/**
 * Watches every write of every resource and speaks up at the first that breaks the life-cycle: a transition that no
 * table names, an owner that changes without a new epoch, an epoch that goes back. It knows nothing of the rules of the
 * stores and of the supervisor; that is what makes it worth asking.
 */
import type { ResourceRecord } from '@troupe/actor';
import { isTombstone, type StoredResource } from '@troupe/actor/internal';
import type { ResourceRef } from '@troupe/protocol';
import { isLifeCycleState, isResting, transitions } from '@troupe/resource';

export interface Watchman {
  /** To be told every write. Throws what is broken. */
  see(before: StoredResource | undefined, after: StoredResource): void;
  /** The states a resource went through, from its first to `gone`. */
  history(ref: ResourceRef): readonly string[];
  /** What is wrong once nothing is left to do: resources that an operation holds, or that stand half-way. */
  unfinished(records: readonly ResourceRecord[]): readonly string[];
}

export function createWatchman(): Watchman {
  const histories = new Map<string, string[]>();

  return {
    see(before, after) {
      const name = nameOf(after);
      const history = histories.get(name) ?? [];
      histories.set(name, history);
      const from = before === undefined || isTombstone(before) ? undefined : before;
      const to = isTombstone(after) ? undefined : after;
      if (history.length === 0 && from !== undefined) history.push(from.state);
      if (from?.state !== to?.state) history.push(to?.state ?? 'gone');
      if (before !== undefined && after.fence.epoch < before.fence.epoch) {
        throw new Error(`${name}: epoch ${before.fence.epoch} went back to ${after.fence.epoch}`);
      }
      if (from === undefined || to === undefined) return;
      if (
        from.currentOperation !== null &&
        to.currentOperation !== null &&
        from.currentOperation !== to.currentOperation &&
        to.epoch <= from.epoch
      ) {
        throw new Error(`${name}: ${to.currentOperation} took it from ${from.currentOperation} without a new epoch`);
      }
      if (from.state !== to.state && !isLegal(from, to)) {
        throw new Error(`${name}: no transition leads from ${from.state} to ${to.state} (${history.join(' → ')})`);
      }
    },
    history: (ref) => histories.get(`${ref.kind}/${ref.id}`) ?? [],
    unfinished(records) {
      return records.flatMap((record) => {
        if (record.currentOperation !== null) return [`${nameOf(record)} is still held by ${record.currentOperation}, in ${record.state}`];
        // nobody has ever asked for its creation
        if (isResting(record.state) || record.state === 'CREATION_SCHEDULED') return [];
        return [`${nameOf(record)} stands in ${record.state}, and nobody holds it`];
      });
    },
  };
}

function nameOf(one: ResourceRef): string {
  return `${one.kind}/${one.id}`;
}

function isLegal(from: ResourceRecord, to: ResourceRecord): boolean {
  // vocabularies of other life-cycles are not ours to judge
  if (!isLifeCycleState(from.state) || !isLifeCycleState(to.state)) return true;
  // an accept that was withdrawn puts the state back
  if (to.currentOperation === null && from.rested?.state === to.state) return true;
  const sources = Object.values(transitions).flatMap((t) => (t.to === to.state ? (t.from as readonly string[]) : []));
  return sources.includes(from.state);
}
