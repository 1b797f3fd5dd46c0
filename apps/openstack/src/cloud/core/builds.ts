import type { CloudClock } from './clock.ts';

/** What the cloud builds: a server from BUILD to its end, a volume from `creating` to its end. */
export type BuildKind = 'instance' | 'volume';

export const buildKinds: readonly BuildKind[] = ['instance', 'volume'];

export interface BuildEvent {
  readonly at: number;
  readonly kind: BuildKind;
  readonly event: 'start' | 'end' | 'refused';
  /** Of the object; absent for a refusal, which makes none. */
  readonly id?: string;
  readonly name: string;
  /** How the build ended: the object's status, or `vanished`. */
  readonly outcome?: string;
  /** Builds of this kind in progress after the event. */
  readonly running: number;
}

export interface BuildCounter {
  /** Says whether another build may begin; a refusal is counted and logged. */
  admit(kind: BuildKind, name: string): boolean;
  begin(kind: BuildKind, id: string, name: string): void;
  /** Ends a build; a second end of the same one does nothing. */
  end(kind: BuildKind, id: string, outcome: string): void;
  running(kind: BuildKind): number;
  peak(kind: BuildKind): number;
  refusals(kind: BuildKind): number;
  limit(kind: BuildKind): number | undefined;
  setLimits(limits: BuildLimits): void;
  /** The newest events, oldest first. */
  events(): readonly BuildEvent[];
}

/** Builds in progress at most, over all projects. `undefined`: no limit. */
export type BuildLimits = Partial<Record<BuildKind, number | undefined>>;

/**
 * The cloud's own count of builds in progress. It rests on nothing a client says, so it is the witness for or against a client
 * that claims to hold a limit: the peak is kept even where no limit is set.
 */
export function createBuildCounter(clock: CloudClock, initialLimits: BuildLimits, capacity: number): BuildCounter {
  const running: Record<BuildKind, Map<string, string>> = { instance: new Map(), volume: new Map() };
  const peak: Record<BuildKind, number> = { instance: 0, volume: 0 };
  const refusals: Record<BuildKind, number> = { instance: 0, volume: 0 };
  const limits: Record<BuildKind, number | undefined> = { instance: undefined, volume: undefined, ...initialLimits };
  let events: BuildEvent[] = [];

  function record(kind: BuildKind, event: Omit<BuildEvent, 'at' | 'kind' | 'running'>): void {
    events.push({ at: clock.now(), kind, ...event, running: running[kind].size });
    if (events.length >= capacity * 2) events = events.slice(-capacity);
  }

  return {
    admit(kind, name) {
      const limit = limits[kind];
      if (limit === undefined || running[kind].size < limit) return true;
      refusals[kind] += 1;
      record(kind, { event: 'refused', name });
      return false;
    },
    begin(kind, id, name) {
      running[kind].set(id, name);
      peak[kind] = Math.max(peak[kind], running[kind].size);
      record(kind, { event: 'start', id, name });
    },
    end(kind, id, outcome) {
      const name = running[kind].get(id);
      if (name === undefined) return;
      running[kind].delete(id);
      record(kind, { event: 'end', id, name, outcome });
    },
    running: (kind) => running[kind].size,
    peak: (kind) => peak[kind],
    refusals: (kind) => refusals[kind],
    limit: (kind) => limits[kind],
    setLimits: (change) => void Object.assign(limits, change),
    events: () => events.slice(-capacity),
  };
}
