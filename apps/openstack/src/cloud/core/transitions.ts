import type { CancelTimer, CloudClock } from './clock.ts';
import type { LatencyBook, LatencyName } from './latency.ts';
import type { TransitionFaults, TransitionName } from './transition-faults.ts';

/** An object of the cloud, as far as its transitions are concerned. */
export interface TransitionSubject {
  readonly id: string;
  readonly name: string;
  /** What its latencies are drawn by: the same for the same object in every run with the same seed. */
  readonly drawKey: string;
  /** Shows this status, on the way to the usual end. */
  showStatus(status: string): void;
  /** Comes to its end in this status, whatever it means. */
  endInStatus(status: string, message?: string): void;
  /** Removes the object without a trace. */
  vanish(): void;
}

export interface Transition {
  readonly name: TransitionName;
  readonly latency: LatencyName;
  readonly subject: TransitionSubject;
  /** What happens half-way, if anything. */
  readonly halfway?: () => void;
  /** The usual end. */
  readonly done: () => void;
}

/**
 * Runs what takes time. An object has one transition at a time: a new one takes the place of what still runs, as a delete does with a
 * build. The programmed faults are asked when a transition begins, so that "the third create" means the third that was asked for.
 */
export interface Transitions {
  begin(transition: Transition): void;
  cancel(subjectId: string): void;
  /** How many are under way. */
  running(): number;
  /** Cancels everything. */
  stop(): void;
}

export interface TransitionsOptions {
  readonly clock: CloudClock;
  readonly latency: LatencyBook;
  readonly faults: TransitionFaults;
  readonly timeFactor: number;
}

export function createTransitions({ clock, latency, faults, timeFactor }: TransitionsOptions): Transitions {
  const timers = new Map<string, CancelTimer[]>();
  const occurrences = new Map<string, number>();

  function cancel(subjectId: string): void {
    for (const cancelTimer of timers.get(subjectId) ?? []) cancelTimer();
    timers.delete(subjectId);
  }

  function nextOccurrence(key: string): number {
    const occurrence = (occurrences.get(key) ?? 0) + 1;
    occurrences.set(key, occurrence);
    return occurrence;
  }

  function begin({ name, latency: latencyName, subject, halfway, done }: Transition): void {
    cancel(subject.id);
    const outcome = faults.take(name, subject.name);
    const durationMs = latency.draw(latencyName, subject.drawKey, name, nextOccurrence(`${subject.drawKey}/${name}`));
    const end = (run: () => void) => () => {
      timers.delete(subject.id);
      run();
    };
    const pending: CancelTimer[] = [];
    timers.set(subject.id, pending);
    if (halfway !== undefined) pending.push(clock.after(durationMs / 2, halfway));
    switch (outcome?.kind) {
      case undefined:
        pending.push(clock.after(durationMs, end(done)));
        break;
      case 'status':
        pending.push(
          clock.after(
            durationMs,
            end(() => subject.endInStatus(outcome.status, outcome.message)),
          ),
        );
        break;
      case 'vanish':
        pending.push(
          clock.after(
            durationMs,
            end(() => subject.vanish()),
          ),
        );
        break;
      case 'detour':
        pending.push(clock.after(durationMs, () => subject.showStatus(outcome.status)));
        pending.push(clock.after(durationMs + outcome.forMs * timeFactor, end(done)));
        break;
      case 'stuck':
        break;
    }
  }

  return {
    begin,
    cancel,
    running: () => timers.size,
    stop: () => [...timers.keys()].forEach(cancel),
  };
}
