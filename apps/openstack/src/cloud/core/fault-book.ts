/** Which of the matching happenings a fault hits. */
export interface Hits {
  /** The first one, counted from when the fault is set. Default 1. */
  readonly nth?: number | undefined;
  /** How many from there on. Default 1; 0 means all until the fault is removed. */
  readonly times?: number | undefined;
}

export type ListedFault<F> = F & { readonly id: string; readonly seen: number; readonly hits: number };

/** Programmed faults of one sort, with their counters. */
export interface FaultBook<F extends Hits> {
  /** Returns the id under which the fault can be removed. */
  add(fault: F): string;
  /** False if there is no such fault. */
  remove(id: string): boolean;
  clear(): void;
  list(): readonly ListedFault<F>[];
  /** Counts a happening for every fault that matches, and returns the oldest one that is due. */
  take(matches: (fault: F) => boolean): { readonly id: string; readonly fault: F } | undefined;
}

export function createFaultBook<F extends Hits>(idPrefix: string): FaultBook<F> {
  const entries = new Map<string, { readonly fault: F; seen: number; hits: number }>();
  let nextId = 1;
  return {
    add(fault) {
      const id = `${idPrefix}-${nextId++}`;
      entries.set(id, { fault, seen: 0, hits: 0 });
      return id;
    },
    remove: (id) => entries.delete(id),
    clear: () => entries.clear(),
    list: () => [...entries].map(([id, { fault, seen, hits }]) => ({ ...fault, id, seen, hits })),
    take(matches) {
      let taken: { id: string; fault: F } | undefined;
      for (const [id, entry] of entries) {
        if (!matches(entry.fault)) continue;
        entry.seen += 1;
        if (taken !== undefined || !isDue(entry.fault, entry.seen)) continue;
        entry.hits += 1;
        taken = { id, fault: entry.fault };
      }
      return taken;
    },
  };
}

function isDue({ nth = 1, times = 1 }: Hits, seen: number): boolean {
  return seen >= nth && (times === 0 || seen < nth + times);
}

/** `*` stands for any characters, everything else for itself. */
export function matchesPattern(pattern: string, text: string): boolean {
  const source = pattern
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${source}$`, 's').test(text);
}
