/** One HTTP call as the cloud saw it. */
export interface CallEntry {
  readonly sequence: number;
  readonly at: number;
  readonly durationMs: number;
  /** Stable name of the route (`cinder.volumes.create`), or `unknown`. */
  readonly route: string;
  readonly method: string;
  /** With the query string. */
  readonly path: string;
  /** The status of the answer; `dropped` when the connection was cut instead. */
  readonly status: number | 'dropped';
  /** The id of the programmed fault that shaped this call. */
  readonly fault?: string;
}

export interface CallLog {
  add(entry: Omit<CallEntry, 'sequence'>): void;
  /** Entries with a sequence above `after`, oldest first. */
  entries(after?: number): readonly CallEntry[];
  total(): number;
  /** Calls per route since the start, also of entries that the log no longer holds. */
  countByRoute(): Record<string, number>;
}

/** Keeps the newest `capacity` entries, so that a cloud that runs for days does not grow with its traffic. */
export function createCallLog(capacity: number): CallLog {
  const counts = new Map<string, number>();
  let entries: CallEntry[] = [];
  let sequence = 0;
  return {
    add(entry) {
      sequence += 1;
      counts.set(entry.route, (counts.get(entry.route) ?? 0) + 1);
      entries.push({ sequence, ...entry });
      // Trimmed in blocks: a shift per call would cost more than the call.
      if (entries.length >= capacity * 2) entries = entries.slice(-capacity);
    },
    entries: (after = 0) => entries.slice(-capacity).filter((entry) => entry.sequence > after),
    total: () => sequence,
    countByRoute: () => Object.fromEntries(counts),
  };
}
